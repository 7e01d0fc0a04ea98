/**
 * The limits store under every order of events, for each kind of limit and way of counting: models, ten seconds,
 * shadow, Bedrock's tokens, and estimates that may be passed. The numbers of runs are printed and may not drop.
 */
import { FAULTS } from '../support/limits-model.ts';
import { exploreAll, realStore, type ScenarioFacts, scenarioOf } from '../support/limits-scenario.ts';

type Kind = Pick<ScenarioFacts, 'limits' | 'accountLimits' | 'requests' | 'used'>;

/** A model by two of its profiles, and another; the account and the tenant would let more in. */
const OF_A_MODEL: Kind = {
  limits: {
    tokensPerMinute: 100,
    models: [{ model: 'anthropic.claude-x', limits: { tokensPerMinute: 10, requestsPerDay: 2 } }],
  },
  requests: [
    { model: 'us.anthropic.claude-x' },
    { model: 'eu.anthropic.claude-x' },
    { model: 'amazon.nova-x' },
  ],
};
/** Slots of 20 tokens and two requests, accounts' of 10 tokens; a request of 15 waits for an empty one. */
const SMOOTH: Kind = {
  limits: { smoothing: '10s', tokensPerMinute: 120, requestsPerMinute: 12 },
  accountLimits: { tokensPerMinute: 60, requestsPerMinute: 12 },
  requests: [{ tokens: 15 }, { tokens: 5 }, { tokens: 10 }],
};
/** Every limit in shadow, and each of them passed. */
const SHADOW: Kind = {
  limits: {
    ...{ tokensPerMinute: 5, requestsPerMinute: 1, nanoUsdPerMonth: 500 },
    shadow: ['tokensPerMinute', 'requestsPerMinute', 'nanoUsdPerMonth'],
  },
  accountLimits: {
    ...{ tokensPerMinute: 5, requestsPerMinute: 1 },
    shadow: ['tokensPerMinute', 'requestsPerMinute'],
  },
};
/** Output counts five times, what the cache held not at all. */
const BEDROCK: Kind = {
  limits: { tokenCounting: 'bedrock', tokensPerMinute: 60, tokensPerDay: 20, tokensPerMonth: 30 },
  accountLimits: { tokensPerMinute: 60 },
  requests: [{ tokens: 10, minuteTokens: 30, outputFactor: 5 }],
  used: { tokens: 8, cacheRead: 2 },
};
/** More money and tokens are used than were set aside, by what the debt allows. */
const BALANCED: Kind = {
  limits: { estimation: 'balanced', nanoUsdPerDay: 2_500 },
  requests: [{ nanoUsd: 1_000, debtNanoUsd: 500, tokens: 10, debtTokens: 5 }],
  used: { nanoUsd: 1_500, tokens: 15 },
};

const KINDS = {
  'limits of a model': OF_A_MODEL,
  'ten seconds': SMOOTH,
  'limits in shadow': SHADOW,
  'tokens as Bedrock counts them': BEDROCK,
  estimates: BALANCED,
};

const COURSES = {
  'two requests, one fault': { processes: ['a', 'b'], faultsMax: 1, sweep: false },
  'one request beside a sweep that may get no answer': {
    ...{ processes: ['a'], faultsMax: 1, sweep: true },
    faults: FAULTS,
  },
  'three requests': { processes: ['a', 'b', 'c'], faultsMax: 0, sweep: false },
  'two requests beside a sweep': { processes: ['a', 'b'], faultsMax: 0, sweep: true },
} satisfies Record<string, Omit<ScenarioFacts, 'open'>>;

test.each([
  ['limits of a model', 'two requests, one fault', 218],
  ['limits of a model', 'three requests', 210],
  ['limits of a model', 'one request beside a sweep that may get no answer', 581],
  ['ten seconds', 'two requests, one fault', 308],
  ['ten seconds', 'three requests', 170],
  ['ten seconds', 'one request beside a sweep that may get no answer', 581],
  ['limits in shadow', 'two requests, one fault', 696],
  ['limits in shadow', 'three requests', 1680],
  ['tokens as Bedrock counts them', 'two requests, one fault', 696],
  ['tokens as Bedrock counts them', 'one request beside a sweep that may get no answer', 581],
  ['estimates', 'two requests, one fault', 524],
  ['estimates', 'three requests', 198],
  ['estimates', 'one request beside a sweep that may get no answer', 581],
  ['estimates', 'two requests beside a sweep', 2_144],
] as const)('no order of events breaks a limit or the ledger: %s, %s', async (kind, course, runs) => {
  const scenario = scenarioOf({ ...COURSES[course], ...KINDS[kind], open: realStore });
  const result = await exploreAll(`${kind}, ${course}`, scenario);
  expect(result.violations.slice(0, 3)).toEqual([]);
  expect(result.runs).toBeGreaterThanOrEqual(runs);
});
