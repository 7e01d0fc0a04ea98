/** Everything of a call that is known before anybody is asked but for the model's name. */
import type { ModelCommand } from '../../../shared/domain/conversation.ts';
import { type Estimate, estimateOf } from '../../../shared/domain/estimate.ts';
import { estimatedInput } from '../../../shared/domain/estimated-input.ts';
import type { ModelMode } from '../../../shared/domain/model.ts';
import type { PriceUse, TierPrices } from '../../../shared/domain/price.ts';
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
  const asked = outputTokensFor(command, { model, limits: principal.limits });
  const tags = requestTags({
    principal,
    requestId: request.requestId,
    endUser: command.endUser,
    metadata: command.metadata,
  });
  const converse = toConverse(command, { model, outputTokensMax: asked, tags });
  // What is sent is priced, not what was asked for: the model may take less, or need more words for it.
  const { sent, outputTokensMax, cacheWrites } = converse;
  const use: PriceUse = { tier: command.serviceTier, cacheWrites };
  const price = choosePrices(found, use);
  return {
    model,
    invokeId,
    use,
    price,
    tellsCost,
    converse,
    estimate: estimateOf(estimatedInput(sent), {
      price,
      outputTokensMax,
      cacheWrites,
      model,
      counting: principal.limits,
    }),
  };
}
