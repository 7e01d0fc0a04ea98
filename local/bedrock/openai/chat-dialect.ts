/** Chat completions as Bedrock serves them itself: one JSON document, or server-sent events. */
import { type Answer, type AnswerBlock, outputTokens, tokensIn } from '../answer.ts';
import type { Dialect, Facts, Told } from '../dialect.ts';
import type { StopReason } from '../directive.ts';
import { type Fields, readObject } from '../wire-value.ts';
import { errorEvent } from './openai-error.ts';

const NOTHING = Buffer.alloc(0);
const DONE = Buffer.from('data: [DONE]\n\n');

/** One event of a stream. */
const sse = (data: object): Buffer => Buffer.from(`data: ${JSON.stringify(data)}\n\n`);

/** The dialect of one call; `body` says whether its stream ends with usage. */
export const chatDialect =
  (body: Fields) =>
  (facts: Facts): Dialect => {
    const isUsageAsked = readObject(body['stream_options'])?.['include_usage'] === true;
    const chunk = (delta: object, finishReason: string | null = null): Buffer =>
      sse({
        ...envelope(facts, 'chat.completion.chunk'),
        choices: [{ index: 0, delta, finish_reason: finishReason, logprobs: null }],
        ...(isUsageAsked && { usage: null }),
      });
    const calls = callIndexes(facts.answer);
    return {
      wholeHeaders: () => ({ 'content-type': 'application/json', 'x-request-id': facts.requestId }),
      whole: (told) => ({
        ...envelope(facts, 'chat.completion'),
        choices: [
          {
            index: 0,
            message: messageOf(told.answer),
            finish_reason: finishReasonOf(told.answer.stopReason),
            logprobs: null,
          },
        ],
        usage: usageOf(told),
        ...tierOf(body),
      }),
      streamHeaders: {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache',
        'x-request-id': facts.requestId,
      },
      opening: () => chunk({ role: 'assistant', content: '', refusal: null }),
      blockStart: ({ block }) =>
        block.kind === 'tool-call'
          ? chunk({ tool_calls: [{ index: calls.get(block) ?? 0, ...callOf(block, '') }] })
          : NOTHING,
      delta: (piece, { block }) => {
        if (block.kind === 'tool-call') {
          return chunk({ tool_calls: [{ index: calls.get(block) ?? 0, function: { arguments: piece } }] });
        }
        return chunk(block.kind === 'reasoning' ? { reasoning_content: piece } : { content: piece });
      },
      blockEnd: () => NOTHING,
      messageEnd: (told) =>
        Buffer.concat([
          chunk({}, finishReasonOf(told.answer.stopReason)),
          isUsageAsked
            ? sse({ ...envelope(facts, 'chat.completion.chunk'), choices: [], usage: usageOf(told) })
            : NOTHING,
          DONE,
        ]),
      exception: (type, message) => Buffer.from(`data: ${errorEvent(type, message)}\n\n`),
    };
  };

const envelope = ({ requestId, modelId, receivedAtMs }: Facts, object: string) => ({
  id: `chatcmpl-${requestId}`,
  object,
  created: Math.floor(receivedAtMs / 1000),
  model: modelId,
});

const tierOf = (body: Fields): object => {
  const tier = body['service_tier'];
  return typeof tier === 'string' ? { service_tier: tier === 'auto' ? 'default' : tier } : {};
};

/** Calls are numbered among themselves, from 0. */
const callIndexes = ({ blocks }: Answer): ReadonlyMap<AnswerBlock, number> =>
  new Map(blocks.filter(({ kind }) => kind === 'tool-call').map((block, index) => [block, index]));

const callOf = ({ id, name }: Extract<AnswerBlock, { kind: 'tool-call' }>, json: string) => ({
  id,
  type: 'function',
  function: { name, arguments: json },
});

function messageOf({ blocks }: Answer): object {
  const said = (kind: AnswerBlock['kind']) =>
    blocks
      .filter((block) => block.kind === kind)
      .map(({ pieces }) => pieces.join(''))
      .join('');
  const calls = blocks.flatMap((block) =>
    block.kind === 'tool-call' ? [callOf(block, block.pieces.join(''))] : [],
  );
  const reasoning = said('reasoning');
  return {
    role: 'assistant',
    content: said('text') === '' && calls.length > 0 ? null : said('text'),
    refusal: null,
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

export function finishReasonOf(reason: StopReason): string {
  switch (reason) {
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length';
    case 'tool_use':
      return 'tool_calls';
    case 'content_filtered':
    case 'guardrail_intervened':
      return 'content_filter';
    default:
      return 'stop';
  }
}

export const reasoningTokens = ({ blocks }: Answer): number =>
  blocks.reduce((sum, { kind, pieces }) => sum + (kind === 'reasoning' ? tokensIn(pieces) : 0), 0);

function usageOf({ answer, inputTokens }: Told): object {
  const completionTokens = outputTokens(answer);
  return {
    prompt_tokens: inputTokens,
    completion_tokens: completionTokens,
    total_tokens: inputTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoningTokens(answer) },
  };
}
