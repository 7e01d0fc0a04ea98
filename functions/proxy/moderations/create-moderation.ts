/** `POST /v1/moderations`, by Bedrock's guardrail checks. */
import type { Estimate } from '../../../shared/domain/estimate.ts';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import {
  GUARDRAIL_CHECKS_ID,
  type GuardrailCheckAnswer,
  TEXT_UNIT_PRICE,
  textUnitsMax,
} from '../../../shared/domain/guardrail-check.ts';
import type { TenantLimits } from '../../../shared/domain/limits.ts';
import { type Verdict, verdictOf } from '../../../shared/domain/moderation.ts';
import { costOf, type TierPrices } from '../../../shared/domain/price.ts';
import { NO_USAGE } from '../../../shared/domain/usage.ts';
import type { UseCase } from '../../../shared/http/message.ts';
import { admit } from '../admission.ts';
import type { ProxyDependencies } from '../dependencies.ts';
import { keyPrincipal } from '../key-principal.ts';
import { answerParts, type Part } from '../model-call/answer-parts.ts';
import { isCostAsked } from '../told-cost.ts';
import { refuseUnsupportedHeaders } from '../wire/headers.ts';
import { parseModerationRequest } from './request.ts';
import { writeModeration } from './response.ts';

/** A text unit stands where a model has a token: in limits, in the ledger, and in its price. */
const PRICE: TierPrices = { input: TEXT_UNIT_PRICE, output: 0 };

/** Answers with a verdict on each input. */
export const createModeration =
  (deps: ProxyDependencies): UseCase =>
  async (request) => {
    refuseUnsupportedHeaders(request.headers);
    const { model, inputs } = parseModerationRequest(request.body);
    const principal = keyPrincipal(request, 'Texts are moderated');
    const tellsCost = isCostAsked({ headers: request.headers, principal });
    const admitted = await admit(deps, {
      request,
      principal,
      model: { id: GUARDRAIL_CHECKS_ID },
      price: PRICE,
      estimate: estimateFor(inputs.flat(), principal.limits),
      what: { endpoint: 'moderations', serviceTier: 'standard' },
    });
    return answerParts(deps, {
      request,
      admitted,
      parts: inputs.map((texts) => partOf(deps, texts)),
      tellsCost,
      ignoredParams: [],
      write: (answers) =>
        // Read here, where everything was counted: what cannot be read was billed all the same.
        writeModeration({ requestId: request.requestId, model, verdicts: answers.map(requireVerdict) }),
    });
  };

function estimateFor(
  texts: readonly string[],
  { tokenCounting }: Pick<TenantLimits, 'tokenCounting'>,
): Estimate {
  const units = textUnitsMax(texts);
  const usage = { ...NO_USAGE, input: units };
  const reserved = { tokens: units, nanoUsd: costOf(PRICE, usage) };
  return tokenCounting === 'bedrock'
    ? { usage, reserved: { ...reserved, minuteTokens: units }, outputFactor: 1 }
    : { usage, reserved };
}

/** A call for each input: Bedrock scores all that it is sent together. */
const partOf = (
  { guardrailChecks }: Pick<ProxyDependencies, 'guardrailChecks'>,
  texts: readonly string[],
): Part<GuardrailCheckAnswer> => ({
  usageMax: { ...NO_USAGE, input: textUnitsMax(texts) },
  call: async (signal) => {
    const result = await guardrailChecks.check({ texts, signal });
    const { textUnits } = result;
    return { result, usage: textUnits === undefined ? undefined : { ...NO_USAGE, input: textUnits } };
  },
});

function requireVerdict({ scores }: GuardrailCheckAnswer): Verdict {
  const verdict = verdictOf(scores);
  if (verdict !== undefined) return verdict;
  throw new GatewayError('model_error', 'Bedrock did not judge the text in every category. Retry it.');
}
