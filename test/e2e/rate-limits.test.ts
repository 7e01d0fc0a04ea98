/** Rates at the front door: over DynamoDB's real protocol with a given clock, and over HTTP for what changes limits. */
import { createLimitsStore } from '../../shared/aws/limits-store.ts';
import { counterName } from '../../shared/domain/counter.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { TenantLimits } from '../../shared/domain/limits.ts';
import type { GatewayAnswer } from '../../shared/http/message.ts';
import { errorHeaders, errorStatus } from '../../shared/http/openai-error.ts';
import type { LimitsStore, ModelRuntime } from '../../shared/ports.ts';
import { startTestDynamo } from '../support/dynamodb.ts';
import { NOW_MS, requestAt } from '../support/limits-fixture.ts';
import { readRecords, takeSnapshot } from '../support/limits-observer.ts';
import { ASK, bodyText, HELLO_ANSWER, type ProxyFixture, proxyFixture } from '../support/proxy-fixture.ts';

const dynamodb = await startTestDynamo();
if (dynamodb === undefined) throw new Error('This test needs the local DynamoDB.');
const { lean: dynamo } = dynamodb;
const tables = await dynamodb.makeTables();
afterAll(() => dynamodb.close());

/** Of the minute that NOW_MS is in the middle of. */
const MINUTE_END_MS = NOW_MS + 30_000;

/** A front door whose models answer when the test says so; `reserved` are the tokens of each admission. */
function frontDoor(limits: Partial<TenantLimits>) {
  const store = createLimitsStore({ dynamo, limitsTable: tables.limits, usageTable: tables.usage });
  const reserved: number[] = [];
  let gate: Promise<void> = Promise.resolve();
  const runtime: ModelRuntime = {
    converse: async () => {
      await gate;
      return HELLO_ANSWER;
    },
    converseStream: async () => {
      throw new Error('Nobody asks for a stream.');
    },
  };
  const watched: LimitsStore = {
    ...store,
    admit: async (admission) => {
      const result = await store.admit(admission);
      if (result.outcome === 'admitted') reserved.push(admission.reserved.tokens);
      return result;
    },
  };
  const fixture = proxyFixture({ store: watched, runtime, limits: { inflightMax: 400, ...limits } });
  const source = { dynamo, tables, tenant: fixture.principal.tenant };
  return {
    ...{ fixture, reserved },
    /** Models answer from now on when the function is called that this returns. */
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
    held: async () =>
      new Map(
        (await takeSnapshot(source)).counters.map(({ counter, committed }) => [
          counterName(counter),
          committed,
        ]),
      ),
    records: () => readRecords(source),
  };
}

let requests = 0;
const question = { ...ASK, max_completion_tokens: 100 };

/** A request is settled once its answer was read. */
async function wholeAnswer(asked: Promise<GatewayAnswer>): Promise<GatewayAnswer> {
  const answer = await asked;
  await bodyText(answer);
  return answer;
}

/** Asks so often at once. */
function askAtOnce(fixture: ProxyFixture, times: number, principal = fixture.principal) {
  return Array.from({ length: times }, () => {
    requests += 1;
    const facts = { requestId: requestAt(requests, fixture.time.clock()), principal };
    return wholeAnswer(fixture.chat(question, facts));
  });
}

const refusalOf = (error: unknown) => {
  if (!(error instanceof GatewayError)) throw error;
  return { status: errorStatus(error), code: error.code, headers: errorHeaders(error) };
};

async function outcomesOf(asked: readonly Promise<GatewayAnswer>[]) {
  const ended = await Promise.allSettled(asked);
  return {
    served: ended.flatMap((end) => (end.status === 'fulfilled' ? [end.value.headers ?? {}] : [])),
    refused: ended.flatMap((end) => (end.status === 'rejected' ? [refusalOf(end.reason)] : [])),
  };
}

/** A wait of so long and up to 300 ms more, so that refused callers do not return together. */
const waitOf = (fromMs: number) => ({
  asymmetricMatch: (told: unknown): boolean => Number(told) >= fromMs && Number(told) <= fromMs + 300,
});

const tooManyRequests = (retryAfterMs: number) => ({
  status: 429,
  code: 'request_rate_exceeded',
  headers: expect.objectContaining({
    'x-should-retry': 'true',
    'retry-after': expect.stringMatching(/^\d+$/),
    'retry-after-ms': waitOf(retryAfterMs),
  }),
});

test('of 400 requests at once exactly 50 of 50 a minute are admitted, and as many in the next minute', async () => {
  const { fixture, held } = frontDoor({ requestsPerMinute: 50 });
  for (const [minute, resetMs] of [
    ['202611202017', 30_000],
    ['202611202018', 60_000],
  ] as const) {
    const { served, refused } = await outcomesOf(askAtOnce(fixture, 400));
    const told = served.map((headers) => ({
      limit: headers['x-ratelimit-limit-requests'],
      remaining: Number(headers['x-ratelimit-remaining-requests']),
      reset: headers['x-ratelimit-reset-requests'],
    }));
    expect(told.toSorted((one, other) => other.remaining - one.remaining)).toEqual(
      Array.from({ length: 50 }, (_, index) => ({
        limit: '50',
        remaining: 49 - index,
        reset: resetMs === 60_000 ? '1m0s' : '30s',
      })),
    );
    expect(refused).toEqual(Array.from({ length: 350 }, () => tooManyRequests(resetMs)));
    expect((await held()).get(`rpm#${minute}`)).toBe(50);
    fixture.time.advance(MINUTE_END_MS - fixture.time.clock());
  }
});

test('the last millisecond of a minute is the old one’s, the next the new one’s', async () => {
  const { fixture } = frontDoor({ requestsPerMinute: 3 });
  fixture.time.advance(29_999);
  const { served, refused } = await outcomesOf(askAtOnce(fixture, 4));
  expect([served.length, refused]).toEqual([3, [tooManyRequests(1)]]);
  fixture.time.advance(1);
  const next = await outcomesOf(askAtOnce(fixture, 4));
  expect([next.served.length, next.refused]).toEqual([3, [tooManyRequests(60_000)]]);
});

test('tokens: reserved ones are held, unused ones come back in their minute, and late ones do not in the next', async () => {
  const probe = frontDoor({});
  await Promise.all(askAtOnce(probe.fixture, 1));
  const [each = 0] = probe.reserved;
  const used = 13;
  const { fixture, hold, held } = frontDoor({ tokensPerMinute: 5 * each });
  const tokensOf = async (minute: string) => (await held()).get(`tpm#20261120${minute}`);

  const answerFirst = hold();
  const first = askAtOnce(fixture, 400);
  const late = { status: 429, code: 'rate_limit_exceeded', headers: tooManyRequests(30_000).headers };
  const refused = await firstRefusals(first, 395);
  expect(refused).toEqual(Array.from({ length: 395 }, () => late));
  expect(await tokensOf('2017')).toBe(5 * each);
  answerFirst();
  await Promise.allSettled(first);
  expect(await tokensOf('2017')).toBe(5 * used);

  const answerSecond = hold();
  const second = askAtOnce(fixture, 10);
  expect(await firstRefusals(second, 6)).toEqual(Array.from({ length: 6 }, () => late));
  expect(await tokensOf('2017')).toBe(5 * used + 4 * each);

  fixture.time.advance(30_000);
  const answerThird = hold();
  const third = askAtOnce(fixture, 2);
  answerSecond();
  await Promise.allSettled(second);
  expect(await tokensOf('2017')).toBe(9 * used);
  const fourth = askAtOnce(fixture, 10);
  expect((await firstRefusals(fourth, 7)).map(({ status }) => status)).toEqual(
    Array.from({ length: 7 }, () => 429),
  );
  expect(await tokensOf('2018')).toBe(5 * each);
  answerThird();
  await Promise.allSettled([...third, ...fourth]);
  expect(await tokensOf('2018')).toBe(5 * used);
});

/** Waits until so many were refused; what else was asked may be under way. */
function firstRefusals(asked: readonly Promise<unknown>[], count: number) {
  return new Promise<readonly ReturnType<typeof refusalOf>[]>((resolve, reject) => {
    const refused: ReturnType<typeof refusalOf>[] = [];
    const note = (error: unknown) => {
      if (!(error instanceof GatewayError)) reject(error);
      else if (refused.push(refusalOf(error)) === count) resolve(refused);
    };
    for (const one of asked) one.catch(note);
  });
}

test('clocks half a second fast and slow admit no more than the limit by the name of any minute', async () => {
  const limit = 30;
  const slow = frontDoor({ requestsPerMinute: limit });
  const fast = frontDoor({ requestsPerMinute: limit });
  const { principal } = slow.fixture;
  slow.fixture.time.advance(28_500);
  fast.fixture.time.advance(29_500);
  for (let step = 0; step < 8; step += 1) {
    const asked = [slow, fast].flatMap(({ fixture }) => askAtOnce(fixture, 10, principal));
    await Promise.allSettled(asked);
    for (const { fixture } of [slow, fast]) fixture.time.advance(250);
  }
  const records = await slow.records();
  const minutes = records.map(({ startedAtMs }) => (startedAtMs < MINUTE_END_MS ? '2017' : '2018'));
  const count = (minute: string) => minutes.filter((one) => one === minute).length;
  expect([count('2017'), count('2018')]).toEqual([limit, limit]);
  const held = await slow.held();
  expect([held.get('rpm#202611202017'), held.get('rpm#202611202018')]).toEqual([limit, limit]);
});
