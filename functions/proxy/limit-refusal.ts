/** What a caller is told whose request a limit refuses: which limit, whose, its numbers and when to come back. */
import type { Admission, AdmissionResult } from '../../shared/domain/admission.ts';
import { type CounterCharge, isSlot, periodEndMs } from '../../shared/domain/counter.ts';
import type { Estimate } from '../../shared/domain/estimate.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { ProxyDependencies } from './dependencies.ts';
import { amountText, ownerText, wordsOf } from './limit-words.ts';
import { goDuration } from './rate-limit-headers.ts';

type Refusal = Extract<AdmissionResult, { readonly outcome: 'refused' }>;

/** The request that is refused, as far as its refusal speaks of it. */
export interface RefusedRequest {
  readonly nowMs: number;
  /** The catalogue's id. */
  readonly model: string;
  readonly estimate: Estimate;
  /** What bounds the answer: the parameter, and who set it. Undefined where an answer has no tokens. */
  readonly outputTokens?: { readonly param: string; readonly setBy: 'caller' | 'default' } | undefined;
}

const STALE_RETRY_MS = 100;
/** Requests end about every second; the jitter keeps refused callers from returning together. */
const INFLIGHT_RETRY = { baseMs: 750, jitterMs: 500 };
/**
 * OpenAI's SDK waits as long as it is told up to a minute, and told more it comes back within seconds (client.js,
 * retryRequest): it would spend its retries in vain, so then it is told not to retry.
 */
const WAIT_MAX_MS = 60_000;

/** A request over a whole limit would be refused for ever, so it must not be told to retry. Throws where it is. */
export function assertFits(charge: CounterCharge, request: RefusedRequest): void {
  const { kind, limit, amount } = charge;
  if (limit === undefined || amount <= limit) return;
  const { name, is } = wordsOf(kind);
  const what = `the ${is === 'budget' ? 'budget' : 'limit'} of ${ownerText(charge, request.model)} on ${name}`;
  const needs = `limit ${amountText(kind, limit)}, this request may need ${amountText(kind, amount)}`;
  throw new GatewayError(
    is === 'budget' ? 'insufficient_quota' : 'request_exceeds_limit',
    `Request too large for ${what}: ${needs}${tokensText(charge, request.estimate)}. ${remedyOf(request)}.`,
  );
}

/** The error of a refused admission. */
export function refusalOf(
  refusal: Refusal,
  of: {
    readonly admission: Admission;
    readonly request: RefusedRequest;
    readonly random: ProxyDependencies['random'];
  },
): GatewayError {
  if (refusal.by === 'inflight') return tooManyInflight(of);
  if (refusal.by === 'stale-limits') {
    const message = 'Limits changed while this request was checked. Retry it.';
    return new GatewayError('service_unavailable', message, { retryAfterMs: STALE_RETRY_MS });
  }
  const committed = 'committed' in refusal ? refusal.committed : 0;
  return exhausted(refusal.by, { request: of.request, committed });
}

/** A budget is not told when it begins anew: OpenAI's clients take `insufficient_quota` as final. */
function exhausted(
  charge: CounterCharge,
  { request, committed }: { readonly request: RefusedRequest; readonly committed: number },
): GatewayError {
  const { kind } = charge;
  const { name, is, unit } = wordsOf(kind);
  const [limit, used, asked] = [charge.limit ?? 0, committed, charge.amount].map((amount) =>
    amountText(kind, amount),
  );
  const numbers = `limit ${limit}, used or reserved ${used}, this request may need ${asked}`;
  const owner = ownerText(charge, request.model);
  if (is === 'budget') {
    const remedy = `${remedyOf(request)}, or have the budget raised.`;
    const message = `Budget of ${owner} reached for ${name}: ${numbers}. ${remedy}`;
    return new GatewayError('insufficient_quota', message);
  }
  const retryAfterMs = periodEndMs(kind, request.nowMs) - request.nowMs;
  const period = isSlot(kind) ? `${unit}s in ten seconds (a sixth of the limit a minute)` : name;
  return new GatewayError(
    unit === 'request' ? 'request_rate_exceeded' : 'rate_limit_exceeded',
    `Rate limit of ${owner} reached for ${period}: ${numbers}. Try again in ${goDuration(retryAfterMs)}.`,
    { retryAfterMs, shouldRetry: retryAfterMs <= WAIT_MAX_MS },
  );
}

/** How the tokens of a request divide, where a limit counts tokens. Of an estimate nothing adds up to what is sent. */
function tokensText({ kind, amount }: CounterCharge, estimate: Estimate): string {
  if (wordsOf(kind).unit !== 'token') return '';
  if (estimate.reserved.debtNanoUsd !== undefined) return ' as estimated';
  const { output } = estimate.usage;
  const factor = kind === 'tokens-minute' ? (estimate.outputFactor ?? 1) : 1;
  const counted = factor === 1 ? '' : `, each counted ${factor} times`;
  return ` (${Math.max(0, amount - output * factor)} for its input, ${output} for its output${counted})`;
}

/** What the caller can lower, by the name that the caller used; without the full stop. */
function remedyOf({ estimate, outputTokens }: RefusedRequest): string {
  const { output } = estimate.usage;
  if (outputTokens === undefined) return 'Shorten the input';
  const { param, setBy } = outputTokens;
  return setBy === 'default'
    ? `Shorten the input or set ${param} below ${output}, its default here`
    : `Shorten the input or lower ${param}, which is ${output}`;
}

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
