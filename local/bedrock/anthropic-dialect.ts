/** InvokeModel for Claude: Anthropic's message, whole, or as the events of its stream inside `chunk` frames. */
import { type AnswerBlock, outputTokens } from './answer.ts';
import { parsed } from './converse-dialect.ts';
import type { BlockAt, Dialect, Facts, Padding, Told } from './dialect.ts';
import type { StopReason } from './directive.ts';
import { encodeException, encodeFrame, eventHeaders } from './event-frame.ts';
import { foundationModelOf } from './models.ts';
import { writtenTokens } from './prompt-cache.ts';

const CHUNK = eventHeaders('chunk');

/** The dialect of one call: Anthropic's stream names model and input tokens in its first event. */
export const anthropicDialect = (facts: Facts): Dialect => ({
  wholeHeaders: tokenHeaders,
  whole: (told) => ({
    ...emptyMessage(facts),
    content: told.answer.blocks.flatMap(contentOf),
    ...endOf(told),
    usage: { ...inputUsage(facts), output_tokens: outputTokens(told.answer) },
    ...guardrailFields(told),
  }),
  streamHeaders: {
    'content-type': 'application/vnd.amazon.eventstream',
    'x-amzn-bedrock-content-type': 'application/json',
  },
  opening: (padding) => encodeChunk({ type: 'message_start', message: emptyMessage(facts) }, padding),
  blockStart: ({ block, index }, padding) =>
    encodeChunk({ type: 'content_block_start', index, content_block: emptyBlock(block) }, padding),
  delta: (piece, { block, index }, padding) =>
    encodeChunk({ type: 'content_block_delta', index, delta: deltaOf(block, piece) }, padding),
  blockEnd: (at, padding) => Buffer.concat([proof(at, padding), blockStop(at, padding)]),
  messageEnd: (told, padding) =>
    Buffer.concat([
      encodeChunk(
        { type: 'message_delta', delta: endOf(told), usage: { output_tokens: outputTokens(told.answer) } },
        padding,
      ),
      encodeChunk(
        {
          type: 'message_stop',
          ...guardrailFields(told),
          'amazon-bedrock-invocationMetrics': metricsOf(told),
        },
        padding,
      ),
    ]),
  exception: encodeException,
});

const encodeChunk = (event: object, padding: Padding): Buffer =>
  encodeFrame(
    CHUNK,
    `{"bytes":"${Buffer.from(JSON.stringify(event)).toString('base64')}","p":"${padding()}"}`,
  );

const emptyMessage = (facts: Facts) => ({
  id: `msg_bdrk_${facts.requestId.replaceAll('-', '')}`,
  type: 'message',
  role: 'assistant',
  model: foundationModelOf(facts.modelId),
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage: { ...inputUsage(facts), output_tokens: 1 },
});

/** The cache is spoken of where the request speaks of it. */
function inputUsage({ inputTokens, cache }: Facts): object {
  if (cache === undefined) return { input_tokens: inputTokens };
  const writtenFor = (ttl: string) =>
    cache.written.reduce((sum, part) => sum + (part.ttl === ttl ? part.tokens : 0), 0);
  return {
    input_tokens: inputTokens,
    cache_creation_input_tokens: writtenTokens(cache),
    cache_read_input_tokens: cache.readTokens,
    cache_creation: {
      ephemeral_5m_input_tokens: writtenFor('5m'),
      ephemeral_1h_input_tokens: writtenFor('1h'),
    },
  };
}

const endOf = ({ answer }: Told) => ({
  stop_reason: stopReasonOf(answer.stopReason),
  stop_sequence: answer.stopSequence ?? null,
});

function stopReasonOf(reason: StopReason): string {
  switch (reason) {
    case 'content_filtered':
      return 'refusal';
    case 'guardrail_intervened':
    case 'malformed_model_output':
    case 'malformed_tool_use':
      return 'end_turn';
    default:
      return reason;
  }
}

/** What Bedrock adds to the model's own body where a guardrail reads along. */
function guardrailFields({ answer: { guard } }: Told): object {
  if (guard === undefined) return {};
  return {
    'amazon-bedrock-guardrailAction': guard.blocks === undefined ? 'NONE' : 'INTERVENED',
    ...(guard.trace !== undefined && { 'amazon-bedrock-trace': guard.trace }),
  };
}

function emptyBlock(block: AnswerBlock): object {
  switch (block.kind) {
    case 'reasoning':
      return { type: 'thinking', thinking: '', signature: '' };
    case 'redacted':
      return { type: 'redacted_thinking', data: block.data };
    case 'tool-call':
      return { type: 'tool_use', id: block.id, name: block.name, input: {} };
    default:
      return { type: 'text', text: '' };
  }
}

function contentOf(block: AnswerBlock): readonly object[] {
  const text = block.pieces.join('');
  switch (block.kind) {
    case 'reasoning':
      return [{ type: 'thinking', thinking: text, signature: block.signature }];
    case 'redacted':
      return [emptyBlock(block)];
    case 'tool-call':
      return [{ type: 'tool_use', id: block.id, name: block.name, input: parsed(text) }];
    default:
      return [{ type: 'text', text }];
  }
}

function deltaOf(block: AnswerBlock, piece: string): object {
  switch (block.kind) {
    case 'reasoning':
      return { type: 'thinking_delta', thinking: piece };
    case 'tool-call':
      return { type: 'input_json_delta', partial_json: piece };
    default:
      return { type: 'text_delta', text: piece };
  }
}

function proof({ block, index }: BlockAt, padding: Padding): Buffer {
  if (block.kind !== 'reasoning') return Buffer.alloc(0);
  const delta = { type: 'signature_delta', signature: block.signature };
  return encodeChunk({ type: 'content_block_delta', index, delta }, padding);
}

const blockStop = ({ index }: BlockAt, padding: Padding): Buffer =>
  encodeChunk({ type: 'content_block_stop', index }, padding);

const tokenHeaders = ({ answer, inputTokens, latencyMs }: Told) => ({
  'content-type': 'application/json',
  'x-amzn-bedrock-input-token-count': inputTokens,
  'x-amzn-bedrock-output-token-count': outputTokens(answer),
  'x-amzn-bedrock-invocation-latency': latencyMs,
});

const metricsOf = ({ answer, inputTokens, latencyMs, cache }: Told) => ({
  inputTokenCount: inputTokens,
  outputTokenCount: outputTokens(answer),
  invocationLatency: latencyMs,
  firstByteLatency: latencyMs,
  ...(cache !== undefined && {
    cacheReadInputTokenCount: cache.readTokens,
    cacheWriteInputTokenCount: writtenTokens(cache),
  }),
});
