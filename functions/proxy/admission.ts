/** Before a model is called: set its most aside, or say which limit refuses. */

import type { Admission, AdmissionResult } from '../../shared/domain/admission.ts';
import type { Estimate } from '../../shared/domain/estimate.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { type CounterCharge, countersFor, periodEndMs } from '../../shared/domain/limits.ts';
import type { KeyPrincipal } from '../../shared/domain/principal.ts';
import { NO_USAGE, type UsageRecord } from '../../shared/domain/usage.ts';
import type { GatewayRequest } from '../../shared/http/message.ts';
import type { ProxyDependencies } from './dependencies.ts';
import type { PricedModel } from './model-choice.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';

type AdmissionDependencies = Pick<ProxyDependencies, 'limits' | 'clock' | 'random'>;

/** A request that has its reservation. */
export interface Admitted {
  readonly admission: Admission;
  readonly model: PricedModel;
  readonly estimate: Estimate;
  /** `x-ratelimit-*`. */
  readonly headers: Readonly<Record<string, string>>;
}

/** After its deadline a request's process is certainly gone; then anyone may settle for it. */
const EXPIRY_GRACE_MS = 60_000;
/** The caller waits for its refusal, and the store has just shown that it does not answer. */
const UNANSWERED_ATTEMPTS_MAX = 2;
const STALE_RETRY_MS = 100;
/** Requests end about every second; the jitter keeps refused callers from returning together. */
const INFLIGHT_RETRY = { baseMs: 750, jitterMs: 500 };

/** Reserves. Throws the GatewayError that names the limit which refused; then nothing is reserved. */
export async function admit(
  deps: AdmissionDependencies,
  of: {
    readonly request: GatewayRequest;
    readonly principal: KeyPrincipal;
    readonly model: PricedModel;
    readonly estimate: Estimate;
  },
): Promise<Admitted> {
  const { principal, model, estimate } = of;
  const nowMs = deps.clock();
  const charges = countersFor(principal.limits, nowMs, estimate.reserved);
  for (const charge of charges) assertFits(charge);
  const admission: Admission = {
    tenant: principal.tenant,
    account: principal.account,
    key: principal.key,
    request: of.request.requestId,
    model: model.id,
    limitsVersion: principal.limits.version,
    inflightMax: principal.limits.inflightMax,
    charges,
    reserved: estimate.reserved,
    nowMs,
    expiresAtMs: of.request.deadlineMs + EXPIRY_GRACE_MS,
  };
  const result = await reserve(deps, admission);
  if (result.outcome === 'refused') throw refusalOf(result, { admission, random: deps.random });
  return { admission, model, estimate, headers: rateLimitHeaders(charges, { ...result, nowMs }) };
}

/**
 * An admission whose answer is lost may have reserved, which would bind a place in flight until its expiry. This
 * process knows that no model was called, so it settles with nothing before it passes the failure on.
 */
async function reserve(deps: AdmissionDependencies, admission: Admission): Promise<AdmissionResult> {
  try {
    return await deps.limits.admit(admission);
  } catch (error) {
    const record = recordOf(admission, { ...UNUSED, settledAtMs: deps.clock() });
    const settlement = { admission, record, attemptsMax: UNANSWERED_ATTEMPTS_MAX };
    await deps.limits.settle(settlement).catch(() => undefined);
    throw error;
  }
}

const UNUSED = { outcome: 'failed', usage: NO_USAGE, nanoUsd: 0, estimated: false } as const;

/** The ledger's record of an admitted request and its end. */
export const recordOf = (
  admission: Admission,
  end: Pick<UsageRecord, 'outcome' | 'usage' | 'nanoUsd' | 'estimated' | 'settledAtMs'>,
): UsageRecord => ({
  request: admission.request,
  tenant: admission.tenant,
  account: admission.account,
  key: admission.key,
  model: admission.model,
  endpoint: 'chat.completions',
  outcome: end.outcome,
  usage: end.usage,
  nanoUsd: end.nanoUsd,
  estimated: end.estimated,
  startedAtMs: admission.nowMs,
  settledAtMs: end.settledAtMs,
});

/** A request over the whole limit would be refused for ever, so it must not be told to retry. */
function assertFits(charge: CounterCharge): void {
  if (charge.limit === undefined || charge.amount <= charge.limit) return;
  if (charge.kind === 'money-month') throw spent(charge);
  throw new GatewayError(
    'request_exceeds_limit',
    `Request too large: it may use ${charge.amount} tokens (input bound and max_completion_tokens together), ` +
      `the limit is ${charge.limit} tokens a minute. Shorten the input or lower max_completion_tokens.`,
  );
}

function refusalOf(
  result: Extract<AdmissionResult, { outcome: 'refused' }>,
  of: { readonly admission: Admission; readonly random: ProxyDependencies['random'] },
): GatewayError {
  if (result.by === 'inflight') return tooManyInflight(of);
  if (result.by === 'stale-limits') {
    return new GatewayError(
      'service_unavailable',
      'Limits changed while this request was checked. Retry it.',
      {
        retryAfterMs: STALE_RETRY_MS,
      },
    );
  }
  switch (result.by.kind) {
    case 'money-month':
      return spent(result.by);
    case 'tokens-minute':
      return tokensUsedUp(result.by, {
        nowMs: of.admission.nowMs,
        committed: 'committed' in result ? result.committed : 0,
      });
  }
}

function tokensUsedUp(
  charge: CounterCharge,
  of: { readonly nowMs: number; readonly committed: number },
): GatewayError {
  return new GatewayError(
    'rate_limit_exceeded',
    `Rate limit reached for tokens a minute: limit ${charge.limit}, used or reserved ${of.committed}, ` +
      `requested ${charge.amount}.`,
    { retryAfterMs: periodEndMs(charge.kind, of.nowMs) - of.nowMs },
  );
}

const spent = (charge: CounterCharge): GatewayError =>
  new GatewayError(
    'insufficient_quota',
    `The budget of this month is spent or too small for this request: limit ${usd(charge.limit ?? 0)} USD, ` +
      `this request may cost ${usd(charge.amount)} USD.`,
  );

const usd = (nanoUsd: number): string => (nanoUsd / 1e9).toFixed(6);

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
