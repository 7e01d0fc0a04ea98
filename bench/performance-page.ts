/** docs/performance.md from the results of one run. */
import type { Contention } from './contention.ts';
import type { FirstRequest } from './first-request.ts';
import type { LimitsCost } from './limits-cost.ts';
import type { Machine } from './machine.ts';
import type { RoundTrips } from './round-trips.ts';
import { CONNECTIONS, type Saturation } from './saturation.ts';
import { REQUESTS_PER_SECOND, type Steady } from './steady.ts';
import { type ChunkCost, type FirstChunk, STREAM_TOKENS, STREAMS_AT_ONCE } from './streams.ts';
import { type Target, targetsOf } from './targets.ts';

export interface Results {
  readonly machine: Machine;
  readonly functions: readonly {
    readonly name: string;
    readonly zipBytes: number;
    readonly importMs: number;
  }[];
  readonly first: FirstRequest;
  readonly roundTrips: { readonly whole: RoundTrips; readonly streamed: RoundTrips };
  readonly limits: LimitsCost;
  readonly contended: Contention;
  readonly product: {
    readonly direct: Saturation;
    readonly saturated: Saturation;
    readonly steady: Steady;
    readonly firstChunk: FirstChunk;
    readonly directChunksPerSecond: number;
    readonly chunks: ChunkCost;
    readonly chunksOneByOne: ChunkCost;
  };
  readonly gateway: Saturation;
  readonly bare: {
    readonly saturated: Saturation;
    readonly chunks: ChunkCost;
    readonly chunksOneByOne: ChunkCost;
  };
}

export const performancePage = (results: Results): string =>
  `${[
    '# Performance',
    '`npm run bench` measures this page and writes it; do not edit it by hand. `npm run bench -- --quick` takes a ' +
      'third of the time and only prints.',
    machineText(results.machine),
    '## Targets',
    targetsText(results),
    '## Beside Bedrock itself',
    besideText(results),
    '## What a request costs',
    costText(results),
    '## Round trips to DynamoDB',
    roundTripsText(results.roundTrips),
    '## What limits cost',
    limitsText(results),
    '## The functions',
    functionsText(results),
    '## Other proxies',
    PEERS,
    '## Method',
    METHOD,
  ].join('\n\n')}\n`;

const machineText = ({ cpu, cores, node, at, load }: Machine): string =>
  `Measured ${at.toISOString().slice(0, 10)} on ${cpu}, ${cores} cores, Node ${node}, load average before the run ` +
  `${load.toFixed(1)}. Everything ran on that one machine over loopback, Bedrock being the emulator of this ` +
  'repository without delay: these are figures of the proxy, not of AWS.';

function targetsText(results: Results): string {
  const targets = targetsOf(results);
  const missed = targets.filter((target) => !isMet(target));
  return [
    'With authentication, limits, ledger and logging on:',
    table(['', 'target', 'measured', ''], targets.map(targetRow)),
    ...missed.map(({ what, cause }) => `**Missed: ${what}.** ${cause}`),
  ].join('\n\n');
}

const isMet = ({ measured, atMost }: Target): boolean => measured <= atMost;

const targetRow = (target: Target): readonly string[] => [
  target.what,
  `≤ ${target.atMost} ${target.unit}`,
  `${target.measured.toFixed(target.digits)} ${target.unit}`,
  isMet(target) ? 'met' : '**missed**',
];

function besideText({ product }: Results): string {
  const { steady, firstChunk, saturated, direct } = product;
  const added = (proxy: number, straight: number): readonly string[] => [
    straight.toFixed(2),
    proxy.toFixed(2),
    (proxy - straight).toFixed(2),
  ];
  const rates = (proxy: number, straight: number): readonly string[] => [whole(straight), whole(proxy), ''];
  const rows = table(
    ['', 'straight to Bedrock', 'through the proxy', 'added'],
    [
      [`p50 at ${REQUESTS_PER_SECOND} requests/s, ms`, ...added(steady.proxyP50Ms, steady.directP50Ms)],
      [`p99 at ${REQUESTS_PER_SECOND} requests/s, ms`, ...added(steady.proxyP99Ms, steady.directP99Ms)],
      ['first chunk of a stream, p50 ms', ...added(firstChunk.proxyP50Ms, firstChunk.directP50Ms)],
      ['first chunk of a stream, p99 ms', ...added(firstChunk.proxyP99Ms, firstChunk.directP99Ms)],
      [
        'chunks/s, one stream at a time',
        ...rates(firstChunk.proxyChunksPerSecond, firstChunk.directChunksPerSecond),
      ],
      [
        `chunks/s, ${STREAMS_AT_ONCE} streams at once`,
        ...rates(product.chunks.chunksPerSecond, product.directChunksPerSecond),
      ],
      [`requests/s, ${CONNECTIONS} at once`, ...rates(saturated.requestsPerSecond, direct.requestsPerSecond)],
    ],
  );
  return `${rows}\n\nAn answer ends when it is settled: two writes to DynamoDB, one after the other, are in the time of a whole answer.`;
}

function costText({ product, gateway, bare, first }: Results): string {
  const row = (what: string, of: Saturation): readonly string[] => [
    what,
    fixed(of.cpuMsPerRequest, 2),
    whole(of.requestsPerSecond),
    fixed(of.cores, 2),
    fixed(of.residentMb, 0),
  ];
  const chunkRow = (
    what: string,
    of: Pick<Results['bare'], 'chunks' | 'chunksOneByOne'>,
  ): readonly string[] => [
    what,
    of.chunks.cpuMicrosPerChunk.toFixed(1),
    of.chunksOneByOne.cpuMicrosPerChunk.toFixed(1),
  ];
  return [
    table(
      [`${CONNECTIONS} requests at once`, 'CPU ms a request', 'requests/s', 'cores used', 'resident MB'],
      [
        row('the product: gateway stand-in, authorizer, proxy', product.saturated),
        row('the gateway stand-in with functions that do nothing', gateway),
        row('a bare node:http pipe to Bedrock', bare.saturated),
      ],
    ),
    'Lambda does not pay the gateway stand-in, which is part of the first figure; the target is held against the whole.',
    table(
      [
        `CPU µs a chunk, ${STREAMS_AT_ONCE} streams at once`,
        'as fast as they come',
        'each chunk by itself, 1 ms apart',
      ],
      [chunkRow('the product', product), chunkRow('a bare node:http pipe', bare)],
    ),
    'As fast as they come, some hundred chunks arrive in one read and leave in one write. By themselves, each costs a ' +
      'wake-up, a read and a write of its own, the greater part of which the bare pipe pays, too.',
    `The first request of a fresh process takes ${first.firstMs.toFixed(0)} ms (gateway, authorizer and proxy in one ` +
      `process, nothing connected yet; the proxy function's own part is ${first.firstProcessingMs.toFixed(0)} ms), ` +
      `the second ${first.secondMs.toFixed(1)} ms.`,
  ].join('\n\n');
}

function roundTripsText(roundTrips: Results['roundTrips']): string {
  const row = (what: string, of: RoundTrips): readonly string[] => [
    what,
    String(of.total),
    String(of.sequentialBeforeBedrock),
    of.storeMsBeforeBedrock.toFixed(2),
    of.operations.join(', '),
  ];
  return [
    table(
      ['a request', 'total', 'one after the other before Bedrock', 'ms they took', 'which'],
      [row('whole answer', roundTrips.whole), row('streamed answer', roundTrips.streamed)],
    ),
    'Counted on the wire by a proxy between the functions and the local DynamoDB.',
  ].join('\n\n');
}

function limitsText({ limits, contended }: Results): string {
  const row = (what: string, { cpuMsPerRequest, requestsPerSecond }: Saturation): readonly string[] => [
    what,
    fixed(cpuMsPerRequest, 2),
    whole(requestsPerSecond),
  ];
  const difference = (limits.limited.cpuMsPerRequest ?? 0) - (limits.unlimited.cpuMsPerRequest ?? 0);
  const quiet = (what: string, of: Contention['alone']): readonly string[] => [
    what,
    of.callsPerRequest.toFixed(2),
    String(of.retries),
    String(of.conflicts),
    of.p50Ms.toFixed(2),
    of.p99Ms.toFixed(2),
  ];
  return [
    table(
      [`${CONNECTIONS} requests at once, from the sources`, 'CPU ms a request', 'requests/s'],
      [row('with limits and ledger', limits.limited), row('without', limits.unlimited)],
    ),
    `Admission and settlement with their three writes cost ${difference.toFixed(2)} ms of CPU a request.`,
    table(
      ['DynamoDB, a request', 'table', 'calls', 'units billed'],
      limits.units.map(({ operation, table: name, calls, units }) => [
        operation,
        name,
        calls.toFixed(2),
        units.toFixed(2),
      ]),
    ),
    `Units are the store's own count, with ${CONNECTIONS} requests of one project under way: its limits item then holds ` +
      'their entries, and a write is billed by the kilobyte of the whole item.',
    table(
      ['a quiet project', 'store calls a request', 'retries', 'conflicts', 'p50 ms', 'p99 ms'],
      [quiet('alone', contended.alone), quiet('beside a busy one', contended.besideBusy)],
    ),
    `The busy project made ${whole(contended.busy.requests)} requests meanwhile and met ${contended.busy.conflicts} ` +
      'conflicts on its own item. Times share one process and one store with it here; calls and conflicts do not.',
  ].join('\n\n');
}

const functionsText = ({ functions }: Results): string =>
  table(
    ['function', 'zip, kB', 'import, ms'],
    functions.map(({ name, zipBytes, importMs }) => [
      name,
      (zipBytes / 1000).toFixed(1),
      importMs.toFixed(1),
    ]),
  );

const PEERS = [
  'Measured apart from this run, on 20 November 2026 with Node 20 on one core: 1 KB prompt, 200-token answer, a stand-in ' +
    'for Bedrock on loopback. **None of them checks a key, holds a limit or keeps a ledger.**',
  table(
    ['proxy', 'CPU ms a request', 'CPU µs a chunk'],
    [
      ['Portkey', '1.99', '32'],
      ['bedrock-access-gateway', '1.53', '123'],
      ['bare proxy on the AWS SDK over HTTP/1.1', '0.89', '31'],
      ['bare proxy with hand-signed requests', '0.11', '8.6'],
      ['bare node:http pipe', '0.065', '6.5'],
    ],
  ),
  'The last row compares machines and methods: it is the bare pipe of the tables above. A chunk cost it more than here, so ' +
    'fewer chunks will have come in one read; compare multiples of the pipe, not microseconds.',
].join('\n\n');

const METHOD = [
  `- A 1 KB prompt, ${STREAM_TOKENS} tokens of answer. The process under test holds the gateway stand-in and the minified ` +
    'bundles of authorizer and proxy, out of the zips that would be deployed. DynamoDB (dynoxide, in memory), the Bedrock ' +
    'emulator, and the load together with the secrets are three other processes.',
  '- CPU is `process.cpuUsage` of the process under test, all its threads, over the requests of the same time. It is not ' +
    'divided by anything: garbage collection and the compiler are in it.',
  `- ${REQUESTS_PER_SECOND} requests/s are sent in open loop, turn about with as many straight to Bedrock, so that whatever ` +
    'else the machine does happens to both. First chunks are taken from one stream at a time, turn about.',
  `- A chunk's cost is what ${STREAM_TOKENS} tokens cost beyond what one token costs, a token.`,
  '- Where the process used less than one core at saturation, something else was the bottleneck: the local DynamoDB, or ' +
    'whoever shares the machine.',
  '- Imports are the median of fresh processes. `BENCH_CPU_PROFILE=<folder> npm run bench` leaves a CPU profile of each ' +
    'process under test.',
].join('\n');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const fixed = (value: number | undefined, digits: number): string => value?.toFixed(digits) ?? '–';
