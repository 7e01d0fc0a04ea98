/** What a caller is told whose request a limit refuses: which limit, whose, its numbers and when to come back. */
import type { Admission, AdmissionResult } from '../../shared/domain/admission.ts';
import { type CounterCharge, type CounterKind, periodEndMs } from '../../shared/domain/counter.ts';
import { type ErrorCode, GatewayError } from '../../shared/domain/gateway-error.ts';
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

/** Rates by kind: how the message calls them, and the code whose type OpenAI gives such a limit. */
const RATES: Readonly<
  Record<Exclude<CounterKind, 'money-month'>, { readonly name: string; readonly code: ErrorCode }>
> = {
  'requests-day': { name: 'requests a day', code: 'request_rate_exceeded' },
  'requests-minute': { name: 'requests a minute', code: 'request_rate_exceeded' },
  'tokens-minute': { name: 'tokens a minute', code: 'rate_limit_exceeded' },
};

/** A request over a whole limit would be refused for ever, so it must not be told to retry. Throws where it is. */
export function assertFits(charge: CounterCharge, nowMs: number): void {
  if (charge.limit === undefined || charge.amount <= charge.limit) return;
  if (charge.kind === 'tokens-minute') throw tooLarge(charge);
  throw exhausted(charge, { nowMs, committed: 0 });
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
  return exhausted(refusal.by, { nowMs: of.admission.nowMs, committed });
}

/** A budget is not told when it begins anew: OpenAI's clients take `insufficient_quota` as final. */
function exhausted(
  charge: CounterCharge,
  of: { readonly nowMs: number; readonly committed: number },
): GatewayError {
  if (charge.kind === 'money-month') {
    return new GatewayError(
      'insufficient_quota',
      `The budget of ${ownerOf(charge)} for this month is spent or too small for this request: ` +
        `limit ${usd(charge.limit ?? 0)} USD, this request may cost ${usd(charge.amount)} USD.`,
    );
  }
  const { name, code } = RATES[charge.kind];
  const retryAfterMs = periodEndMs(charge.kind, of.nowMs) - of.nowMs;
  return new GatewayError(
    code,
    `Rate limit of ${ownerOf(charge)} reached for ${name}: limit ${charge.limit}, ` +
      `used or reserved ${of.committed}, requested ${charge.amount}.`,
    { retryAfterMs, shouldRetry: retryAfterMs <= WAIT_MAX_MS },
  );
}

const tooLarge = (charge: CounterCharge): GatewayError =>
  new GatewayError(
    'request_exceeds_limit',
    `Request too large: it may use ${charge.amount} tokens (input bound and max_completion_tokens together), ` +
      `the limit of ${ownerOf(charge)} is ${charge.limit} tokens a minute. ` +
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

const ownerOf = (charge: CounterCharge): string =>
  charge.account === undefined ? 'this project' : 'this service account';

const usd = (nanoUsd: number): string => (nanoUsd / 1e9).toFixed(6);
