import fc from 'fast-check';
import type { Admission } from '../../shared/domain/admission.ts';
import { accountOfKey, type KeyRef, type TenantRef } from '../../shared/domain/ids.ts';
import { type LimitSet, utcSecond } from '../../shared/domain/limits.ts';
import { totalTokens, type UsageRecord } from '../../shared/domain/usage.ts';
import type { LimitsStore } from '../../shared/ports.ts';
import {
  admissionOf,
  countersAt,
  dynamoStores,
  freshTenant,
  KEY,
  memoryStores,
  NOW_MS,
  OTHER_KEY,
  recordsOf,
  type Stores,
  settlementOf,
} from '../support/limits-fixture.ts';
import { createMemoryDynamo } from '../support/memory-dynamo.ts';

/** Admissions and settlements twice as often as the rest. */
const WHATS = ['admit', 'admit', 'settle', 'settle', 'sweep', 'restart'] as const;

/** One thing that happens to one of five requests, after some time, on a clock that is up to 500 ms wrong. */
const commands = fc.array(
  fc.record({
    what: fc.constantFrom(...WHATS),
    index: fc.nat(4),
    tokens: fc.nat(60),
    used: fc.nat(60),
    passedMs: fc.constantFrom(0, 1, 700, 9_000, 31_000),
    skewMs: fc.integer({ min: -500, max: 500 }),
  }),
  { maxLength: 40 },
);
type Command = (typeof commands extends fc.Arbitrary<infer Value> ? Value : never)[number];

const LIMITS = { tokensPerMinute: 100, nanoUsdPerMonth: 12_000, requestsPerDay: 4, inflightMax: 3 };
/** Of each of the two accounts. */
const ACCOUNT_LIMITS = { requestsPerMinute: 2, tokensPerMinute: 70, nanoUsdPerMonth: 9_000 };
const KEYS = [KEY, OTHER_KEY] as const;
const keyOf = (index: number): KeyRef => (index % 2 === 0 ? KEY : OTHER_KEY);

/** A sequence as it is played: changed by every command. */
interface Game {
  readonly stores: Stores;
  readonly tenant: TenantRef;
  readonly admissions: Map<number, Admission>;
  readonly answers: unknown[];
  limits: LimitsStore;
  nowMs: number;
}

/** What a caller sees of a sequence: every answer, the records, and what the counters hold at the end. */
async function play(stores: Stores, tenant: TenantRef, sequence: readonly Command[]) {
  const game: Game = {
    stores,
    tenant,
    admissions: new Map(),
    answers: [],
    limits: stores.limits,
    nowMs: NOW_MS,
  };
  for (const command of sequence) {
    game.nowMs += command.passedMs;
    await playOne(game, command);
  }
  const endMs = game.nowMs + 32_000;
  await game.limits.sweep(tenant, endMs);
  const records = await recordsOf(stores, tenant);
  const { answers, admissions } = game;
  const held = [];
  for (const key of KEYS) held.push(await countersAt(stores, { tenant, atMs: endMs, key }));
  return { answers, admissions, records, held };
}

async function playOne(game: Game, command: Command): Promise<void> {
  const atMs = game.nowMs + command.skewMs;
  const known = game.admissions.get(command.index);
  switch (command.what) {
    case 'restart':
      game.limits = game.stores.another();
      return;
    case 'sweep':
      game.answers.push(await game.limits.sweep(game.tenant, atMs));
      return;
    case 'settle': {
      if (known === undefined) return;
      const used = Math.min(command.used, known.reserved.tokens);
      return await game.limits.settle(
        settlementOf(known, { tokens: used, nanoUsd: used * 100, settledAtMs: atMs }),
      );
    }
    case 'admit': {
      const { index, tokens } = command;
      const inForce = { key: keyOf(index), limits: LIMITS, accountLimits: ACCOUNT_LIMITS };
      const facts = { tenant: game.tenant, index, tokens, nanoUsd: tokens * 100, atMs, ...inForce };
      return await admitOnce(game, index, known ?? admissionOf(facts));
    }
  }
}

/** A request that has its record is over: nobody admits it again. */
async function admitOnce(game: Game, index: number, admission: Admission): Promise<void> {
  const records = await recordsOf(game.stores, game.tenant);
  if (records.some(({ request }) => request === admission.request)) return;
  const answer = await game.limits.admit(admission);
  game.answers.push(answer);
  if (answer.outcome === 'admitted') game.admissions.set(index, admission);
}

test('memory and DynamoDB answer every sequence alike, clocks ±500 ms', async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      const tenant = freshTenant();
      const real = await play(dynamoStores(createMemoryDynamo()), tenant, sequence);
      const memory = await play(memoryStores(), tenant, sequence);
      expect(real.answers).toEqual(memory.answers);
      expect(real.records).toEqual(memory.records);
      expect(real.held).toEqual(memory.held);
    }),
    { numRuns: 300 },
  );
});

const tokensOf = (records: readonly UsageRecord[]): number =>
  records.reduce((sum, { usage }) => sum + totalTokens(usage), 0);
const moneyOf = (records: readonly UsageRecord[]): number =>
  records.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0);

/** Throws where the records of one tenant, or of one account, are more than their limits allow. */
function expectWithin(records: readonly UsageRecord[], limits: LimitSet): void {
  const within = (used: number, limit = Number.POSITIVE_INFINITY) => expect(used).toBeLessThanOrEqual(limit);
  for (const of of Map.groupBy(records, ({ startedAtMs }) => utcSecond(startedAtMs).slice(0, 12)).values()) {
    within(tokensOf(of), limits.tokensPerMinute);
    within(of.length, limits.requestsPerMinute);
  }
  within(records.length, limits.requestsPerDay);
  within(moneyOf(records), limits.nanoUsdPerMonth);
}

test('each admitted request has one record, no period exceeds its limit, and money is the sum of records', async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      const tenant = freshTenant();
      const { records, held, admissions } = await play(dynamoStores(createMemoryDynamo()), tenant, sequence);
      const admitted = [...admissions.values()].map(({ request }) => request);
      expect(records.map(({ request }) => request)).toEqual(admitted.toSorted());
      expectWithin(records, LIMITS);
      for (const [index, key] of KEYS.entries()) {
        const own = records.filter((record) => record.key === key);
        expectWithin(own, ACCOUNT_LIMITS);
        expect(held[index]?.get('usd#202611')).toBe(moneyOf(records));
        expect(held[index]?.get(`usd#202611#${accountOfKey(key)}`)).toBe(moneyOf(own));
        // The probes are requests too: this one and those before it.
        expect(held[index]?.get('rpd#20261120')).toBe(records.length + index + 1);
      }
    }),
    { numRuns: 300 },
  );
});
