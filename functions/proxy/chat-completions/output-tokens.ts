import type { ChatCommand } from '../../../shared/domain/chat-command.ts';
import type { TenantLimits } from '../../../shared/domain/limits.ts';
import type { Model } from '../../../shared/domain/model.ts';
import { refuseValue } from './refusal.ts';

/** The most the answer may have, sent and reserved alike: what was asked, else the tenant's default within the model's. */
export function outputTokensFor(
  command: Pick<ChatCommand, 'outputTokensMax' | 'outputTokensParam'>,
  of: { readonly model: Model; readonly limits: TenantLimits },
): number {
  const { outputTokensMax } = of.model;
  const asked = command.outputTokensMax;
  if (asked === undefined) return Math.min(of.limits.outputTokensDefault, outputTokensMax);
  if (asked <= outputTokensMax) return asked;
  return refuseValue(
    command.outputTokensParam ?? 'max_completion_tokens',
    `expected a value <= ${outputTokensMax}, the most that '${of.model.id}' answers, but got ${asked} instead.`,
  );
}
