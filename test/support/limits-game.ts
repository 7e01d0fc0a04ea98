/** Two tenants whose requests, and whose network, do anything: for properties about what is left of it. */
import fc from 'fast-check';
import type { Dynamo } from '../../shared/aws/dynamo.ts';
import { createLimitsStore } from '../../shared/aws/limits-store.ts';
import type { Admission } from '../../shared/domain/admission.ts';
import type { TenantRef } from '../../shared/domain/ids.ts';
import type { LimitSet, TenantLimits } from '../../shared/domain/limits.ts';
import type { LimitsStore } from '../../shared/ports.ts';
import { admissionOf, freshTenant, KEY, NOW_MS, OTHER_KEY, settlementOf, TABLES } from './limits-fixture.ts';
import { createMemoryDynamo, dynamoError, type MemoryDynamo } from './memory-dynamo.ts';

const MODELS = ['us.anthropic.claude-x', 'eu.anthropic.claude-x', 'amazon.nova-x'] as const;
export const OUTPUT_FACTOR = 5;
export const EVERY_LIMIT: LimitSet = {
  ...{ requestsPerMinute: 4, requestsPerDay: 30 },
  ...{ tokensPerMinute: 900, tokensPerDay: 3_000, tokensPerMonth: 9_000 },
  ...{ nanoUsdPerDay: 40_000_000_007, nanoUsdPerMonth: 90_000_000_013 },
};
const BASE = {
  ...EVERY_LIMIT,
  models: [{ model: 'anthropic.claude-x', limits: EVERY_LIMIT }],
} satisfies Partial<TenantLimits>;
/** Two tenants whose limits count in every way there is. */
export const LIMITS: readonly Partial<TenantLimits>[] = [
  BASE,
  { ...BASE, smoothing: '10s', tokenCounting: 'bedrock', estimation: 'balanced', shadow: ['tokensPerDay'] },
];

/** What befalls one write: its answer is lost, or it is, or it acts twice, the second time perhaps late. */
const FAULTS = ['none', 'none', 'none', 'answer-lost', 'request-lost', 'twice', 'late-copy'] as const;
type Fault = (typeof FAULTS)[number];
/** Seconds of a minute, and jumps over expiry, minutes, days and months. */
const PASSED_MS = [0, 1, 800, 9_000, 31_000, 200_000, 7_200_000, 86_400_000, 12 * 86_400_000];

export const commands = fc.array(
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
export type Command = (typeof commands extends fc.Arbitrary<infer Value> ? Value : never)[number];

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

export interface Game {
  readonly dynamo: MemoryDynamo;
  readonly network: ReturnType<typeof faultySender>;
  readonly tenants: readonly TenantRef[];
  /** Requests that may be running; those that were admitted stay, so that settlements come twice and late. */
  readonly running: Admission[][];
  store: LimitsStore;
  nowMs: number;
}

export const openStore = (dynamo: Dynamo): LimitsStore =>
  createLimitsStore({ dynamo, ...TABLES }, { attemptsMax: 2, random: () => 0, wait: async () => {} });

export function newGame(): Game {
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
    ...(isSecond && { debtNanoUsd: Math.ceil(nanoUsd / 4), debtTokens: Math.ceil(tokens / 4) }),
    ...(isSecond && { debtMinuteTokens: Math.ceil(tokens / 4) * OUTPUT_FACTOR }),
    limits: LIMITS[of] ?? {},
    accountLimits: EVERY_LIMIT,
  });
}

export async function play(game: Game, command: Command, index: number): Promise<void> {
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
    return;
  }
  const admission = command.what === 'settle' ? running[command.pick % running.length] : undefined;
  if (admission === undefined) return;
  const part = (amount: number): number => Math.floor(amount * command.usedPart);
  const used = { tokens: part(admission.reserved.tokens), nanoUsd: part(admission.reserved.nanoUsd) };
  await game.store.settle(settlementOf(admission, { ...used, settledAtMs })).catch(() => undefined);
}

/** All that came of it, some time after the last request expired. */
export async function finish(game: Game): Promise<void> {
  await game.network.next([]);
  for (const afterMs of [31_000, 62_000]) {
    for (const tenant of game.tenants) await openStore(game.dynamo).sweep(tenant, game.nowMs + afterMs);
  }
}
