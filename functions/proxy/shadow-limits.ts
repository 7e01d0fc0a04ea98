/** Limits in shadow refuse nothing: that a request was beyond one is told to the operator, and to nobody else. */
import type { Admission } from '../../shared/domain/admission.ts';
import { type CounterCharge, type CounterKind, limitNameOf } from '../../shared/domain/counter.ts';
import { wireLimitName } from '../../shared/http/limit-names.ts';
import type { Log } from '../../shared/ports.ts';
import { wordsOf } from './limit-words.ts';

/**
 * Logs each shadow limit that an admitted request went beyond; says whether there was one. `committed` holds the
 * counters in the order of the charges, this request included: requests that would have been refused count on, so
 * once a period is beyond its limit, each further request of it is.
 */
export function reportBeyondShadow(
  log: Log,
  { admission, committed }: { readonly admission: Admission; readonly committed: readonly number[] },
): boolean {
  const { tenant, request, model, account } = admission;
  const beyond = admission.charges.flatMap((charge, index) => {
    const held = committed[index] ?? 0;
    return charge.shadowLimit !== undefined && held > charge.shadowLimit
      ? [{ charge, held, limit: charge.shadowLimit }]
      : [];
  });
  for (const { charge, held, limit } of beyond) {
    log.write({
      level: 'warn',
      event: 'limits.shadow-exceeded',
      tenant,
      request,
      model,
      account,
      limit: wireLimitName(limitNameOf(charge.kind)),
      counter: charge.kind,
      owner: ownerOf(charge),
      committed: inUnits(charge.kind, held),
      limitValue: inUnits(charge.kind, limit),
    });
  }
  return beyond.length > 0;
}

const ownerOf = ({ account, model }: CounterCharge): 'project' | 'service_account' | 'model' => {
  if (account !== undefined) return 'service_account';
  return model === undefined ? 'project' : 'model';
};

/** Money in USD, as the limit's name says. */
const inUnits = (kind: CounterKind, amount: number): number =>
  wordsOf(kind).unit === 'USD' ? amount / 1e9 : amount;
