/** Everything of a call that is known before anybody is asked but for the model's name. */
import { type ModelCommand, pointsOf } from '../../../shared/domain/conversation.ts';
import { type Estimate, estimateOf } from '../../../shared/domain/estimate.ts';
import { estimatedInput } from '../../../shared/domain/estimated-input.ts';
import type { ModelMode } from '../../../shared/domain/model.ts';
import type { CacheWrites, PriceUse, TierPrices } from '../../../shared/domain/price.ts';
import type { KeyPrincipal } from '../../../shared/domain/principal.ts';
import type { GatewayRequest } from '../../../shared/http/message.ts';
import { requestTags } from '../bedrock/request-metadata.ts';
import { type ConverseRequest, toConverse } from '../bedrock/to-converse.ts';
import { choosePrices, type PricedModel } from '../model-choice.ts';
import type { ModelDirectory } from '../model-directory.ts';
import { isCostAsked } from '../told-cost.ts';
import { outputTokensFor } from './output-tokens.ts';

export interface Plan {
  readonly model: PricedModel;
  /** What Bedrock knows it by: its id, or the ARN of an application inference profile. */
  readonly invokeId: string;
  readonly use: PriceUse;
  readonly price: TierPrices;
  readonly converse: ConverseRequest;
  readonly estimate: Estimate;
  /** Whether the answer says what it cost. */
  readonly tellsCost: boolean;
}

const MODES: readonly ModelMode[] = ['chat'];

/** Throws GatewayError where the model cannot be called, or not so. */
export async function planCall(
  { directory }: { readonly directory: ModelDirectory },
  of: { readonly request: GatewayRequest; readonly principal: KeyPrincipal; readonly command: ModelCommand },
): Promise<Plan> {
  const { request, principal, command } = of;
  const tellsCost = isCostAsked({ headers: request.headers, principal });
  const found = await directory.find(command.requestedModel, { caller: principal, modes: MODES });
  const { model, invokeId } = found;
  const use: PriceUse = { tier: command.serviceTier, cacheWrites: cacheWritesOf(command) };
  const price = choosePrices(model, use);
  const outputTokensMax = outputTokensFor(command, { model, limits: principal.limits });
  const tags = requestTags({
    principal,
    requestId: request.requestId,
    endUser: command.endUser,
    metadata: command.metadata,
  });
  return {
    model,
    invokeId,
    use,
    price,
    tellsCost,
    converse: toConverse(command, { model, outputTokensMax, tags }),
    estimate: estimateOf(estimatedInput(command), {
      price,
      outputTokensMax,
      cacheWrites: use.cacheWrites,
      model,
      counting: principal.limits,
    }),
  };
}

/** The longest that the request asks the prompt cache to keep anything. */
function cacheWritesOf(command: ModelCommand): CacheWrites {
  const points = pointsOf(command);
  if (points.length === 0) return 'none';
  return points.some(({ ttl }) => ttl === '1h') ? '1h' : '5m';
}
