/** What a caller is told whose request a limit refuses: which limit, whose, its numbers and when to come back. */
import type { Admission, AdmissionResult } from '../../shared/domain/admission.ts';
import {
  type CounterCharge,
  type CounterKind,
  limitNameOf,
  periodEndMs,
} from '../../shared/domain/counter.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { LimitName } from '../../shared/domain/limits.ts';
import { modelBehind } from '../../shared/domain/model-access.ts';
import type { ProxyDependencies } from './dependencies.ts';

type Refusal = Extract<AdmissionResult, { readonly outcome: 'refused' }>;

const STALE_RETRY_MS = 100;
/** Requests end about every second; the jitter keeps refused callers from returning together. */
const INFLIGHT_RETRY = { baseMs: 750, jitterMs: 500 };
/**
 * OpenAI's SDK waits as long as it is told up to a minute, and told more it comes back within seconds (client.js,
 * retryRequest): it would spend its retries in vain, so then it is told not to retry.
 */
const WAIT_MAX_MS = 60_000;

/** What each limit is called, of what, and whether it is a rate, which comes back, or a budget, which is spent. */
const LIMITS: Readonly<
  Record<LimitName, { readonly name: string; readonly refusal: 'requests' | 'tokens' | 'budget' }>
> = {
  requestsPerMinute: { name: 'requests a minute', refusal: 'requests' },
  requestsPerDay: { name: 'requests a day', refusal: 'requests' },
  tokensPerMinute: { name: 'tokens a minute', refusal: 'tokens' },
  tokensPerDay: { name: 'tokens a day', refusal: 'budget' },
  tokensPerMonth: { name: 'tokens a month', refusal: 'budget' },
  nanoUsdPerDay: { name: 'USD a day', refusal: 'budget' },
  nanoUsdPerMonth: { name: 'USD a month', refusal: 'budget' },
};

/** A request over a whole limit would be refused for ever, so it must not be told to retry. Throws where it is. */
export function assertFits(
  charge: CounterCharge,
  of: { readonly nowMs: number; readonly model: string },
): void {
  if (charge.limit === undefined || charge.amount <= charge.limit) return;
  if (charge.kind === 'tokens-minute') throw tooLarge(charge, of.model);
  throw exhausted(charge, { ...of, committed: 0 });
}

/** The error of a refused admission. */
export function refusalOf(
  refusal: Refusal,
  of: { readonly admission: Admission; readonly random: ProxyDependencies['random'] },
): GatewayError {
  if (refusal.by === 'inflight') return tooManyInflight(of);
  if (refusal.by === 'stale-limits') {
    const message = 'Limits changed while this request was checked. Retry it.';
    return new GatewayError('service_unavailable', message, { retryAfterMs: STALE_RETRY_MS });
  }
  const committed = 'committed' in refusal ? refusal.committed : 0;
  const { nowMs, model } = of.admission;
  return exhausted(refusal.by, { nowMs, model, committed });
}

/** A budget is not told when it begins anew: OpenAI's clients take `insufficient_quota` as final. */
function exhausted(
  charge: CounterCharge,
  of: { readonly nowMs: number; readonly committed: number; readonly model: string },
): GatewayError {
  const { name, refusal } = LIMITS[limitNameOf(charge.kind)];
  const owner = ownerOf(charge, of.model);
  const [limit, used, asked] = [charge.limit ?? 0, of.committed, charge.amount].map((amount) =>
    inUnits(charge.kind, amount),
  );
  const numbers = `limit ${limit}, used or reserved ${used}, this request may need ${asked}.`;
  if (refusal === 'budget') {
    const message = `The budget of ${owner} in ${name} is spent or too small for this request: ${numbers}`;
    return new GatewayError('insufficient_quota', message);
  }
  const retryAfterMs = periodEndMs(charge.kind, of.nowMs) - of.nowMs;
  const seconds = charge.kind.endsWith('-slot') ? ', spread over ten seconds' : '';
  return new GatewayError(
    refusal === 'requests' ? 'request_rate_exceeded' : 'rate_limit_exceeded',
    `Rate limit of ${owner} reached for ${name}${seconds}: ${numbers}`,
    { retryAfterMs, shouldRetry: retryAfterMs <= WAIT_MAX_MS },
  );
}

const tooLarge = (charge: CounterCharge, model: string): GatewayError =>
  new GatewayError(
    'request_exceeds_limit',
    `Request too large: it may use ${charge.amount} tokens (input bound and max_completion_tokens together), ` +
      `the limit of ${ownerOf(charge, model)} is ${charge.limit} tokens a minute. ` +
      'Shorten the input or lower max_completion_tokens.',
  );

function tooManyInflight(of: {
  readonly admission: Admission;
  readonly random: ProxyDependencies['random'];
}): GatewayError {
  const jitter = ((of.random(1)[0] ?? 0) / 255) * INFLIGHT_RETRY.jitterMs;
  const message = `Too many requests at once: this project may have ${of.admission.inflightMax} under way.`;
  return new GatewayError('too_many_inflight_requests', message, {
    retryAfterMs: Math.round(INFLIGHT_RETRY.baseMs + jitter),
  });
}

function ownerOf(charge: CounterCharge, model: string): string {
  if (charge.account !== undefined) return 'this service account';
  return charge.model === undefined ? 'this project' : `the model '${modelBehind(model)}' in this project`;
}

/** Money in USD, the rest as it is counted. */
const inUnits = (kind: CounterKind, amount: number): string =>
  kind === 'money-day' || kind === 'money-month' ? (amount / 1e9).toFixed(6) : String(amount);
