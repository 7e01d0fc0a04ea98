/** Responses as Bedrock serves them itself: one JSON document, or the events of its strict sequence. */
import { type AnswerBlock, outputTokens } from '../answer.ts';
import type { BlockAt, Dialect, Facts, Told } from '../dialect.ts';
import { type Fields, readObject } from '../wire-value.ts';
import { reasoningTokens } from './chat-dialect.ts';

/** The dialect of one call: its events are numbered from 0. */
export const responsesDialect =
  (body: Fields) =>
  (facts: Facts): Dialect => {
    let sequence = 0;
    const event = (type: string, fields: object): Buffer => {
      const data = { type, sequence_number: sequence, ...fields };
      sequence += 1;
      return Buffer.from(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
    };
    const begun = { ...envelope(body, facts), status: 'in_progress', output: [], usage: null };
    return {
      wholeHeaders: () => ({ 'content-type': 'application/json', 'x-request-id': facts.requestId }),
      whole: (told) => finished(body, told),
      streamHeaders: {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache',
        'x-request-id': facts.requestId,
      },
      opening: () =>
        Buffer.concat([
          event('response.created', { response: begun }),
          event('response.in_progress', { response: begun }),
        ]),
      blockStart: (at) => blockStart(at, { event, facts }),
      delta: (piece, at) => {
        const { delta } = eventsOf(at.block);
        return event(delta, { ...placeOf(at, facts), delta: piece, ...logprobsOf(at.block) });
      },
      blockEnd: (at) => blockEnd(at, { event, facts }),
      messageEnd: (told) => {
        const response = finished(body, told);
        return event(`response.${response.status}`, { response });
      },
      exception: (type, message) =>
        event('response.failed', {
          response: { ...begun, status: 'failed', error: { code: codeOf(type), message } },
        }),
    };
  };

interface Writing {
  readonly event: (type: string, fields: object) => Buffer;
  readonly facts: Facts;
}

const codeOf = (type: string): string =>
  type === 'throttlingException' ? 'rate_limit_exceeded' : 'server_error';

function eventsOf({ kind }: AnswerBlock): { readonly delta: string; readonly done: string } {
  switch (kind) {
    case 'tool-call':
      return {
        delta: 'response.function_call_arguments.delta',
        done: 'response.function_call_arguments.done',
      };
    case 'reasoning':
    case 'redacted':
      return { delta: 'response.reasoning_text.delta', done: 'response.reasoning_text.done' };
    default:
      return { delta: 'response.output_text.delta', done: 'response.output_text.done' };
  }
}

const logprobsOf = ({ kind }: AnswerBlock): object => (kind === 'text' ? { logprobs: [] } : {});

const placeOf = ({ block, index }: BlockAt, facts: Facts): object => ({
  item_id: itemId({ block, index }, facts),
  output_index: index,
  ...(block.kind !== 'tool-call' && { content_index: 0 }),
});

const PREFIX = { text: 'msg', reasoning: 'rs', redacted: 'rs', 'tool-call': 'fc' } as const;
const itemId = ({ block, index }: BlockAt, { requestId }: Facts): string =>
  `${PREFIX[block.kind]}_${requestId.replaceAll('-', '')}${index}`;

function blockStart(at: BlockAt, { event, facts }: Writing): Buffer {
  const item = itemOf(at, { facts, status: 'in_progress' });
  const added = event('response.output_item.added', { output_index: at.index, item });
  if (at.block.kind === 'tool-call') return added;
  const part = partOf(at.block, '');
  return Buffer.concat([added, event('response.content_part.added', { ...placeOf(at, facts), part })]);
}

function blockEnd(at: BlockAt, { event, facts }: Writing): Buffer {
  const { block, index } = at;
  const text = block.pieces.join('');
  const place = placeOf(at, facts);
  const { done } = eventsOf(block);
  // Events are numbered as they are made, so in the order of the wire.
  const content =
    block.kind === 'tool-call'
      ? [event(done, { ...place, name: block.name, arguments: text })]
      : [
          event(done, { ...place, text, ...logprobsOf(block) }),
          event('response.content_part.done', { ...place, part: partOf(block, text) }),
        ];
  const item = itemOf(at, { facts, status: 'completed' });
  return Buffer.concat([...content, event('response.output_item.done', { output_index: index, item })]);
}

const partOf = ({ kind }: AnswerBlock, text: string): object =>
  kind === 'text'
    ? { type: 'output_text', text, annotations: [], logprobs: [] }
    : { type: 'reasoning_text', text };

function itemOf(
  at: BlockAt,
  { facts, status }: { readonly facts: Facts; readonly status: 'in_progress' | 'completed' },
): object {
  const { block } = at;
  const id = itemId(at, facts);
  const text = block.pieces.join('');
  const content = status === 'completed' ? [partOf(block, text)] : [];
  switch (block.kind) {
    case 'tool-call': {
      const json = status === 'completed' ? text : '';
      return { id, type: 'function_call', status, call_id: block.id, name: block.name, arguments: json };
    }
    case 'reasoning':
    case 'redacted':
      return { id, type: 'reasoning', summary: [], content, encrypted_content: proofOf(block) };
    default:
      return { id, type: 'message', status, role: 'assistant', content };
  }
}

const proofOf = (block: Extract<AnswerBlock, { kind: 'reasoning' | 'redacted' }>): string =>
  block.kind === 'reasoning' ? block.signature : block.data;

const envelope = (body: Fields, { requestId, modelId, receivedAtMs }: Facts) => ({
  id: `resp_${requestId.replaceAll('-', '')}`,
  object: 'response',
  created_at: Math.floor(receivedAtMs / 1000),
  error: null,
  incomplete_details: null,
  instructions: body['instructions'] ?? null,
  max_output_tokens: body['max_output_tokens'] ?? null,
  metadata: readObject(body['metadata']) ?? {},
  model: modelId,
  parallel_tool_calls: body['parallel_tool_calls'] ?? true,
  temperature: body['temperature'] ?? 1,
  text: body['text'] ?? { format: { type: 'text' } },
  tool_choice: body['tool_choice'] ?? 'auto',
  tools: body['tools'] ?? [],
  top_p: body['top_p'] ?? 1,
  store: false,
});

/** Why an answer is not complete; undefined where it is. */
function incompleteReason({ answer: { stopReason } }: Told): string | undefined {
  switch (stopReason) {
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'max_output_tokens';
    case 'content_filtered':
    case 'guardrail_intervened':
      return 'content_filter';
    default:
      return undefined;
  }
}

function finished(body: Fields, told: Told) {
  const { answer, inputTokens } = told;
  const reason = incompleteReason(told);
  const sent = outputTokens(answer);
  return {
    ...envelope(body, told),
    status: reason === undefined ? 'completed' : 'incomplete',
    ...(reason !== undefined && { incomplete_details: { reason } }),
    output: answer.blocks.map((block, index) =>
      itemOf({ block, index }, { facts: told, status: 'completed' }),
    ),
    usage: {
      input_tokens: inputTokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: sent,
      output_tokens_details: { reasoning_tokens: reasoningTokens(answer) },
      total_tokens: inputTokens + sent,
    },
  };
}
