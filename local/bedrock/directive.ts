/**
 * The wish of a test or a bench, written into the last user message: `[[emulator tokens=200 fault=throttle]]`.
 * The README of this folder lists what can be wished for. One that is not understood is refused, because a
 * misspelt fault that never happens would make a test pass for nothing.
 */
import { refuse } from './service-error.ts';

export const FAULTS = [
  'access-denied',
  'exception-first-frame',
  'exception-mid-stream',
  'internal',
  'model-error',
  'no-message-stop',
  'not-ready',
  'quota',
  'reset',
  'silent',
  'slow',
  'throttle',
  'timeout',
  'torn-frame',
  'unavailable',
  'validation',
] as const;
export type Fault = (typeof FAULTS)[number];

/** The exceptions that ConverseStream models in its stream. */
const STREAM_EXCEPTIONS = [
  'internalServerException',
  'modelStreamErrorException',
  'serviceUnavailableException',
  'throttlingException',
  'validationException',
] as const;
export type StreamException = (typeof STREAM_EXCEPTIONS)[number];

/** Reasons to stop that Converse knows beside those that an answer ends with by itself. */
const STOPS = [
  'content_filtered',
  'guardrail_intervened',
  'malformed_model_output',
  'malformed_tool_use',
  'model_context_window_exceeded',
] as const;
export type StopReason = 'end_turn' | 'max_tokens' | 'stop_sequence' | 'tool_use' | (typeof STOPS)[number];

export interface Directive {
  /** The exact length of the answer, before `maxTokens` and stop sequences apply. */
  readonly tokens?: number;
  /** The exact text of the answer, before `maxTokens` and stop sequences apply. */
  readonly say?: string;
  readonly fault?: Fault;
  /** Milliseconds before each token, in place of the emulator's own delay. */
  readonly delayMs?: number;
  /** Tokens sent before a fault in mid-stream; half the answer where absent. */
  readonly after?: number;
  readonly exception?: StreamException;
  /** The tools to call, in order; one named twice is called twice. */
  readonly tools?: readonly string[];
  /** Arguments of the first call, or a list with those of each. */
  readonly args?: unknown;
  readonly stop?: (typeof STOPS)[number];
  /** What is thought where thinking is on. */
  readonly think?: string;
  /** Whether the thinking comes as a blob that the caller cannot read. */
  readonly redact?: 'yes';
  /** The title of a source that the text is said to cite. */
  readonly cite?: string;
  /** Where a stream carries its metadata; last where absent. */
  readonly metadata?: 'first';
  /** Whether a stream opens a text with an empty contentBlockStart, as some models do. */
  readonly start?: 'empty';
  /** How a stream's frames are padded; as Bedrock does where absent. */
  readonly padding?: 'none' | 'long';
}

const OPENING = '[[emulator';
const VALUE = String.raw`"[^"]*"|'[^']*'|[^\s"'\]]+`;
const WHOLE = new RegExp(String.raw`\[\[emulator((?:\s+[a-z]+=(?:${VALUE}))*)\s*\]\]`, 'y');
const WISH = new RegExp(`([a-z]+)=(${VALUE})`, 'g');
const TOKENS_MAX = 1_000_000;
const DELAY_MS_MAX = 600_000;
/** How slow `fault=slow` is where no delay is given. */
const SLOW_MS = 250;

/** The directive in the text and the text without it; an empty directive where there is none. */
export function readDirective(text: string): { readonly directive: Directive; readonly rest: string } {
  const start = text.indexOf(OPENING);
  if (start < 0) return { directive: {}, rest: text };
  WHOLE.lastIndex = start;
  const match = WHOLE.exec(text);
  if (match === null) misunderstood(text.slice(start, start + 80));
  const wishes = [...(match[1] ?? '').matchAll(WISH)];
  const directive: Directive = Object.assign(
    {},
    ...wishes.map(([, name = '', value = '']) => readWish(name, unquote(value))),
  );
  return {
    directive: directive.fault === 'slow' ? { delayMs: SLOW_MS, ...directive } : directive,
    rest: text.slice(0, start) + text.slice(start + match[0].length),
  };
}

function readWish(name: string, value: string): Directive {
  switch (name) {
    case 'tokens':
      return { tokens: wholeNumber(value, TOKENS_MAX) };
    case 'say':
      return { say: value };
    case 'fault':
      return { fault: memberOf(FAULTS, value) };
    case 'delay':
      return { delayMs: wholeNumber(value, DELAY_MS_MAX) };
    case 'after':
      return { after: wholeNumber(value, TOKENS_MAX) };
    case 'exception':
      return { exception: memberOf(STREAM_EXCEPTIONS, value) };
    default:
      return readShape(name, value);
  }
}

/** Wishes for what an answer is made of, and for how a stream is put together. */
function readShape(name: string, value: string): Directive {
  switch (name) {
    case 'tool':
    case 'tools':
      return { tools: value.split(',') };
    case 'args':
      return { args: parseArguments(value) };
    case 'stop':
      return { stop: memberOf(STOPS, value) };
    case 'think':
      return { think: value };
    case 'redact':
      return { redact: memberOf(['yes'], value) };
    case 'cite':
      return { cite: value };
    case 'metadata':
      return { metadata: memberOf(['first'], value) };
    case 'start':
      return { start: memberOf(['empty'], value) };
    case 'padding':
      return { padding: memberOf(['none', 'long'], value) };
    default:
      return misunderstood(name);
  }
}

function parseArguments(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return misunderstood(value);
  }
}

function wholeNumber(value: string, max: number): number {
  const number = Number(value);
  return /^\d+$/.test(value) && number <= max ? number : misunderstood(value);
}

const memberOf = <Name extends string>(names: readonly Name[], value: string): Name =>
  names.find((name) => name === value) ?? misunderstood(value);

const unquote = (value: string): string => (/^["']/.test(value) ? value.slice(1, -1) : value);

function misunderstood(what: string): never {
  refuse(`The Bedrock emulator does not understand its directive at: ${what}`);
}
