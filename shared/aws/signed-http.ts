/**
 * Signed requests to AWS over node:http, the transport of the hot path: kept-alive HTTP/1.1, a deadline, an abort
 * signal and a bounded answer. It neither interprets statuses nor retries, with one exception: a kept-alive
 * connection that proves dead before a byte of the answer came is replaced and the request sent again, because
 * a Lambda that was frozen wakes up holding connections that the other side closed long ago.
 */
import * as http from 'node:http';
import * as https from 'node:https';
import type { Clock } from '../ports.ts';
import { type CallGuard, createCallGuard } from './call-guard.ts';
import { type AwsCredentials, createSigner } from './sigv4.ts';
import { TransportError } from './transport-error.ts';

/** Called for every request, so that a caller may refresh its credentials; it should answer from memory. */
export type CredentialsProvider = () => AwsCredentials | Promise<AwsCredentials>;

export interface SignedHttpOptions {
  readonly region: string;
  /** The name in the credential scope: `dynamodb`, `bedrock`, `secretsmanager`. */
  readonly service: string;
  /** `https://host` or `http://host:port`, optionally with a path that prefixes every request's. */
  readonly endpoint: string;
  readonly credentials: CredentialsProvider;
  readonly clock: Clock;
  /** By default 1,000 ms, TLS included. */
  readonly connectTimeoutMs?: number;
  /** How soon a kept-alive connection must break to count as one that was dead before; by default 1,000 ms. */
  readonly staleWithinMs?: number;
  /** The most that `send` reads of an answer; by default 32 MiB. */
  readonly responseBytesMax?: number;
  /** By default an agent of its own that keeps connections alive. */
  readonly agent?: http.Agent;
}

export interface SignedRequest {
  /** By default POST. */
  readonly method?: 'GET' | 'POST' | 'PUT';
  /** Begins with `/`, percent-encoded where needed, without a query. */
  readonly path: string;
  /** Lower-case names; `host` and `content-length` are added. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** `send`: to the last byte of the answer. `open`: to its headers. */
  readonly timeoutMs: number;
}

export interface WholeAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  /** 2 where a kept-alive connection broke: the service may then have had the request twice. */
  readonly sends: Sends;
}

export type Sends = 1 | 2;

export interface SignedHttp {
  /** The whole answer, whatever its status. Rejects with TransportError. */
  send(request: SignedRequest): Promise<WholeAnswer>;
  /**
   * The answer once its headers are here; the caller reads or destroys it. Until it closes, aborting the signal
   * destroys it with a TransportError; silence after the headers is the caller's to bound, by the signal.
   */
  open(request: SignedRequest): Promise<http.IncomingMessage>;
  /** Closes the agent's connections. */
  close(): void;
}

const CONNECT_TIMEOUT_MS = 1_000;
/** A connection that died while it was idle shows within a round trip; what breaks later may have been worked on. */
const STALE_WITHIN_MS = 1_000;
const RESPONSE_BYTES_MAX = 32 * 1024 * 1024;

/** A transport for one service of one region. */
export function createSignedHttp(options: SignedHttpOptions): SignedHttp {
  const { clock, credentials } = options;
  const endpoint = new URL(options.endpoint);
  const prefix = endpoint.pathname.replace(/\/$/, '');
  const target = targetOf(endpoint, options);
  const sign = createSigner(options);

  const begin = async (request: SignedRequest, guard: CallGuard): Promise<Exchanged> => {
    const { body, method = 'POST' } = request;
    const path = prefix + request.path;
    const length = String(Buffer.byteLength(body));
    const headers = sign(await credentials(), {
      request: {
        method,
        path,
        body,
        headers: { ...request.headers, host: endpoint.host, 'content-length': length },
      },
      nowMs: clock(),
    });
    return exchange(target, { wire: { method, path, headers, body }, guard });
  };

  return {
    async send(request) {
      const guard = createCallGuard(request);
      try {
        const { response, sends } = await begin(request, guard);
        const body = await readWhole(response, {
          bytesMax: options.responseBytesMax ?? RESPONSE_BYTES_MAX,
          guard,
        });
        return { status: response.statusCode ?? 0, headers: response.headers, body, sends };
      } finally {
        guard.release();
      }
    },
    async open(request) {
      const guard = createCallGuard(request);
      try {
        const { response } = await begin(request, guard);
        guard.stopClock();
        response.once('close', guard.release);
        return response;
      } catch (error) {
        guard.release();
        throw error;
      }
    },
    close: () => target.agent.destroy(),
  };
}

interface Target {
  readonly request: typeof http.request;
  readonly options: http.RequestOptions;
  readonly agent: http.Agent;
  readonly connectTimeoutMs: number;
  readonly staleWithinMs: number;
  /** The event of a new socket that means it can be written to. */
  readonly connected: 'connect' | 'secureConnect';
}

function targetOf(endpoint: URL, options: SignedHttpOptions): Target {
  const tls = endpoint.protocol === 'https:';
  const agent = options.agent ?? new (tls ? https : http).Agent({ keepAlive: true });
  return {
    request: tls ? https.request : http.request,
    options: {
      // A literal IPv6 host is bracketed in a URL but not for a socket.
      hostname: endpoint.hostname.replace(/^\[|\]$/g, ''),
      ...(endpoint.port !== '' && { port: endpoint.port }),
      agent,
    },
    agent,
    connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    staleWithinMs: options.staleWithinMs ?? STALE_WITHIN_MS,
    connected: tls ? 'secureConnect' : 'connect',
  };
}

interface Call {
  readonly wire: {
    readonly method: string;
    readonly path: string;
    readonly headers: Record<string, string>;
    readonly body: string | Uint8Array;
  };
  readonly guard: CallGuard;
}

interface Exchanged {
  readonly response: http.IncomingMessage;
  readonly sends: Sends;
}

/** Sends, and sends once more on a new connection where a kept-alive one was dead. */
async function exchange(target: Target, call: Call): Promise<Exchanged> {
  const first = await attempt(target, call);
  if (first !== 'stale-connection') return { response: first, sends: 1 };
  // Its siblings were idle as long, so all of them are let go: the next attempt must open a new one.
  for (const sockets of Object.values(target.agent.freeSockets)) {
    for (const socket of sockets ?? []) socket.destroy();
  }
  const second = await attempt(target, call);
  if (second === 'stale-connection') throw new TransportError('reset');
  return { response: second, sends: 2 };
}

function attempt(target: Target, { wire, guard }: Call): Promise<http.IncomingMessage | 'stale-connection'> {
  return new Promise((resolve, reject) => {
    let connected = false;
    let silent = (): boolean => true;
    const begunMs = performance.now();
    // A list goes out as it is; node:http would copy and check an object's headers one by one.
    const headers = Object.entries(wire.headers).flat();
    const outgoing = target.request({ ...target.options, method: wire.method, path: wire.path, headers });
    outgoing.on('response', (response) => {
      guard.protect(response);
      resolve(response);
    });
    outgoing.on('socket', (socket) => {
      const { bytesRead } = socket;
      silent = () => socket.bytesRead === bytesRead;
      if (!socket.connecting) connected = true;
      else awaitConnection(outgoing, { socket, target, onConnected: () => (connected = true) });
    });
    // Stays for good: once the response is here, its own error event tells, and this one must not be unhandled.
    outgoing.on('error', (error) => {
      const atOnce = performance.now() - begunMs < target.staleWithinMs;
      const stale = outgoing.reusedSocket && atOnce && silent();
      if (guard.struck() === undefined && stale) resolve('stale-connection');
      else reject(transportError(error, { guard, connected }));
    });
    guard.protect(outgoing);
    outgoing.end(wire.body);
  });
}

function awaitConnection(
  outgoing: http.ClientRequest,
  of: {
    readonly socket: NodeJS.EventEmitter;
    readonly target: Target;
    readonly onConnected: () => void;
  },
): void {
  const { socket, target } = of;
  const timer = setTimeout(
    () => outgoing.destroy(new TransportError('connect', 'timed out')),
    target.connectTimeoutMs,
  );
  socket.once(target.connected, () => {
    clearTimeout(timer);
    of.onConnected();
  });
  socket.once('close', () => clearTimeout(timer));
}

function transportError(
  error: unknown,
  of: { readonly guard: CallGuard; readonly connected: boolean },
): TransportError {
  const struck = of.guard.struck();
  if (struck !== undefined) return struck;
  if (error instanceof TransportError) return error;
  return new TransportError(of.connected ? 'reset' : 'connect', error);
}

function readWhole(
  response: http.IncomingMessage,
  of: { readonly bytesMax: number; readonly guard: CallGuard },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > of.bytesMax) response.destroy(new TransportError('answer-too-large'));
    });
    response.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    response.on('error', (error) => reject(transportError(error, { guard: of.guard, connected: true })));
  });
}
