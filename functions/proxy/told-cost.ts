/** Whether an answer says what it cost, and how. */
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { type NanoUsd, usdText } from '../../shared/domain/money.ts';
import type { KeyPrincipal } from '../../shared/domain/principal.ts';
import type { TokenUsage } from '../../shared/domain/usage.ts';

/** `true` asks for the cost, `false` for none where the project shows it by itself. */
const REQUEST_HEADER = 'x-include-cost';

/** What an answer is charged that used so much, as its usage record will say. */
export type AnswerCost = (usage: TokenUsage | undefined) => NanoUsd;

/** Whether the cost was asked for. Throws `invalid_value` that names the header where it has another value. */
export function isCostAsked(of: {
  readonly headers: Readonly<Record<string, string>>;
  readonly principal: Pick<KeyPrincipal, 'showsCost'>;
}): boolean {
  const asked = of.headers[REQUEST_HEADER];
  if (asked === undefined) return of.principal.showsCost === true;
  if (asked === 'true' || asked === 'false') return asked === 'true';
  const message = `Invalid header '${REQUEST_HEADER}': expected 'true' or 'false'.`;
  throw new GatewayError('invalid_value', message, { param: REQUEST_HEADER });
}

/** The header of a whole answer: USD as a decimal number, exact to the nano-dollar. */
export const costHeader = (nanoUsd: NanoUsd): Readonly<Record<string, string>> => ({
  'x-request-cost-usd': usdText(nanoUsd),
});
