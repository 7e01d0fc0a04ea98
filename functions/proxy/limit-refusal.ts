/** What a caller is told whose request a limit refuses: which limit, whose, its numbers and when to come back. */
import type { Admission, AdmissionRefusal } from '../../shared/domain/admission.ts';
import { type CounterCharge, isSlot, periodEndMs } from '../../shared/domain/counter.ts';
import type { Estimate } from '../../shared/domain/estimate.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { ProxyDependencies } from './dependencies.ts';
import { amountText, ownerText, wordsOf } from './limit-words.ts';
import { goDuration, rateLimitHeaders } from './rate-limit-headers.ts';

/** The request that is refused, as far as its refusal speaks of it. */
export interface RefusedRequest {
  readonly nowMs: number;
  /** The model by the name that the caller asked for. */
  readonly model: string;
  readonly estimate: Estimate;
  /** What bounds the answer: the parameter, and who set it. Undefined where an answer has no tokens. */
  readonly outputTokens?: { readonly param: string; readonly setBy: 'caller' | 'default' } | undefined;
}

const STALE_RETRY_MS = 100;
/** Requests end about every second; the jitter keeps refused callers from returning together. */
const UNDER_WAY_RETRY = { baseMs: 750, jitterMs: 500 };
/** So late after a period's end do refused callers return, that not all of them come in its first millisecond. */
const PERIOD_JITTER_MS = 300;
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
  refusal: AdmissionRefusal,
  of: {
    readonly admission: Admission;
    readonly request: RefusedRequest;
    readonly random: ProxyDependencies['random'];
  },
): GatewayError {
  if (refusal.by === 'stale-limits') {
    const message = 'Limits changed while this request was checked. Retry it.';
    return new GatewayError('service_unavailable', message, { retryAfterMs: STALE_RETRY_MS });
  }
  if (refusal.by === 'duplicate') {
    return new GatewayError('conflict', 'A request with this id was received before. Send it anew.');
  }
  const { admission, request } = of;
  const jitter = (of.random(1)[0] ?? 0) / 255;
  const headers = rateLimitHeaders(admission.charges, { committed: refusal.held, nowMs: request.nowMs });
  if (refusal.by === 'inflight') return tooManyInflight(admission, { jitter, headers });
  const limited = { ...refusal, request, jitter, headers };
  return wordsOf(refusal.by.kind).is === 'budget' ? budgetReached(limited) : rateReached(limited);
}

/** A refusal by a limit that counts; `jitter` is from 0 to 1. */
interface Limited extends Pick<LimitRefusal, 'by' | 'committed' | 'returnable'> {
  readonly request: RefusedRequest;
  readonly jitter: number;
  /** `x-ratelimit-*`. */
  readonly headers: Readonly<Record<string, string>>;
}
type LimitRefusal = Extract<AdmissionRefusal, { readonly committed: number }>;

const numbersOf = ({ by: { kind, limit = 0, amount }, committed }: Limited): string =>
  `limit ${amountText(kind, limit)}, used or reserved ${amountText(kind, committed)}, ` +
  `this request may need ${amountText(kind, amount)}`;

/**
 * A budget that is spent is not told when it begins anew: OpenAI's clients take `insufficient_quota` as final. One of
 * which requests under way may give back enough is no such thing, and worth another try.
 */
function budgetReached(of: Limited): GatewayError {
  const { by, committed, returnable, request, jitter, headers } = of;
  const owner = ownerText(by, request.model);
  const { name } = wordsOf(by.kind);
  if (committed - returnable + by.amount > (by.limit ?? 0)) {
    const remedy = `${remedyOf(request)}, or have the budget raised.`;
    const message = `Budget of ${owner} reached for ${name}: ${numbersOf(of)}. ${remedy}`;
    return new GatewayError('insufficient_quota', message, { headers });
  }
  const reserved = `of that, requests under way have reserved ${amountText(by.kind, returnable)}`;
  const message = `The rest of the budget of ${owner} for ${name} is reserved: ${numbersOf(of)}; ${reserved}. Try again in about 1s.`;
  return new GatewayError('budget_reserved', message, { headers, retryAfterMs: underWayMs(jitter) });
}

function rateReached(of: Limited): GatewayError {
  const { by, request, jitter, headers } = of;
  const { kind } = by;
  const { name, unit } = wordsOf(kind);
  const endsInMs = periodEndMs(kind, request.nowMs) - request.nowMs;
  const isWorthIt = endsInMs <= WAIT_MAX_MS;
  const lateMs = endsInMs + Math.round(jitter * PERIOD_JITTER_MS);
  const retryAfterMs = isWorthIt ? Math.min(lateMs, WAIT_MAX_MS) : lateMs;
  const period = isSlot(kind) ? `${unit}s in ten seconds (a sixth of the limit a minute)` : name;
  return new GatewayError(
    unit === 'request' ? 'request_rate_exceeded' : 'rate_limit_exceeded',
    `Rate limit of ${ownerText(by, request.model)} reached for ${period}: ${numbersOf(of)}. Try again in ${goDuration(endsInMs)}.`,
    { headers, retryAfterMs, shouldRetry: isWorthIt },
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

function tooManyInflight(
  { inflightMax }: Admission,
  { jitter, headers }: Pick<Limited, 'jitter' | 'headers'>,
): GatewayError {
  const message = `Too many requests at once: this project may have ${inflightMax} under way.`;
  return new GatewayError('too_many_inflight_requests', message, {
    headers,
    retryAfterMs: underWayMs(jitter),
  });
}

const underWayMs = (jitter: number): number =>
  Math.round(UNDER_WAY_RETRY.baseMs + jitter * UNDER_WAY_RETRY.jitterMs);
