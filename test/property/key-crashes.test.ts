/**
 * Rotation, claims, revocation and delivery by two workers that race, with every call to the outside failing, losing
 * its answer, happening twice or being the last of its process; then everybody who got an error tries again. The
 * numbers of runs are pinned: a harness that explores less proves less.
 */
import { type Bounds, type Exploration, explore } from '../support/crash-explorer.ts';
import { type CrashScenario, LONG, NAIVE, SHORT, subjectOf } from '../support/key-crash-scenarios.ts';
import { runs } from '../support/runs.ts';

/** What `npm run test:long` explores besides takes minutes a scenario. */
const TIMEOUT_MS = runs(120_000, 1_800_000);

async function explored(scenario: CrashScenario, bounds: Bounds): Promise<Exploration> {
  const result = await explore(subjectOf(scenario), bounds);
  expect(result.violations.slice(0, 3)).toEqual([]);
  process.stdout.write(`      ${scenario.name}: ${result.runs} runs, ${result.joined} joined\n`);
  return result;
}

const EVERY_ORDER = Number.POSITIVE_INFINITY;

describe('whatever befalls one call of two workers', () => {
  /** Runs with one interruption, and of every order. */
  const RUNS: Readonly<Record<string, readonly [number, number]>> = {
    'two sweeps, delivery by claim': [351, 8_646],
    'two sweeps, delivery by jwe': [207, 1_720],
    'two sweeps, delivery by secrets_manager': [338, 3_860],
    'a rotation on demand and a sweep': [138, 642],
    'a workload renews itself twice': [476, 5_968],
    'a workload renews itself and a sweep': [247, 3_173],
    'a revocation and a sweep': [170, 544],
    'a cascade and a sweep, delivery by secrets_manager': [220, 669],
    'two deliveries of a link that was not told': [261, 1_316],
    'two deliveries of a secret that was not made current': [182, 288],
  };

  test.each(LONG)(
    'one key works, one successor, one event: $name',
    async (scenario) => {
      const [interrupted, ordered] = RUNS[scenario.name] ?? [EVERY_ORDER, EVERY_ORDER];
      const normal = await explored(scenario, { faultsMax: 1, preemptionsMax: 1 });
      expect(normal.runs).toBeGreaterThanOrEqual(interrupted);
      if (runs(0, 1) === 0) return;
      const all = await explored(scenario, { faultsMax: 1, preemptionsMax: EVERY_ORDER });
      expect(all.runs).toBeGreaterThanOrEqual(ordered);
      await explored(scenario, { faultsMax: 2, preemptionsMax: 1 });
    },
    TIMEOUT_MS,
  );
});

describe('whatever befalls two calls of two workers, in every order', () => {
  const RUNS: Readonly<Record<string, number>> = {
    'two rotations on demand': 404,
    'two first claims': 168,
    'two repeated claims': 98,
    'a claim and a self-rotation': 183,
    'a revocation and a claim': 150,
    'a cascade and a claim': 240,
    'a cascade and a repeated claim': 222,
  };

  test.each(SHORT)(
    'one key works, one successor, one event: $name',
    async (scenario) => {
      const all = await explored(scenario, { faultsMax: 2, preemptionsMax: EVERY_ORDER });
      expect(all.runs).toBeGreaterThanOrEqual(RUNS[scenario.name] ?? EVERY_ORDER);
    },
    TIMEOUT_MS,
  );
});

test('the same explorer finds the second successor of a naive rotation', async () => {
  const result = await explore(subjectOf(NAIVE), { faultsMax: 0, preemptionsMax: 1 });
  expect(result.violations.some((violation) => violation.startsWith('2 live successors'))).toBe(true);
  expect(result.violations.length).toBeLessThan(result.runs);
});
