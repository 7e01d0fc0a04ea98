/** Before a model is called: set its most aside, or say which limit refuses. */

import type { Admission } from '../../shared/domain/admission.ts';
import { countersFor } from '../../shared/domain/counter.ts';
import type { Estimate } from '../../shared/domain/estimate.ts';
import type { Model } from '../../shared/domain/model.ts';
import type { TierPrices } from '../../shared/domain/price.ts';
import type { KeyPrincipal } from '../../shared/domain/principal.ts';
import type { UsageRecord } from '../../shared/domain/usage.ts';
import type { GatewayRequest } from '../../shared/http/message.ts';
import type { ProxyDependencies } from './dependencies.ts';
import { assertFits, type RefusedRequest, refusalOf } from './limit-refusal.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';
import { reportBeyondShadow } from './shadow-limits.ts';

type AdmissionDependencies = Pick<ProxyDependencies, 'limits' | 'clock' | 'random' | 'log'>;

/** What limits and the ledger know of what answers: usually a model of the catalogue. */
type ChargedModel = Pick<Model, 'id'>;

/** A request that has its reservation. */
export interface Admitted {
  readonly admission: Admission;
  readonly model: ChargedModel;
  /** What it is reserved and charged at. */
  readonly price: TierPrices;
  readonly estimate: Estimate;
  /** `x-ratelimit-*`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether it would have been refused, were no limit in shadow. */
  readonly isBeyondShadow: boolean;
}

/** After its deadline a request's process is certainly gone; then anyone may settle for it. */
const EXPIRY_GRACE_MS = 60_000;

/**
 * Reserves. Throws the GatewayError that names the limit which refused; then nothing is reserved, or what an unanswered
 * copy of the admission has reserved is the store's to release.
 */
export async function admit(
  deps: AdmissionDependencies,
  of: {
    readonly request: GatewayRequest;
    readonly principal: KeyPrincipal;
    readonly model: ChargedModel;
    /** What the caller calls it; absent where that is its id. */
    readonly requestedModel?: string;
    readonly price: TierPrices;
    readonly estimate: Estimate;
    readonly what: Pick<Admission, 'endpoint' | 'serviceTier'>;
    /** Absent where an answer has no tokens. */
    readonly outputTokens?: RefusedRequest['outputTokens'];
  },
): Promise<Admitted> {
  const { principal, model, price, estimate, what } = of;
  const nowMs = deps.clock();
  const inForce = { ...principal, model: model.id };
  const charges = countersFor(inForce, { nowMs, amounts: estimate.reserved });
  const { requestedModel = model.id, outputTokens } = of;
  const asked: RefusedRequest = { nowMs, model: requestedModel, estimate, outputTokens };
  for (const charge of charges) assertFits(charge, asked);
  const admission: Admission = {
    tenant: principal.tenant,
    account: principal.account,
    key: principal.key,
    request: of.request.requestId,
    model: model.id,
    ...what,
    limitsVersion: principal.limits.version,
    inflightMax: principal.limits.inflightMax,
    charges,
    reserved: estimate.reserved,
    ...(estimate.outputFactor !== undefined && { outputFactor: estimate.outputFactor }),
    nowMs,
    expiresAtMs: of.request.deadlineMs + EXPIRY_GRACE_MS,
  };
  const result = await deps.limits.admit(admission);
  if (result.outcome === 'refused') {
    throw refusalOf(result, { admission, request: asked, random: deps.random });
  }
  const { committed } = result;
  const isBeyondShadow = reportBeyondShadow(deps.log, { admission, committed });
  const headers = rateLimitHeaders(charges, { committed, nowMs });
  return { admission, model, price, estimate, headers, isBeyondShadow };
}

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
  endpoint: admission.endpoint,
  serviceTier: admission.serviceTier,
  outcome: end.outcome,
  usage: end.usage,
  nanoUsd: end.nanoUsd,
  estimated: end.estimated,
  startedAtMs: admission.nowMs,
  settledAtMs: end.settledAtMs,
});
