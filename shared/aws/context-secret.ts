/**
 * The secret that signs identity contexts, from Secrets Manager: JSON `{"current":"k1","k1":"…","k0":"…"}`.
 * It is read at most once at a time and kept for four to five minutes; jitter keeps many processes from asking
 * together. Where Secrets Manager does not answer, the last value serves for an hour.
 */
import type { ContextSecret } from '../domain/context-mac.ts';
import type { Clock, ContextSecretSource } from '../ports.ts';
import type { SignedHttp } from './signed-http.ts';
import { unavailable } from './store-failure.ts';
import { REAL_WAITING, type Waiting } from './waiting.ts';

export interface ContextSecretOptions {
  /** A transport for service `secretsmanager`. */
  readonly http: SignedHttp;
  /** Name or ARN. */
  readonly secretId: string;
  readonly clock: Clock;
  readonly waiting?: Waiting;
}

interface Cached {
  readonly secret: ContextSecret;
  readonly readAtMs: number;
  readonly freshUntilMs: number;
}

const FRESH_MS = 5 * 60_000;
const STALE_MS = 60 * 60_000;
/** After a read, successful or not, none is made sooner to look for an unknown key or to try a failure again. */
const QUIET_MS = 10_000;
const TIMEOUT_MS = 1_500;
const ATTEMPTS_MAX = 3;
const WAIT_BASE_MS = 50;

/** Its state is the last value and the read under way. `current` rejects with service_unavailable. */
export function createContextSecretSource(options: ContextSecretOptions): ContextSecretSource {
  const { clock } = options;
  const waiting = options.waiting ?? REAL_WAITING;
  let cached: Cached | undefined;
  let reading: Promise<ContextSecret> | undefined;
  let askedAtMs = Number.NEGATIVE_INFINITY;

  const read = async (): Promise<ContextSecret> => {
    askedAtMs = clock();
    try {
      const secret = await fetchSecret({ ...options, waiting });
      const freshMs = FRESH_MS * (1 - 0.2 * waiting.random());
      cached = { secret, readAtMs: clock(), freshUntilMs: clock() + freshMs };
      return secret;
    } catch (error) {
      if (cached !== undefined && clock() - cached.readAtMs < STALE_MS) return cached.secret;
      throw unavailable('context secret', error);
    } finally {
      reading = undefined;
    }
  };

  return {
    async current(wantedKeyId) {
      const nowMs = clock();
      if (cached !== undefined && !isDue(cached, { nowMs, askedAtMs, wantedKeyId })) return cached.secret;
      reading ??= read();
      return reading;
    },
  };
}

/** Whether to read again: too old to serve, or not so fresh or without the wanted key, and some time since the last try. */
function isDue(
  cached: Cached,
  of: { readonly nowMs: number; readonly askedAtMs: number; readonly wantedKeyId: string | undefined },
): boolean {
  if (of.nowMs - cached.readAtMs >= STALE_MS) return true;
  const known = of.wantedKeyId === undefined || Object.hasOwn(cached.secret.keys, of.wantedKeyId);
  if (known && of.nowMs < cached.freshUntilMs) return false;
  return of.nowMs - of.askedAtMs >= QUIET_MS;
}

async function fetchSecret(
  options: ContextSecretOptions & { readonly waiting: Waiting },
): Promise<ContextSecret> {
  const { http, secretId, waiting } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await http.send({
        path: '/',
        headers: {
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': 'secretsmanager.GetSecretValue',
        },
        body: JSON.stringify({ SecretId: secretId }),
        timeoutMs: TIMEOUT_MS,
      });
      if (answer.status === 200) return parseAnswer(answer.body.toString('utf8'));
      throw new Error(`Secrets Manager answered ${answer.status}: ${errorName(answer.body)}.`);
    } catch (error) {
      if (attempt === ATTEMPTS_MAX || error instanceof MalformedSecret) throw error;
      await waiting.wait(waiting.random() * WAIT_BASE_MS * 2 ** attempt);
    }
  }
}

/** Its message names what is wrong and never shows what was there. */
class MalformedSecret extends Error {
  override readonly name = 'MalformedSecret';
}

const KEY_ID = /^[A-Za-z0-9]{1,16}$/;
/** Shorter text cannot carry the 128 bits that a signing key must have. */
const KEY_LENGTH_MIN = 32;

function parseAnswer(text: string): ContextSecret {
  const { current, ...keys } = jsonObject(jsonObject(text)['SecretString']);
  if (typeof current !== 'string' || typeof keys[current] !== 'string') {
    throw new MalformedSecret('The context secret names no current key of its own.');
  }
  const entries = Object.entries(keys).map(([id, secret]): [string, Uint8Array] => {
    if (!KEY_ID.test(id) || typeof secret !== 'string' || secret.length < KEY_LENGTH_MIN) {
      throw new MalformedSecret('A key of the context secret has a malformed id or is too short.');
    }
    return [id, Buffer.from(secret, 'utf8')];
  });
  return { currentId: current, keys: Object.fromEntries(entries) };
}

function jsonObject(text: unknown): Readonly<Record<string, unknown>> {
  const value: unknown = typeof text === 'string' ? parseJson(text) : undefined;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new MalformedSecret('The context secret is not a JSON object.');
}

/** Undefined for anything else: the parser's own error would quote the secret. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The service's name for its refusal; its message may quote what was asked and is left out. */
function errorName(body: Buffer): string {
  const value = parseJson(body.toString('utf8'));
  const type = typeof value === 'object' && value !== null && '__type' in value ? value.__type : undefined;
  return typeof type === 'string' ? type.replace(/^.*#/, '') : 'no name';
}
