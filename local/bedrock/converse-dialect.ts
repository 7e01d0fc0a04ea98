/** Converse and ConverseStream, as captured from Claude: no contentBlockStart for text, metadata last. */
import type { Dialect, Told } from './dialect.ts';
import { encodeFrame, eventHeaders } from './event-frame.ts';

const MESSAGE_START = eventHeaders('messageStart');
const CONTENT_BLOCK_DELTA = eventHeaders('contentBlockDelta');
const CONTENT_BLOCK_STOP = eventHeaders('contentBlockStop');
const MESSAGE_STOP = eventHeaders('messageStop');
const METADATA = eventHeaders('metadata');

export const CONVERSE: Dialect = {
  wholeHeaders: () => ({ 'content-type': 'application/json' }),
  whole: (told) => ({
    metrics: { latencyMs: told.latencyMs },
    output: { message: { content: contentOf(told), role: 'assistant' } },
    stopReason: told.answer.stopReason,
    usage: usageOf(told),
  }),
  streamHeaders: { 'content-type': 'application/vnd.amazon.eventstream' },
  opening: (padding) => encodeFrame(MESSAGE_START, `{"p":"${padding()}","role":"assistant"}`),
  delta: (piece, padding) =>
    encodeFrame(
      CONTENT_BLOCK_DELTA,
      `{"contentBlockIndex":0,"delta":{"text":${JSON.stringify(piece)}},"p":"${padding()}"}`,
    ),
  textEnd: (padding) => encodeFrame(CONTENT_BLOCK_STOP, `{"contentBlockIndex":0,"p":"${padding()}"}`),
  messageEnd: (told, padding) =>
    Buffer.concat([
      encodeFrame(MESSAGE_STOP, JSON.stringify({ p: padding(), stopReason: told.answer.stopReason })),
      encodeFrame(
        METADATA,
        JSON.stringify({ metrics: { latencyMs: told.latencyMs }, p: padding(), usage: usageOf(told) }),
      ),
    ]),
};

const contentOf = ({ answer }: Told) =>
  answer.pieces.length === 0 ? [] : [{ text: answer.pieces.join('') }];

const usageOf = ({ answer, inputTokens }: Told) => ({
  cacheReadInputTokens: 0,
  cacheWriteInputTokens: 0,
  inputTokens,
  outputTokens: answer.pieces.length,
  totalTokens: inputTokens + answer.pieces.length,
});
