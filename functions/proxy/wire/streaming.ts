/** How an answer is to come. */
import { assertKeys, type JsonObject, readBoolean, readObject } from './json-value.ts';
import type { Reading } from './reading.ts';
import { refuseValue } from './refusal.ts';

export interface Streaming {
  /** Whether it comes as server-sent events. */
  readonly stream: boolean;
  /** Whether the last of them tells what was used. */
  readonly includeUsage: boolean;
}

const STREAM_KEYS: ReadonlySet<string> = new Set(['include_usage', 'include_obfuscation']);

/** `stream` and `stream_options`. */
export function readStreaming(body: JsonObject, reading: Reading): Streaming {
  const stream = readBoolean(body['stream'], 'stream') ?? false;
  const options = readObject(body['stream_options'], 'stream_options');
  if (options === undefined) return { stream, includeUsage: false };
  if (!stream) refuseValue('stream_options', "it is allowed only where 'stream' is true.");
  assertKeys(options, { param: 'stream_options', known: STREAM_KEYS });
  const includeUsage = readBoolean(options['include_usage'], 'stream_options.include_usage') ?? false;
  const obfuscated = readBoolean(options['include_obfuscation'], 'stream_options.include_obfuscation');
  if (obfuscated === true) reading.ignore('stream_options.include_obfuscation');
  return { stream, includeUsage };
}
