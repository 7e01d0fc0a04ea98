/** What the product promises of its speed, and why a promise is broken where it is. */
import type { Results } from './performance-page.ts';

export interface Target {
  readonly what: string;
  readonly atMost: number;
  readonly unit: string;
  readonly measured: number;
  /** After the point. */
  readonly digits: number;
  /** Said where it is missed. */
  readonly cause: string;
}

export function targetsOf({ product, functions, roundTrips, gateway }: Results): readonly Target[] {
  const { saturated, chunks, firstChunk } = product;
  const storeMs = roundTrips.streamed.storeMsBeforeBedrock.toFixed(2);
  return [
    {
      what: 'CPU a request',
      atMost: 1,
      unit: 'ms',
      measured: saturated.cpuMsPerRequest ?? Number.POSITIVE_INFINITY,
      digits: 2,
      cause:
        'A request is five signed HTTP calls (read the key, reserve, Bedrock, settle, record), where the peers make one; ' +
        `another ${gateway.cpuMsPerRequest?.toFixed(2)} ms is the gateway stand-in. The profile is flat: no function of ` +
        'ours has more than some percent; node:http, promises and garbage collection share most of it, and every ' +
        'answer of a store wakes the process by itself.',
    },
    {
      what: 'CPU a streamed chunk',
      atMost: 12,
      unit: 'µs',
      measured: chunks.cpuMicrosPerChunk,
      digits: 1,
      cause: 'See the cost of a chunk below, beside that of a bare pipe.',
    },
    {
      what: "first chunk after the direct call's",
      atMost: 2,
      unit: 'ms',
      measured: firstChunk.proxyP50Ms - firstChunk.directP50Ms,
      digits: 2,
      cause:
        `Before Bedrock is called the local DynamoDB answers two calls one after the other, which alone takes ${storeMs} ms ` +
        '(counted below); reading the key and reserving cannot be left out or overlapped.',
    },
    {
      what: 'largest zip',
      atMost: 122,
      unit: 'kB',
      measured: Math.max(...functions.map(({ zipBytes }) => zipBytes)) / 1000,
      digits: 1,
      cause: 'See the functions below.',
    },
    {
      what: 'slowest import',
      atMost: 60,
      unit: 'ms',
      measured: Math.max(...functions.map(({ importMs }) => importMs)),
      digits: 1,
      cause: 'See the functions below.',
    },
  ];
}
