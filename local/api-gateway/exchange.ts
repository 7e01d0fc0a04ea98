/** One request as it arrived, with everything that is derived from it once: ids, time, address, paths. */
import type { IncomingMessage } from 'node:http';
import { formatRequestTime } from './request-time.ts';

/** What is the same for every request of an API. */
export interface ApiIdentity {
  readonly apiId: string;
  readonly accountId: string;
  readonly region: string;
  readonly stage: string;
  /** Whether a root resource is named like the stage: then no path begins with the stage's name. */
  readonly stageIsResource: boolean;
}

export interface Exchange {
  readonly api: ApiIdentity;
  readonly requestId: string;
  readonly extendedRequestId: string;
  /** A fresh X-Ray trace header value, used where the caller sent none. */
  readonly traceId: string;
  readonly receivedAtMs: number;
  readonly requestTime: string;
  readonly method: string;
  /** The path without the stage, as sent. */
  readonly path: string;
  /** The path with the stage. */
  readonly stagePath: string;
  /** What follows the question mark; empty where nothing does. */
  readonly query: string;
  /** `HTTP/1.1`. */
  readonly protocol: string;
  readonly sourceIp: string;
  /** Names and values in turn, as sent. */
  readonly rawHeaders: readonly string[];
  /** The value of a header by its name in lower case. */
  header(name: string): string | undefined;
}

export interface ExchangeSources {
  readonly api: ApiIdentity;
  readonly clock: () => number;
  readonly random: (length: number) => Uint8Array;
}

/**
 * Reads what a request says of itself. A path may begin with `/<stage>`, as at the execute-api address, or not,
 * as behind a custom domain; `path` is the same either way.
 */
export function readExchange(sources: ExchangeSources, request: IncomingMessage): Exchange {
  const { api } = sources;
  const receivedAtMs = sources.clock();
  const [sent, query] = splitTarget(request.url ?? '/');
  const path = withoutStage(api, sent);
  return {
    api,
    ...freshIds(sources.random(39), receivedAtMs),
    receivedAtMs,
    requestTime: formatRequestTime(receivedAtMs),
    method: request.method ?? 'GET',
    path,
    stagePath: `/${api.stage}${path}`,
    query,
    protocol: `HTTP/${request.httpVersion}`,
    sourceIp: request.socket.remoteAddress ?? '',
    rawHeaders: request.rawHeaders,
    header: (name) => firstOf(request.headers[name]),
  };
}

/** A request that could not be read: it has ids and a time, and nothing else is known of it. */
export function unreadableExchange(sources: ExchangeSources): Exchange {
  const receivedAtMs = sources.clock();
  return {
    api: sources.api,
    ...freshIds(sources.random(39), receivedAtMs),
    receivedAtMs,
    requestTime: formatRequestTime(receivedAtMs),
    method: '',
    path: '',
    stagePath: '',
    query: '',
    protocol: 'HTTP/1.1',
    sourceIp: '',
    rawHeaders: [],
    header: () => undefined,
  };
}

/** An absolute target, as proxies send it, loses its origin. */
function splitTarget(url: string): readonly [path: string, query: string] {
  const target = url.startsWith('/') ? url : url.replace(/^[a-z]+:\/\/[^/?]*/i, '');
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  return [path === '' ? '/' : path, mark === -1 ? '' : target.slice(mark + 1)];
}

function withoutStage(api: ApiIdentity, path: string): string {
  const prefix = `/${api.stage}`;
  if (api.stageIsResource || !path.startsWith(prefix)) return path;
  if (path.length === prefix.length) return '/';
  return path[prefix.length] === '/' ? path.slice(prefix.length) : path;
}

function freshIds(bytes: Uint8Array, atMs: number) {
  const random = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const seconds = Math.floor(atMs / 1000).toString(16);
  return {
    requestId: formatUuid(random.subarray(0, 16)),
    extendedRequestId: random.toString('base64', 16, 27),
    traceId: `Root=1-${seconds}-${random.toString('hex', 27, 39)}`,
  };
}

/** Sixteen random bytes as a version 4 UUID (RFC 9562). */
export function formatUuid(bytes: Uint8Array): string {
  const copy = Buffer.from(bytes);
  copy[6] = ((copy[6] ?? 0) & 0x0f) | 0x40;
  copy[8] = ((copy[8] ?? 0) & 0x3f) | 0x80;
  const hex = copy.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const firstOf = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : value?.[0];
