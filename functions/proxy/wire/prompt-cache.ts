/** Marks of a prompt cache, in OpenAI's spelling and in Anthropic's, which many clients send to any endpoint. */
import type { CacheLifetime, CachePoint } from '../../../shared/domain/conversation.ts';
import { assertKeys, type JsonObject, readChoice, readObject, within } from './json-value.ts';
import type { Reading } from './reading.ts';
import { refuseMissing, refuseUnsupportedValue } from './refusal.ts';

const CONTROL_KEYS: ReadonlySet<string> = new Set(['type', 'ttl']);
const BREAKPOINT_KEYS: ReadonlySet<string> = new Set(['mode', 'ttl']);

/** What `prompt_cache_options` asks of the whole request. */
export interface PromptCacheOptions {
  /** Whether the end of the prompt is a cache point, too. */
  readonly endOfPrompt: 'cached' | 'not-cached';
  /** What breakpoints have that name no lifetime of their own. */
  readonly ttl?: CacheLifetime;
}

/** What reading a cache point depends on. */
export interface CacheContext {
  readonly reading: Reading;
  /** How long those keep that do not say so themselves; absent: as long as the model does by default. */
  readonly cacheTtl: CacheLifetime | undefined;
}

const CONTROL = 'cache_control';
const BREAKPOINT = 'prompt_cache_breakpoint';

/** The cache point of a part, a message or a tool, whichever way it is spelled. */
export function readCachePoint(
  holder: JsonObject,
  of: CacheContext & { readonly param: string },
): CachePoint | undefined {
  const { reading, cacheTtl } = of;
  if (holder[CONTROL] === undefined && holder[BREAKPOINT] === undefined) return undefined;
  const control = readCacheControl(holder[CONTROL], within(of.param, CONTROL));
  const breakpoint = readBreakpoint(holder[BREAKPOINT], { cacheTtl, param: within(of.param, BREAKPOINT) });
  if (control !== undefined) reading.nameCachePoint(CONTROL);
  else if (breakpoint !== undefined) reading.nameCachePoint(BREAKPOINT);
  return control ?? breakpoint;
}

/** Anthropic's: `{"type": "ephemeral", "ttl": "5m" | "1h"}`. */
export function readCacheControl(value: unknown, param: string): CachePoint | undefined {
  const control = readObject(value, param);
  if (control === undefined) return undefined;
  assertKeys(control, { param, known: CONTROL_KEYS });
  const type = readChoice(control['type'], { param: within(param, 'type'), choices: ['ephemeral'] });
  if (type === undefined) return refuseMissing(within(param, 'type'));
  const ttl = readChoice(control['ttl'], { param: within(param, 'ttl'), choices: ['5m', '1h'] });
  return cachePoint(ttl);
}

function readBreakpoint(
  value: unknown,
  of: Pick<CacheContext, 'cacheTtl'> & { readonly param: string },
): CachePoint | undefined {
  const { param } = of;
  const breakpoint = readObject(value, param);
  if (breakpoint === undefined) return undefined;
  assertKeys(breakpoint, { param, known: BREAKPOINT_KEYS });
  const mode = readChoice(breakpoint['mode'], { param: within(param, 'mode'), choices: ['explicit'] });
  if (mode === undefined) return refuseMissing(within(param, 'mode'));
  return cachePoint(readLifetime(breakpoint['ttl'], within(param, 'ttl')) ?? of.cacheTtl);
}

/** `prompt_cache_options`; where there are none, only what is marked is cached. */
export function readCacheOptions(value: unknown, param: string): PromptCacheOptions {
  const options = readObject(value, param);
  if (options === undefined) return { endOfPrompt: 'not-cached' };
  assertKeys(options, { param, known: BREAKPOINT_KEYS });
  const mode = readChoice(options['mode'], {
    param: within(param, 'mode'),
    choices: ['implicit', 'explicit'],
  });
  const ttl = readLifetime(options['ttl'], within(param, 'ttl'));
  return {
    endOfPrompt: mode === 'explicit' ? 'not-cached' : 'cached',
    ...(ttl !== undefined && { ttl }),
  };
}

/** OpenAI's lifetimes are the least that is asked for: an hour keeps the promise of 30 minutes, nothing that of 12 hours. */
function readLifetime(value: unknown, param: string): CacheLifetime | undefined {
  const ttl = readChoice(value, { param, choices: ['30m', '12h'] });
  if (ttl === '12h') {
    return refuseUnsupportedValue(param, `'${param}' does not support '12h' here. The longest is '30m'.`);
  }
  return ttl === undefined ? undefined : '1h';
}

export const cachePoint = (ttl: CacheLifetime | undefined): CachePoint => ({
  type: 'cache-point',
  ...(ttl !== undefined && { ttl }),
});
