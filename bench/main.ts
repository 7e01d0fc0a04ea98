/**
 * `npm run bench`: measures the proxy beside Bedrock itself, in one run on this machine, and writes the table of
 * docs/performance.md. `--quick` takes about twenty seconds, prints the table and writes nothing.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Answer, type Call, directCall, proxyCall } from './calls.ts';
import { contention } from './contention.ts';
import { firstRequest } from './first-request.ts';
import { importMs } from './import-time.ts';
import { limitsCost, unitsOf } from './limits-cost.ts';
import { machineNow } from './machine.ts';
import { type StoreCall, startMeteredStore } from './metered-store.ts';
import { performancePage, type Results } from './performance-page.ts';
import { countRoundTrips } from './round-trips.ts';
import { saturate } from './saturation.ts';
import { steady } from './steady.ts';
import { bothCalls, chunkCost, directChunksPerSecond, firstChunks, STREAM_TOKENS } from './streams.ts';
import { type RunningSubject, startSubject } from './subject.ts';
import type { Subject } from './subject-process.ts';
import { partitionOfKey, type Surroundings, startSurroundings } from './surroundings.ts';

interface Effort {
  readonly seconds: number;
  /** The product is warm after some thousand requests; what carries more of them is sooner. */
  readonly warmUpSeconds: number;
  readonly steadySeconds: number;
  readonly streams: number;
  readonly runs: number;
}

const FULL: Effort = { seconds: 6, warmUpSeconds: 12, steadySeconds: 12, streams: 400, runs: 7 };
const QUICK: Effort = { seconds: 2, warmUpSeconds: 1, steadySeconds: 2, streams: 100, runs: 3 };
const PAGE = fileURLToPath(new URL('../docs/performance.md', import.meta.url));

const WHOLE: Answer = { tokens: STREAM_TOKENS, mode: 'whole' };

const { values } = parseArgs({ options: { quick: { type: 'boolean' } } });
const surroundings = await startSurroundings();
try {
  const page = performancePage(await measure(surroundings, values.quick === true ? QUICK : FULL));
  if (values.quick !== true) writeFileSync(PAGE, page);
  console.log(page);
} finally {
  await surroundings.close();
}

async function measure(around: Surroundings, effort: Effort): Promise<Results> {
  const machine = machineNow();
  const say = (what: string) => console.error(`measuring ${what} …`);
  say('imports');
  const functions = await measureFunctions(around, effort);
  say('the first request');
  const first = await firstRequest(() => startProduct(around), effort.runs);
  say('round trips');
  const whole = await roundTrips(around, WHOLE);
  const streamed = await roundTrips(around, { ...WHOLE, mode: 'streamed' });
  say('limits');
  const limits = await measureLimits(around, effort);
  say('a quiet project beside a busy one');
  const contended = await measureContention(around);
  say('the product');
  const product = await measureProduct(around, effort);
  say('the gateway stand-in and the floor');
  const gateway = await measureGateway(around, effort);
  const bare = await measureBare(around, effort);
  return {
    machine,
    functions,
    first,
    roundTrips: { whole, streamed },
    limits,
    contended,
    product,
    gateway,
    bare,
  };
}

async function measureFunctions({ bundles, environment }: Surroundings, { runs }: Effort) {
  const functions: Results['functions'][number][] = [];
  for (const { name, zipBytes, file } of Object.values(bundles)) {
    functions.push({ name, zipBytes, importMs: await importMs(file, { runs, environment }) });
  }
  return functions;
}

async function measureProduct(around: Surroundings, effort: Effort): Promise<Results['product']> {
  const { bedrockUrl } = around;
  const { target, usage, close } = await startProduct(around);
  try {
    const calls = bothCalls(target, WHOLE);
    const callFor = (answer: Answer) => proxyCall({ ...target, answer });
    const streamedCall = directCall({ bedrockUrl, answer: { ...WHOLE, mode: 'streamed' } });
    return {
      direct: await saturate(calls.direct, shortened(effort)),
      saturated: await saturate(calls.proxy, { ...effort, usage }),
      steady: await steady(calls, effort.steadySeconds),
      firstChunk: await firstChunks(target, effort.streams),
      directChunksPerSecond: await directChunksPerSecond(streamedCall, effort.streams),
      chunks: await chunkCost({ callFor, usage, pace: 'at-once' }, effort.streams),
      chunksOneByOne: await chunkCost({ callFor, usage, pace: 'one-by-one' }, effort.streams / 4),
    };
  } finally {
    await close();
  }
}

/** The sources, not the bundles: only of them can a part be left out. */
function measureLimits(around: Surroundings, effort: Effort): Promise<Results['limits']> {
  const { templatePath, apiKey } = around;
  return limitsCost({
    ...effort,
    start: async (limits) => {
      const subject = await start(around, { kind: 'sources', templatePath, limits });
      return { call: proxyCall({ baseUrl: `${subject.url}/v1`, apiKey, answer: WHOLE }), subject };
    },
    units: () => withMeteredStore(around, ({ call, calls }) => unitsOf(call, calls)),
  });
}

function measureContention(around: Surroundings): Promise<Results['contended']> {
  return withMeteredStore(around, ({ call, quietCall, calls }) =>
    contention({
      busy: { call, partition: partitionOfKey(around.apiKey) },
      quiet: { call: quietCall, partition: partitionOfKey(around.quietKey) },
      calls,
    }),
  );
}

/** The product on a store that writes down what is asked of it. */
async function withMeteredStore<Result>(
  around: Surroundings,
  use: (of: {
    readonly call: Call;
    readonly quietCall: Call;
    readonly calls: readonly StoreCall[];
  }) => Promise<Result>,
): Promise<Result> {
  const store = await startMeteredStore(around.dynamodbUrl);
  const environment = { ...around.environment, AWS_ENDPOINT_URL_DYNAMODB: store.url };
  const { target, call, close } = await startProduct({ ...around, environment });
  try {
    const quietCall = proxyCall({ ...target, apiKey: around.quietKey, answer: WHOLE });
    return await use({ call, quietCall, calls: store.calls });
  } finally {
    await close();
    await store.close();
  }
}

/** What does little is warm sooner. */
function shortened({ seconds, warmUpSeconds }: Effort) {
  return { seconds: seconds / 2, warmUpSeconds: warmUpSeconds / 4 };
}

/** The same requests to functions that do nothing. */
async function measureGateway(around: Surroundings, effort: Effort): Promise<Results['gateway']> {
  const { apiKey, templatePath } = around;
  const gateway = await start(around, { kind: 'gateway', templatePath });
  try {
    const call = proxyCall({ baseUrl: `${gateway.url}/v1`, apiKey, answer: WHOLE });
    return await saturate(call, { ...shortened(effort), usage: gateway.usage });
  } finally {
    await gateway.close();
  }
}

/** The same requests in Bedrock's words through a pipe. */
async function measureBare(around: Surroundings, effort: Effort): Promise<Results['bare']> {
  const bare = await start(around, { kind: 'bare', bedrockUrl: around.bedrockUrl });
  try {
    const callFor = (answer: Answer) => directCall({ bedrockUrl: bare.url, answer });
    const { usage } = bare;
    return {
      saturated: await saturate(callFor(WHOLE), { ...shortened(effort), usage }),
      chunks: await chunkCost({ callFor, usage, pace: 'at-once' }, effort.streams),
      chunksOneByOne: await chunkCost({ callFor, usage, pace: 'one-by-one' }, effort.streams / 4),
    };
  } finally {
    await bare.close();
  }
}

function roundTrips(around: Surroundings, answer: Answer) {
  return countRoundTrips({
    ...around,
    start: async ({ dynamodb, bedrock }) => {
      const environment = {
        ...around.environment,
        AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
        AWS_ENDPOINT_URL_BEDROCK_RUNTIME: bedrock,
      };
      const { target, close } = await startProduct({ ...around, environment });
      return { call: proxyCall({ ...target, answer }), close };
    },
  });
}

/** The functions as they ship, behind the gateway stand-in. */
async function startProduct(around: Surroundings) {
  const { bundles, templatePath, apiKey, bedrockUrl } = around;
  const files = { authorizer: fileOf(bundles, 'authorizer'), proxy: fileOf(bundles, 'proxy') };
  const { url, usage, close } = await start(around, { kind: 'product', templatePath, bundles: files });
  const target = { baseUrl: `${url}/v1`, apiKey, bedrockUrl };
  return { target, call: proxyCall({ ...target, answer: WHOLE }), usage, close };
}

function start({ environment, folder }: Surroundings, subject: Subject): Promise<RunningSubject> {
  return startSubject(subject, { environment, logFile: path.join(folder, 'functions.log') });
}

function fileOf(bundles: Surroundings['bundles'], name: string): string {
  const bundle = bundles[name];
  if (bundle === undefined) throw new Error(`The packaged stack has no function ${name}.`);
  return bundle.file;
}
