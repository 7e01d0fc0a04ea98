/** Converse and ConverseStream, as captured from Claude: no contentBlockStart for text, metadata last. */
import { type AnswerBlock, outputTokens } from './answer.ts';
import type { BlockAt, Dialect, Facts, Padding, Told } from './dialect.ts';
import { encodeException, encodeFrame, eventHeaders } from './event-frame.ts';
import { writtenTokens } from './prompt-cache.ts';
import { type Fields, readObject } from './wire-value.ts';

const MESSAGE_START = eventHeaders('messageStart');
const CONTENT_BLOCK_START = eventHeaders('contentBlockStart');
const CONTENT_BLOCK_DELTA = eventHeaders('contentBlockDelta');
const CONTENT_BLOCK_STOP = eventHeaders('contentBlockStop');
const MESSAGE_STOP = eventHeaders('messageStop');
const METADATA = eventHeaders('metadata');
const NOTHING = Buffer.alloc(0);

/** The dialect of one call; `body` holds what the answer repeats. */
export const converseDialect =
  (body: Fields) =>
  ({ directive }: Facts): Dialect => ({
    wholeHeaders: () => ({ 'content-type': 'application/json' }),
    whole: (told) => ({
      ...extraFields(body, told),
      ...closing(body, told),
      output: { message: { content: told.answer.blocks.flatMap(contentOf), role: 'assistant' } },
      stopReason: told.answer.stopReason,
    }),
    streamHeaders: { 'content-type': 'application/vnd.amazon.eventstream' },
    opening: (padding) => encodeFrame(MESSAGE_START, `{"p":"${padding()}","role":"assistant"}`),
    blockStart: (at, padding) => blockStart(at, { padding, isEmptyShown: directive.start === 'empty' }),
    delta: (piece, { block, index }, padding) => encodeDelta(deltaOf(block, piece), index, padding),
    blockEnd: ({ block, index }, padding) => {
      const proof = proofOf(block);
      const stop = encodeFrame(CONTENT_BLOCK_STOP, `{"contentBlockIndex":${index},"p":"${padding()}"}`);
      return proof === undefined ? stop : Buffer.concat([encodeDelta(proof, index, padding), stop]);
    },
    messageEnd: (told, padding) => {
      const { stopReason } = told.answer;
      const stop = { p: padding(), stopReason, ...extraFields(body, told) };
      const frames = [
        encodeFrame(MESSAGE_STOP, JSON.stringify(stop)),
        encodeFrame(METADATA, JSON.stringify({ ...closing(body, told), p: padding() })),
      ];
      return Buffer.concat(directive.metadata === 'first' ? frames.toReversed() : frames);
    },
    exception: encodeException,
  });

function blockStart(
  { block, index }: BlockAt,
  { padding, isEmptyShown }: { readonly padding: Padding; readonly isEmptyShown: boolean },
): Buffer {
  if (block.kind !== 'tool-call' && !isEmptyShown) return NOTHING;
  const start = block.kind === 'tool-call' ? { toolUse: { name: block.name, toolUseId: block.id } } : {};
  return encodeFrame(
    CONTENT_BLOCK_START,
    `{"contentBlockIndex":${index},"p":"${padding()}","start":${JSON.stringify(start)}}`,
  );
}

const encodeDelta = (delta: string, index: number, padding: Padding): Buffer =>
  encodeFrame(CONTENT_BLOCK_DELTA, `{"contentBlockIndex":${index},"delta":${delta},"p":"${padding()}"}`);

function deltaOf(block: AnswerBlock, piece: string): string {
  const text = JSON.stringify(piece);
  switch (block.kind) {
    case 'tool-call':
      return `{"toolUse":{"input":${text}}}`;
    case 'reasoning':
      return `{"reasoningContent":{"text":${text}}}`;
    default:
      return `{"text":${text}}`;
  }
}

/** What a block carries behind its last piece: signature, blob or citation. */
function proofOf(block: AnswerBlock): string | undefined {
  switch (block.kind) {
    case 'reasoning':
      return JSON.stringify({ reasoningContent: { signature: block.signature } });
    case 'redacted':
      return JSON.stringify({ reasoningContent: { redactedContent: block.data } });
    case 'text':
      return block.cites === undefined ? undefined : JSON.stringify({ citation: citationOf(block.cites) });
    default:
      return undefined;
  }
}

function contentOf(block: AnswerBlock): readonly object[] {
  const text = block.pieces.join('');
  switch (block.kind) {
    case 'reasoning':
      return [{ reasoningContent: { reasoningText: { signature: block.signature, text } } }];
    case 'redacted':
      return [{ reasoningContent: { redactedContent: block.data } }];
    case 'tool-call':
      return [{ toolUse: { input: parsed(text), name: block.name, toolUseId: block.id } }];
    default:
      if (text === '') return [];
      return block.cites === undefined
        ? [{ text }]
        : [{ citationsContent: { citations: [citationOf(block.cites)], content: [{ text }] } }];
  }
}

const citationOf = (title: string) => ({
  location: { documentChar: { documentIndex: 0, end: 1, start: 0 } },
  sourceContent: [{ text: title }],
  title,
});

/** Arguments that were cut off by maxTokens are no JSON; the whole answer then has none. */
export function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
}

/** What stands at the end of both forms: metrics, usage, trace and what the request chose. */
function closing(body: Fields, told: Told): object {
  const { latencyMs, answer } = told;
  const serviceTier = readObject(body['serviceTier']);
  const performanceConfig = readObject(body['performanceConfig']);
  return {
    metrics: { latencyMs },
    ...(performanceConfig !== undefined && { performanceConfig }),
    ...(serviceTier !== undefined && { serviceTier }),
    ...(answer.guard?.trace !== undefined && { trace: answer.guard.trace }),
    usage: usageOf(told),
  };
}

/** What additionalModelResponseFieldPaths asks for; the emulator's models have a stop sequence and nothing else. */
function extraFields(body: Fields, { answer }: Told): object {
  const paths = body['additionalModelResponseFieldPaths'];
  if (!Array.isArray(paths) || paths.length === 0) return {};
  const sequence = answer.stopSequence ?? null;
  const fields = {
    ...(paths.includes('/stop_sequence') && { stop_sequence: sequence }),
    ...(paths.includes('/delta/stop_sequence') && { delta: { stop_sequence: sequence } }),
  };
  return Object.keys(fields).length === 0 ? {} : { additionalModelResponseFields: fields };
}

function usageOf({ answer, inputTokens, cache }: Told): object {
  if (answer.guard?.blocks !== undefined && answer.guard.isInput) {
    return { ...NO_CACHE, inputTokens: 0, outputTokens: 0, totalTokens: 0 };
  }
  const sent = outputTokens(answer);
  const read = cache?.readTokens ?? 0;
  const written = cache === undefined ? 0 : writtenTokens(cache);
  return {
    ...(written > 0 && { cacheDetails: cacheDetails(cache?.written ?? []) }),
    cacheReadInputTokens: read,
    cacheWriteInputTokens: written,
    inputTokens,
    outputTokens: sent,
    totalTokens: inputTokens + read + written + sent,
  };
}

const NO_CACHE = { cacheReadInputTokens: 0, cacheWriteInputTokens: 0 };

const cacheDetails = (written: readonly { readonly ttl: string; readonly tokens: number }[]) =>
  ['1h', '5m']
    .map((ttl) => ({
      inputTokens: written.reduce((sum, part) => sum + (part.ttl === ttl ? part.tokens : 0), 0),
      ttl,
    }))
    .filter(({ inputTokens }) => inputTokens > 0);
