/** A call of a chat model, the same for every endpoint: planned, admitted, accepted, answered and settled. */
import type { ModelCommand } from '../../../shared/domain/conversation.ts';
import type { ConverseCall } from '../../../shared/domain/converse.ts';
import type { TokenUsage } from '../../../shared/domain/usage.ts';
import type { GatewayAnswer, GatewayRequest } from '../../../shared/http/message.ts';
import { SSE_HEADERS } from '../../../shared/http/sse.ts';
import { type Admitted, admit } from '../admission.ts';
import { readerOf } from '../bedrock/answer-reading.ts';
import { asStream } from '../bedrock/as-stream.ts';
import { fromAnswer } from '../bedrock/from-answer.ts';
import { type CallWatch, cutOf, explain, watchCall } from '../call-watch.ts';
import type { ProxyDependencies } from '../dependencies.ts';
import { KeyGuard } from '../key-guard.ts';
import { keyPrincipal } from '../key-principal.ts';
import type { ModelDirectory } from '../model-directory.ts';
import { chargeOf, createSettlement, type Ending, rejectedEnding } from '../settlement.ts';
import { costHeader } from '../told-cost.ts';
import { type AcceptedCall, streamedBody, wholeBody } from './answer-body.ts';
import type { AnswerFacts, AnswerWire } from './answer-wire.ts';
import { type Plan, planCall } from './plan.ts';
import { inWireWords } from './wire-words.ts';

/** The inference plane's, and its names for models. */
export interface CallDependencies extends ProxyDependencies {
  readonly directory: ModelDirectory;
}

/** What an endpoint has made of a request. */
export interface CallOrder {
  readonly request: GatewayRequest;
  readonly command: ModelCommand;
  readonly mode: 'streamed' | 'whole';
  readonly wire: AnswerWire;
}

interface Accepting extends CallOrder {
  readonly plan: Plan;
  readonly admitted: Admitted;
}

/**
 * Answers. What can be refused is refused before the status line, in this order: the request by itself (the endpoint's
 * affair), the model, the model's own rules, the limits, Bedrock. Only the last two are waited for, and the model where
 * it is an alias that this process has not met.
 */
export async function answerCall(deps: CallDependencies, order: CallOrder): Promise<GatewayAnswer> {
  const principal = keyPrincipal(order.request, 'Models are called');
  const plan = await planCall(deps, { ...order, principal });
  const admitted = await admit(deps, {
    ...plan,
    request: order.request,
    requestedModel: order.command.requestedModel,
    principal,
    what: { endpoint: 'chat.completions', serviceTier: plan.use.tier },
    outputTokens: {
      param: order.command.paramNames.outputTokensMax,
      setBy: order.command.outputTokensMax === undefined ? 'default' : 'caller',
    },
  });
  const accepting = { ...order, plan, admitted };
  return order.mode === 'streamed' ? answerStreamed(deps, accepting) : answerWhole(deps, accepting);
}

async function answerStreamed(deps: ProxyDependencies, of: Accepting): Promise<GatewayAnswer> {
  const { result, call } = await accept(deps, {
    ...of,
    start: async (converseCall) =>
      of.plan.converse.streamed
        ? deps.runtime.converseStream(converseCall)
        : asStream(await deps.runtime.converse(converseCall)),
  });
  try {
    const writer = of.wire.streamed(factsOf(of));
    const { reading } = of.plan.converse;
    const headers = { ...SSE_HEADERS, ...headersOf(of) };
    return { status: 200, headers, body: streamedBody(deps, { ...call, source: result, reading, writer }) };
  } catch (error) {
    // The end of the call closes the stream that nobody will read; what the model did until then is not known.
    call.watch.end('over');
    await call.settlement.settle({ ...rejectedEnding(error), usage: undefined });
    throw error;
  }
}

async function answerWhole(deps: ProxyDependencies, of: Accepting): Promise<GatewayAnswer> {
  const { result, call } = await accept(deps, {
    ...of,
    start: (converseCall) => deps.runtime.converse(converseCall),
  });
  call.keyGuard.release();
  let usage: TokenUsage | undefined;
  try {
    const events = readerOf(of.plan.converse.reading).read(fromAnswer(result));
    usage = events.find((event) => event.type === 'usage')?.usage;
    const facts = factsOf(of);
    const text = of.wire.whole(facts, events);
    const told = facts.cost === undefined ? {} : costHeader(facts.cost(usage));
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
    stream: of.mode === 'streamed',
  });
  try {
    const { invokeId, converse } = plan;
    const result = await of.start({ modelId: invokeId, body: converse.body, signal: watch.signal });
    settlement.accepted();
    return { result, call: { watch, settlement, keyGuard } };
  } catch (error) {
    const explained = explain(watch, inWireWords(error, of.command.paramNames.messages));
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

/** What the answer cost is told by the very rule that charges it. */
const factsOf = ({ request, command, plan, admitted }: Accepting): AnswerFacts => ({
  requestId: request.requestId,
  created: Math.floor(request.receivedAtMs / 1000),
  command,
  cost: plan.tellsCost ? (usage) => chargeOf(admitted, usage).nanoUsd : undefined,
});

function headersOf({ command, plan, admitted }: Accepting): Readonly<Record<string, string>> {
  const ignored = [...new Set([...command.ignoredParams, ...plan.converse.ignoredParams])];
  return {
    ...admitted.headers,
    ...(ignored.length > 0 && { 'x-ignored-params': ignored.join(', ') }),
  };
}
