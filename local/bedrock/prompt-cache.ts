/**
 * The prompt cache: what stands before a cache point is kept for its time to live and costs less when it comes again.
 * Order and look-back follow Anthropic's documentation: tools, system, messages; a later request is served by the
 * longest prefix kept, which may end at a block where it has no cache point itself.
 */
import { createHash } from 'node:crypto';
import type { EmulatorClock } from './clock.ts';
import type { CacheTtl } from './turns.ts';

/** A piece of the prompt in order; a cache point is a piece of its own, without text or tokens. */
export type CacheSegment =
  | { readonly raw: unknown; readonly role: string; readonly tokens: number }
  | { readonly ttl: CacheTtl };

export interface CacheUse {
  readonly readTokens: number;
  readonly written: readonly { readonly ttl: CacheTtl; readonly tokens: number }[];
}

const TTL_MS = { '5m': 300_000, '1h': 3_600_000 } as const;
/** Entries beyond this many are forgotten, oldest first. */
const ENTRIES_MAX = 10_000;

interface Entry {
  readonly expiresAtMs: number;
  readonly ttl: CacheTtl;
}

/** Holds the prefixes of one emulator. */
export class PromptCache {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: EmulatorClock;
  readonly #tokensMin: number;

  /** Prefixes of fewer tokens than `tokensMin` are not kept, as models do not keep them. */
  constructor({ clock, tokensMin }: { readonly clock: EmulatorClock; readonly tokensMin: number }) {
    this.#clock = clock;
    this.#tokensMin = tokensMin;
  }

  /** What a prompt reads and writes; undefined where it has no cache points. `scope` keeps models apart. */
  use(scope: string, segments: readonly CacheSegment[]): CacheUse | undefined {
    if (!segments.some((segment) => 'ttl' in segment)) return undefined;
    const prefixes = prefixesOf(scope, segments);
    const lastPoint = prefixes.findLastIndex(({ ttl }) => ttl !== undefined);
    const read = prefixes.slice(0, lastPoint + 1).findLast(({ key }) => this.#isKept(key));
    const readTokens = read?.tokens ?? 0;
    if (read !== undefined) this.#renew(read.key);
    const written: { ttl: CacheTtl; tokens: number }[] = [];
    let from = readTokens;
    for (const { key, tokens, ttl } of prefixes) {
      if (ttl === undefined || tokens <= from || tokens < this.#tokensMin) continue;
      this.#keep(key, ttl);
      written.push({ ttl, tokens: tokens - from });
      from = tokens;
    }
    return { readTokens, written };
  }

  #isKept(key: string): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.expiresAtMs > this.#clock.now();
  }

  /** Reading makes the time to live start again. */
  #renew(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#keep(key, entry.ttl);
  }

  #keep(key: string, ttl: CacheTtl): void {
    this.#entries.delete(key);
    this.#entries.set(key, { ttl, expiresAtMs: this.#clock.now() + TTL_MS[ttl] });
    if (this.#entries.size <= ENTRIES_MAX) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}

interface Prefix {
  readonly key: string;
  readonly tokens: number;
  /** Set where a cache point ends the prefix. */
  readonly ttl: CacheTtl | undefined;
}

/** Every prefix that ends with a block, once; one that a cache point follows carries its time to live. */
function prefixesOf(scope: string, segments: readonly CacheSegment[]): readonly Prefix[] {
  const hash = createHash('sha256').update(scope);
  const prefixes: Prefix[] = [];
  let tokens = 0;
  for (const segment of segments) {
    if ('ttl' in segment) {
      const last = prefixes.pop();
      if (last !== undefined) prefixes.push({ ...last, ttl: segment.ttl });
      continue;
    }
    tokens += segment.tokens;
    hash.update(JSON.stringify([segment.role, segment.raw]));
    prefixes.push({ key: hash.copy().digest('base64'), tokens, ttl: undefined });
  }
  return prefixes;
}

/** What is left to pay in full. */
export const uncachedTokens = (total: number, use: CacheUse | undefined): number =>
  use === undefined ? total : total - use.readTokens - writtenTokens(use);

export const writtenTokens = ({ written }: CacheUse): number =>
  written.reduce((sum, { tokens }) => sum + tokens, 0);
