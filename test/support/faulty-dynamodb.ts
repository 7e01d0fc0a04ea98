/**
 * A network between the functions and a DynamoDB that loses requests and answers, throttles, hangs or is down, as its
 * weather says. It speaks HTTP and knows of DynamoDB no more than the name of an operation and of its table.
 */
import { once } from 'node:events';
import * as http from 'node:http';
import { mulberry32 } from './storm-random.ts';

/**
 * `lost-request`: the connection breaks before the store hears of it. `lost-answer`: the store does it, and the connection
 * breaks. `throttled`: refused with a 400 that may be retried. `hung`: nothing happens until the sender gives up.
 * `down`: the connection breaks, whatever is asked.
 */
export const FAULTS = ['lost-request', 'lost-answer', 'throttled', 'hung', 'down'] as const;
export type Fault = (typeof FAULTS)[number];

/** The part of the requests, 0 to 1, that each fault befalls; together at most 1. */
export interface Weather extends Partial<Readonly<Record<Fault, number>>> {
  /** Operations such as `UpdateItem` that may be befallen; all of them where absent. */
  readonly operations?: readonly string[];
  /** The ends of the names of tables, such as `-limits`, whose requests may be befallen; all where absent. */
  readonly tables?: readonly string[];
}

export type Counts = Readonly<Record<Fault | 'passed', number>>;

export interface FaultyDynamo {
  readonly endpoint: string;
  /** What has been done to requests so far. */
  readonly counts: Counts;
  /** Sets the weather from the next request on. Requests that hang stay so. */
  set(weather: Weather): void;
  /** Resolves when so many requests, counted from this call, met with a fault. */
  whenFaulted(times: number): Promise<void>;
  /** Resolves when the store has answered all that was passed on to it. */
  whenIdle(): Promise<void>;
  close(): Promise<void>;
}

interface Asked {
  readonly operation: string;
  readonly body: Buffer;
}

const THROTTLES = ['ProvisionedThroughputExceededException', 'ThrottlingException'] as const;

/** Starts it in fair weather before the DynamoDB at `target`. */
export async function startFaultyDynamo(of: {
  readonly target: string;
  readonly seed: number;
}): Promise<FaultyDynamo> {
  const random = mulberry32(of.seed);
  const agent = new http.Agent({ keepAlive: true });
  const counts = { passed: 0, 'lost-request': 0, 'lost-answer': 0, throttled: 0, hung: 0, down: 0 };
  const waiters = new Set<{ left: number; readonly resolve: () => void }>();
  const pending = new Set<Promise<unknown>>();
  let weather: Weather = {};
  const note = (fate: Fault | undefined): void => {
    counts[fate ?? 'passed'] += 1;
    if (fate === undefined) return;
    for (const waiter of waiters) {
      waiter.left -= 1;
      if (waiter.left > 0) continue;
      waiters.delete(waiter);
      waiter.resolve();
    }
  };
  const server = http.createServer(async (request, response) => {
    try {
      const body = Buffer.concat(await request.toArray());
      const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '');
      const fate = fateOf(weather, { operation, body }, random);
      note(fate);
      if (fate === undefined || fate === 'lost-answer') {
        const forwarded = forward(agent, { target: of.target, request, body });
        pending.add(forwarded);
        const answer = await forwarded.finally(() => pending.delete(forwarded));
        if (fate === undefined) response.writeHead(answer.status, answer.headers).end(answer.body);
        else response.socket?.resetAndDestroy();
      } else befall(response, fate, THROTTLES[counts.throttled % 2] ?? THROTTLES[0]);
    } catch {
      // The sender gave up, or the store is gone: what a broken connection says.
      response.socket?.resetAndDestroy();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: endpointOf(server),
    counts,
    set: (next) => {
      weather = next;
    },
    whenFaulted: (times) => new Promise((resolve) => waiters.add({ left: times, resolve })),
    whenIdle: async () => {
      while (pending.size > 0) await Promise.allSettled(pending);
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      agent.destroy();
    },
  };
}

function endpointOf(server: http.Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A TCP server has no port.');
  return `http://127.0.0.1:${address.port}`;
}

/** One draw a request that may be befallen, so that a seed means the same faults for the same order of requests. */
function fateOf(weather: Weather, asked: Asked, random: () => number): Fault | undefined {
  const { operations, tables } = weather;
  if (operations !== undefined && !operations.includes(asked.operation)) return undefined;
  if (tables !== undefined && !tables.some((end) => asked.body.includes(`${end}"`))) return undefined;
  const draw = random();
  let below = 0;
  for (const fault of FAULTS) {
    below += weather[fault] ?? 0;
    if (draw < below) return fault;
  }
  return undefined;
}

function befall(response: http.ServerResponse, fate: Exclude<Fault, 'lost-answer'>, throttle: string): void {
  if (fate === 'hung') return;
  if (fate !== 'throttled') {
    response.socket?.resetAndDestroy();
    return;
  }
  const body = JSON.stringify({
    __type: `com.amazonaws.dynamodb.v20120810#${throttle}`,
    message: 'Slow down.',
  });
  response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(body);
}

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

function forward(
  agent: http.Agent,
  of: { readonly target: string; readonly request: http.IncomingMessage; readonly body: Buffer },
): Promise<Answer> {
  const { request, body } = of;
  return new Promise((resolve, reject) => {
    const options = { agent, method: 'POST', path: request.url, headers: request.headers };
    const onward = http.request(of.target, options, (response) => {
      response.toArray().then((chunks) => {
        const { statusCode: status = 500, headers } = response;
        resolve({ status, headers, body: Buffer.concat(chunks) });
      }, reject);
    });
    onward.once('error', reject);
    onward.end(body);
  });
}
