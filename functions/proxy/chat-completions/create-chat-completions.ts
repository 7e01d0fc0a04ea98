/** `POST /v1/chat/completions`. */
import type { ChatCommand } from '../../../shared/domain/chat-command.ts';
import type { ConverseCall } from '../../../shared/domain/converse.ts';
import { type Estimate, estimateOf } from '../../../shared/domain/estimate.ts';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import type { ModelMode } from '../../../shared/domain/model.ts';
import type { PriceUse, TierPrices } from '../../../shared/domain/price.ts';
import type { KeyPrincipal } from '../../../shared/domain/principal.ts';
import type { TokenUsage } from '../../../shared/domain/usage.ts';
import type { GatewayAnswer, GatewayRequest, UseCase } from '../../../shared/http/message.ts';
import { SSE_HEADERS } from '../../../shared/http/sse.ts';
import { type Admitted, admit } from '../admission.ts';
import { fromAnswer } from '../bedrock/from-answer.ts';
import { requestTags } from '../bedrock/request-metadata.ts';
import { type ConverseRequest, toConverse } from '../bedrock/to-converse.ts';
import { type CallWatch, cutOf, explain, watchCall } from '../call-watch.ts';
import type { ProxyDependencies } from '../dependencies.ts';
import { KeyGuard } from '../key-guard.ts';
import { choosePrices, type PricedModel } from '../model-choice.ts';
import type { ModelDirectory } from '../model-directory.ts';
import { chargeOf, createSettlement, type Ending, rejectedEnding } from '../settlement.ts';
import { type AnswerCost, costHeader, isCostAsked } from '../told-cost.ts';
import { type AcceptedCall, streamedBody, wholeBody } from './answer-body.ts';
import { refuseUnsupportedHeaders } from './headers.ts';
import { outputTokensFor } from './output-tokens.ts';
import { parseChatRequest } from './request.ts';
import { type AnswerIdentity, ChunkWriter, writeCompletion } from './response.ts';

/**
 * Answers a chat completion. What can be refused is refused before the status line, in this order: the request
 * by itself, the model, the model's own rules, the limits, Bedrock. Only the last two are waited for, and the model
 * where it is an alias that this process has not met.
 */
export const createChatCompletions =
  (deps: ChatDependencies): UseCase =>
  async (request) => {
    const principal = keyPrincipal(request);
    const plan = await planCall(deps, { request, principal });
    const admitted = await admit(deps, {
      request,
      principal,
      ...plan,
      what: { endpoint: 'chat.completions', serviceTier: USE.tier },
      outputTokensParam: plan.command.outputTokensParam,
    });
    return plan.command.stream
      ? await answerStreamed(deps, { request, plan, admitted })
      : await answerWhole(deps, { request, plan, admitted });
  };

/** The inference plane's, and its names for models. */
interface ChatDependencies extends ProxyDependencies {
  readonly directory: ModelDirectory;
}

const MODES: readonly ModelMode[] = ['chat'];

/** Translation asks Converse for no service tier and for no prompt cache. */
const USE: PriceUse = { tier: 'standard', cacheWrites: 'none' };

/** Everything that is known before anybody is asked. */
interface Plan {
  readonly command: ChatCommand;
  readonly model: PricedModel;
  /** What Bedrock knows it by: its id, or the ARN of an application inference profile. */
  readonly invokeId: string;
  readonly price: TierPrices;
  readonly converse: ConverseRequest;
  readonly estimate: Estimate;
  /** Whether the answer says what it cost. */
  readonly tellsCost: boolean;
}

interface Accepting {
  readonly request: GatewayRequest;
  readonly plan: Plan;
  readonly admitted: Admitted;
}

function keyPrincipal({ principal }: GatewayRequest): KeyPrincipal {
  if (principal.kind === 'key') return principal;
  throw new GatewayError('insufficient_scope', 'Models are called with an API key of a project.');
}

async function planCall(
  { directory }: ChatDependencies,
  of: { readonly request: GatewayRequest; readonly principal: KeyPrincipal },
): Promise<Plan> {
  refuseUnsupportedHeaders(of.request.headers);
  const tellsCost = isCostAsked({ headers: of.request.headers, principal: of.principal });
  const command = parseChatRequest(of.request.body);
  const found = await directory.find(command.requestedModel, { caller: of.principal, modes: MODES });
  const { model, invokeId } = found;
  const price = choosePrices(model, USE);
  const outputTokensMax = outputTokensFor(command, { model, limits: of.principal.limits });
  const tags = requestTags({
    principal: of.principal,
    requestId: of.request.requestId,
    endUser: command.endUser,
    metadata: command.metadata,
  });
  return {
    command,
    model,
    invokeId,
    price,
    tellsCost,
    converse: toConverse(command, { model, outputTokensMax, tags }),
    estimate: estimateOf(command, {
      price,
      outputTokensMax,
      cacheWrites: USE.cacheWrites,
      model,
      counting: of.principal.limits,
    }),
  };
}

async function answerStreamed(deps: ProxyDependencies, of: Accepting): Promise<GatewayAnswer> {
  const { result, call } = await accept(deps, {
    ...of,
    start: (converseCall) => deps.runtime.converseStream(converseCall),
  });
  const { includeUsage } = of.plan.command;
  const writer = new ChunkWriter(identityOf(of), { includeUsage, cost: costOf(of) });
  const body = streamedBody(deps, { ...call, source: result, writer });
  return { status: 200, headers: { ...SSE_HEADERS, ...headersOf(of) }, body };
}

async function answerWhole(deps: ProxyDependencies, of: Accepting): Promise<GatewayAnswer> {
  const { result, call } = await accept(deps, {
    ...of,
    start: (converseCall) => deps.runtime.converse(converseCall),
  });
  call.keyGuard.release();
  let usage: TokenUsage | undefined;
  try {
    const events = fromAnswer(result);
    usage = events.find((event) => event.type === 'usage')?.usage;
    const cost = costOf(of);
    const text = writeCompletion(identityOf(of), { events, cost });
    const told = cost === undefined ? {} : costHeader(cost(usage));
    const headers = { 'content-type': 'application/json', ...headersOf(of), ...told };
    return { status: 200, headers, body: wholeBody({ ...call, text, usage }) };
  } catch (error) {
    call.watch.end('over');
    await call.settlement.settle({ ...rejectedEnding(error), usage });
    throw error;
  }
}

/** Awaits Bedrock's acceptance; a refusal is settled before it is thrown. */
async function accept<Result>(
  deps: ProxyDependencies,
  of: Accepting & { readonly start: (call: ConverseCall) => Promise<Result> },
): Promise<{ readonly result: Result; readonly call: AcceptedCall }> {
  const { request, plan, admitted } = of;
  const watch = watchCall(deps, request);
  const keyGuard = new KeyGuard(deps, { watch, principal: admitted.admission });
  const settlement = createSettlement(deps, {
    admitted,
    receivedAtMs: request.receivedAtMs,
    stream: plan.command.stream,
  });
  try {
    const { invokeId, converse } = plan;
    const result = await of.start({ modelId: invokeId, body: converse.body, signal: watch.signal });
    settlement.accepted();
    return { result, call: { watch, settlement, keyGuard } };
  } catch (error) {
    const explained = explain(watch, error);
    const ending = endingOf(watch, explained);
    watch.end('over');
    await settlement.settle(ending);
    throw explained;
  }
}

/** A call that was cut is charged in full: the model may have been at work on it, and nobody heard what it counted. */
function endingOf(watch: CallWatch, error: unknown): Ending {
  if (watch.endedBy() === 'hung-up') return { outcome: 'abandoned', usage: undefined };
  const cut = cutOf(watch);
  return cut === undefined ? rejectedEnding(error) : { outcome: 'failed', usage: undefined, error: cut.code };
}

/** What the answer cost, where it is to say so: by the very rule that charges it. */
const costOf = ({ plan, admitted }: Accepting): AnswerCost | undefined =>
  plan.tellsCost ? (usage) => chargeOf(admitted, usage).nanoUsd : undefined;

const identityOf = ({ request, plan }: Accepting): AnswerIdentity => ({
  id: `chatcmpl-${request.requestId}`,
  created: Math.floor(request.receivedAtMs / 1000),
  model: plan.command.requestedModel,
});

function headersOf({ plan, admitted }: Accepting): Readonly<Record<string, string>> {
  const ignored = [...new Set([...plan.command.ignoredParams, ...plan.converse.ignoredParams])];
  return {
    ...admitted.headers,
    ...(ignored.length > 0 && { 'x-ignored-params': ignored.join(', ') }),
  };
}
