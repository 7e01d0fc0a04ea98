/** InvokeModel for Claude: Anthropic's message, whole, or as the events of its stream inside `chunk` frames. */
import type { Dialect, Padding, Told } from './dialect.ts';
import { encodeFrame, eventHeaders } from './event-frame.ts';
import { foundationModelOf } from './models.ts';

const CHUNK = eventHeaders('chunk');

/** The dialect of one call: Anthropic's stream names model and input tokens in its first event. */
export const anthropicDialect = (facts: Omit<Told, 'answer' | 'latencyMs'>): Dialect => ({
  wholeHeaders: tokenHeaders,
  whole: (told) => ({
    ...emptyMessage(facts),
    content: [{ type: 'text', text: told.answer.pieces.join('') }],
    stop_reason: told.answer.stopReason,
    stop_sequence: told.answer.stopSequence ?? null,
    usage: { input_tokens: told.inputTokens, output_tokens: told.answer.pieces.length },
  }),
  streamHeaders: {
    'content-type': 'application/vnd.amazon.eventstream',
    'x-amzn-bedrock-content-type': 'application/json',
  },
  opening: (padding) =>
    Buffer.concat([
      encodeChunk({ type: 'message_start', message: emptyMessage(facts) }, padding),
      encodeChunk(
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
        padding,
      ),
    ]),
  delta: (piece, padding) =>
    encodeChunk(
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: piece } },
      padding,
    ),
  textEnd: (padding) => encodeChunk({ type: 'content_block_stop', index: 0 }, padding),
  messageEnd: (told, padding) =>
    Buffer.concat([
      encodeChunk(messageDelta(told), padding),
      encodeChunk({ type: 'message_stop', 'amazon-bedrock-invocationMetrics': metricsOf(told) }, padding),
    ]),
});

const encodeChunk = (event: object, padding: Padding): Buffer =>
  encodeFrame(
    CHUNK,
    `{"bytes":"${Buffer.from(JSON.stringify(event)).toString('base64')}","p":"${padding()}"}`,
  );

const emptyMessage = ({ requestId, modelId, inputTokens }: Omit<Told, 'answer' | 'latencyMs'>) => ({
  id: `msg_bdrk_${requestId.replaceAll('-', '')}`,
  type: 'message',
  role: 'assistant',
  model: foundationModelOf(modelId),
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage: { input_tokens: inputTokens, output_tokens: 1 },
});

const messageDelta = ({ answer }: Told) => ({
  type: 'message_delta',
  delta: { stop_reason: answer.stopReason, stop_sequence: answer.stopSequence ?? null },
  usage: { output_tokens: answer.pieces.length },
});

const tokenHeaders = ({ answer, inputTokens, latencyMs }: Told) => ({
  'content-type': 'application/json',
  'x-amzn-bedrock-input-token-count': inputTokens,
  'x-amzn-bedrock-output-token-count': answer.pieces.length,
  'x-amzn-bedrock-invocation-latency': latencyMs,
});

const metricsOf = ({ answer, inputTokens, latencyMs }: Told) => ({
  inputTokenCount: inputTokens,
  outputTokenCount: answer.pieces.length,
  invocationLatency: latencyMs,
  firstByteLatency: latencyMs,
});
