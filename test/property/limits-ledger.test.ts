/** Whatever happens on the way, the counters of money and tokens are the sums of the usage records, exactly. */
import fc from 'fast-check';
import type { Dynamo } from '../../shared/aws/dynamo.ts';
import { createLimitsStore } from '../../shared/aws/limits-store.ts';
import type { Admission } from '../../shared/domain/admission.ts';
import { hasEndedBy, parseCounterName } from '../../shared/domain/counter.ts';
import { modelRefOf, type TenantRef } from '../../shared/domain/ids.ts';
import type { LimitSet, TenantLimits } from '../../shared/domain/limits.ts';
import { modelBehind } from '../../shared/domain/model-access.ts';
import { quotaTokens, totalTokens, type UsageRecord } from '../../shared/domain/usage.ts';
import type { LimitsStore } from '../../shared/ports.ts';
import {
  admissionOf,
  freshTenant,
  KEY,
  NOW_MS,
  OTHER_KEY,
  settlementOf,
  TABLES,
} from '../support/limits-fixture.ts';
import { ledgerOf } from '../support/limits-ledger.ts';
import { createMemoryDynamo, dynamoError, type MemoryDynamo } from '../support/memory-dynamo.ts';
import { runs, seed } from '../support/runs.ts';

const MODELS = ['us.anthropic.claude-x', 'eu.anthropic.claude-x', 'amazon.nova-x'] as const;
const OUTPUT_FACTOR = 5;
const EVERY_LIMIT: LimitSet = {
  ...{ requestsPerMinute: 4, requestsPerDay: 30 },
  ...{ tokensPerMinute: 900, tokensPerDay: 3_000, tokensPerMonth: 9_000 },
  ...{ nanoUsdPerDay: 40_000_000_007, nanoUsdPerMonth: 90_000_000_013 },
};
const BASE = {
  ...EVERY_LIMIT,
  models: [{ model: 'anthropic.claude-x', limits: EVERY_LIMIT }],
} satisfies Partial<TenantLimits>;
/** Two tenants whose limits count in every way there is. */
const LIMITS: readonly Partial<TenantLimits>[] = [
  BASE,
  { ...BASE, smoothing: '10s', tokenCounting: 'bedrock', estimation: 'balanced', shadow: ['tokensPerDay'] },
];

/** What befalls one write: its answer is lost, or it is, or it acts twice, the second time perhaps late. */
const FAULTS = ['none', 'none', 'none', 'answer-lost', 'request-lost', 'twice', 'late-copy'] as const;
type Fault = (typeof FAULTS)[number];
/** Seconds of a minute, and jumps over expiry, minutes, days and months. */
const PASSED_MS = [0, 1, 800, 9_000, 31_000, 200_000, 7_200_000, 86_400_000, 12 * 86_400_000];

const commands = fc.array(
  fc.record({
    what: fc.constantFrom('admit', 'admit', 'admit', 'settle', 'settle', 'settle', 'sweep', 'restart'),
    of: fc.nat(1),
    pick: fc.nat(),
    tokens: fc.integer({ min: 1, max: 400 }),
    nanoUsd: fc.integer({ min: 1, max: 20_000_000_000 }),
    usedPart: fc.constantFrom(0, 0.1, 0.37, 1, 1.2),
    passedMs: fc.constantFrom(...PASSED_MS),
    faults: fc.array(fc.constantFrom(...FAULTS), { maxLength: 4 }),
  }),
  { maxLength: 40 },
);
type Command = (typeof commands extends fc.Arbitrary<infer Value> ? Value : never)[number];

/** A sender that does to each write what the list says, then nothing more. */
function faultySender(dynamo: Dynamo) {
  let faults: readonly Fault[] = [];
  let late: (() => Promise<unknown>)[] = [];
  const befall =
    <Input, Output extends object>(act: (input: Input) => Promise<Output>) =>
    async (input: Input): Promise<Output> => {
      const [fault = 'none', ...rest] = faults;
      faults = rest;
      const actOnce = (): Promise<unknown> => act(input).catch(() => undefined);
      const lost = dynamoError('NetworkError', 'No answer came.');
      switch (fault) {
        case 'none':
          return await act(input);
        case 'request-lost':
          throw lost;
        case 'answer-lost':
          await actOnce();
          throw lost;
        case 'twice':
          await actOnce();
          break;
        case 'late-copy':
          late.push(actOnce);
      }
      return { ...(await act(input)), $metadata: { attempts: 2 } };
    };
  return {
    sender: { ...dynamo, updateItem: befall(dynamo.updateItem), putItem: befall(dynamo.putItem) },
    /** Copies that are still on their way arrive; then these faults are to come. */
    async next(coming: readonly Fault[]): Promise<void> {
      for (const arrive of late) await arrive();
      late = [];
      faults = coming;
    },
  };
}

interface Game {
  readonly dynamo: MemoryDynamo;
  readonly network: ReturnType<typeof faultySender>;
  readonly tenants: readonly TenantRef[];
  /** Requests that may be running; those that were admitted stay, so that settlements come twice and late. */
  readonly running: Admission[][];
  store: LimitsStore;
  nowMs: number;
}

const openStore = (dynamo: Dynamo): LimitsStore =>
  createLimitsStore({ dynamo, ...TABLES }, { attemptsMax: 2, random: () => 0, wait: async () => {} });

function newGame(): Game {
  const dynamo = createMemoryDynamo();
  const network = faultySender(dynamo);
  const tenants = LIMITS.map(() => freshTenant());
  return { dynamo, network, tenants, running: [[], []], store: openStore(network.sender), nowMs: NOW_MS };
}

function admissionFor(game: Game, command: Command, index: number): Admission {
  const { of, pick, tokens, nanoUsd } = command;
  const isSecond = of === 1;
  return admissionOf({
    tenant: game.tenants[of] ?? freshTenant(),
    ...{ index, atMs: game.nowMs, tokens, nanoUsd },
    ...{ key: pick % 2 === 0 ? KEY : OTHER_KEY, model: MODELS[pick % MODELS.length] ?? '' },
    ...(isSecond && { minuteTokens: tokens * OUTPUT_FACTOR, outputFactor: OUTPUT_FACTOR }),
    ...(isSecond && { debtNanoUsd: Math.ceil(nanoUsd / 4) }),
    limits: LIMITS[of] ?? {},
    accountLimits: EVERY_LIMIT,
  });
}

/** Whoever gets no answer to an admission settles it with nothing, as the proxy does. */
async function play(game: Game, command: Command, index: number): Promise<void> {
  await game.network.next(command.faults);
  game.nowMs += command.passedMs;
  const running = game.running[command.of] ?? [];
  const settledAtMs = game.nowMs;
  if (command.what === 'restart') game.store = openStore(game.network.sender);
  if (command.what === 'sweep') {
    await game.store.sweep(game.tenants[command.of] ?? freshTenant(), game.nowMs).catch(() => 0);
  }
  if (command.what === 'admit') {
    const admission = admissionFor(game, command, index);
    const answer = await game.store.admit(admission).catch(() => undefined);
    if (answer?.outcome === 'admitted') running.push(admission);
    if (answer !== undefined) return;
    const nothing = settlementOf(admission, { tokens: 0, nanoUsd: 0, settledAtMs });
    await game.store.settle(nothing).catch(() => undefined);
  }
  const admission = command.what === 'settle' ? running[command.pick % running.length] : undefined;
  if (admission === undefined) return;
  const part = (amount: number): number => Math.floor(amount * command.usedPart);
  const used = { tokens: part(admission.reserved.tokens), nanoUsd: part(admission.reserved.nanoUsd) };
  await game.store.settle(settlementOf(admission, { ...used, settledAtMs })).catch(() => undefined);
}

/** All that came of it, some time after the last request expired. */
async function finish(game: Game): Promise<void> {
  await game.network.next([]);
  for (const afterMs of [31_000, 62_000]) {
    for (const tenant of game.tenants) await openStore(game.dynamo).sweep(tenant, game.nowMs + afterMs);
  }
}

/** What the counters must hold by the records, their names spelt from the records alone. */
function sumsOf(records: readonly UsageRecord[], reservedOf: (record: UsageRecord) => number | undefined) {
  const sums = new Map<string, number>();
  for (const record of records) {
    const at = new Date(record.startedAtMs).toISOString().replace(/[-T:]/g, '');
    const tokens = totalTokens(record.usage);
    const minuteTokens = reservedOf(record) ?? tokens;
    const amounts = [
      [`usd#${at.slice(0, 6)}`, record.nanoUsd],
      [`usdd#${at.slice(0, 8)}`, record.nanoUsd],
      [`tpmo#${at.slice(0, 6)}`, tokens],
      [`tpd#${at.slice(0, 8)}`, tokens],
      [`tpm#${at.slice(0, 12)}`, minuteTokens],
    ] as const;
    const model = modelBehind(record.model);
    const owners = [
      '',
      `#${record.account}`,
      ...(model === 'amazon.nova-x' ? [] : [`#${modelRefOf(model)}`]),
    ];
    for (const owner of owners) {
      for (const [name, amount] of amounts) sums.set(name + owner, (sums.get(name + owner) ?? 0) + amount);
    }
  }
  return sums;
}

const MONEY_OR_TOKENS = /^(usd|usdd|tpmo|tpd|tpm)#/;
/** Counters of ended periods go, two minutes after. */
const KEPT_MS = 120_000;

function expectLedgerHolds(game: Game, of: number): void {
  const { item, records, reserved } = ledgerOf(game.dynamo, game.tenants[of] ?? freshTenant());
  expect([reserved, Number(item['inflight']?.N ?? 0), Number(item['debt']?.N ?? 0)]).toEqual([[], 0, 0]);
  const quota = (record: UsageRecord): number =>
    record.outcome === 'orphaned'
      ? totalTokens(record.usage) * OUTPUT_FACTOR
      : quotaTokens(record.usage, OUTPUT_FACTOR);
  const sums = sumsOf(records, of === 1 ? quota : () => undefined);
  const hasEnded = hasEndedBy(game.nowMs + 62_000 - KEPT_MS);
  const names = new Set([...Object.keys(item).filter((name) => MONEY_OR_TOKENS.test(name)), ...sums.keys()]);
  for (const name of names) {
    const counter = parseCounterName(name);
    if (counter === undefined) throw new Error(`Not a counter: ${name}.`);
    if (hasEnded(counter)) continue;
    expect([name, Number(item[name]?.N ?? 0)]).toEqual([name, sums.get(name) ?? 0]);
  }
}

test('once nothing is in flight, each counter of a tenant, an account and a model is the sum of its records, to the nano-dollar', async () => {
  let recorded = 0;
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      const game = newGame();
      for (const [index, command] of sequence.entries()) await play(game, command, index);
      await finish(game);
      for (const of of LIMITS.keys()) {
        expectLedgerHolds(game, of);
        recorded += ledgerOf(game.dynamo, game.tenants[of] ?? freshTenant()).records.length;
      }
    }),
    { numRuns: runs(400, 6_000), seed: seed() },
  );
  // A property about no records would hold of anything.
  expect(recorded).toBeGreaterThan(runs(400, 6_000));
});
