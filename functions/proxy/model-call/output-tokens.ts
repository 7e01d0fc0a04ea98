import type { ModelCommand } from '../../../shared/domain/conversation.ts';
import type { TenantLimits } from '../../../shared/domain/limits.ts';
import type { Model } from '../../../shared/domain/model.ts';
import { refuseValue } from '../wire/refusal.ts';

/** The most the answer may have, sent and reserved alike: what was asked, else the tenant's default within the model's. */
export function outputTokensFor(
  command: Pick<ModelCommand, 'outputTokensMax' | 'paramNames' | 'requestedModel'>,
  of: { readonly model: Model; readonly limits: Pick<TenantLimits, 'outputTokensDefault'> },
): number {
  const { outputTokensMax } = of.model;
  const asked = command.outputTokensMax;
  if (asked === undefined) return Math.min(of.limits.outputTokensDefault, outputTokensMax);
  if (asked <= outputTokensMax) return asked;
  return refuseValue(
    command.paramNames.outputTokensMax,
    `expected a value <= ${outputTokensMax}, the most that '${command.requestedModel}' answers, but got ${asked} instead.`,
  );
}
