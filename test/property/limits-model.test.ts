/**
 * The limits store under every order of events in one process, beside a sweep too. The numbers of runs are printed and may not
 * drop: a harness that explores less proves less.
 */

import { FAULTS, type Fault } from '../support/limits-model.ts';
import {
  committedOf,
  exploreAll,
  LIMIT,
  naiveStore,
  realStore,
  scenarioOf,
} from '../support/limits-scenario.ts';
import type { MemoryDynamo } from '../support/memory-dynamo.ts';

const LOSSES: readonly Fault[] = FAULTS.filter((fault) => !fault.startsWith('dies'));

test.each([
  { name: 'one request, four faults', processes: ['a'], faultsMax: 4, sweep: false, runs: 131 },
  {
    name: 'one request beside a sweep, two faults',
    processes: ['a'],
    faultsMax: 2,
    sweep: true,
    runs: 2_261,
  },
  {
    name: 'two requests of one process, two faults',
    processes: ['a', 'a'],
    faultsMax: 2,
    sweep: false,
    runs: 9_488,
  },
  {
    name: 'one request that may get no answer, three faults',
    processes: ['a'],
    faultsMax: 3,
    faults: FAULTS,
    sweep: false,
    runs: 2_618,
  },
  {
    name: 'one request that may get no answer, beside a sweep',
    processes: ['a'],
    faultsMax: 1,
    faults: FAULTS,
    sweep: true,
    runs: 581,
  },
  {
    name: 'two requests of one process that may get no answer',
    processes: ['a', 'a'],
    faultsMax: 1,
    faults: FAULTS,
    sweep: false,
    runs: 1_744,
  },
  {
    name: 'two requests of one process that may get no answer, of which an account may make one',
    processes: ['a', 'a'],
    faultsMax: 1,
    faults: FAULTS,
    sweep: false,
    accountLimits: { requestsPerMinute: 1 },
    runs: 506,
  },
  {
    name: 'two requests of one process of which one may be made, nobody dies and one write is lost',
    processes: ['a', 'a'],
    faultsMax: 1,
    faults: LOSSES,
    sweep: false,
    limits: { tokensPerMinute: 10 },
    orphans: 'none' as const,
    runs: 482,
  },
  {
    name: 'two requests of two processes of which one may be made, nobody dies and one write is lost',
    processes: ['a', 'b'],
    faultsMax: 1,
    faults: LOSSES,
    sweep: false,
    limits: { tokensPerMinute: 10 },
    orphans: 'none' as const,
    runs: 482,
  },
])('no order of events breaks the limit or the ledger: $name', async ({ name, runs, ...of }) => {
  const result = await exploreAll(name, scenarioOf({ ...of, open: realStore }));
  expect(result.violations.slice(0, 3)).toEqual([]);
  expect(result.runs).toBeGreaterThanOrEqual(runs);
});

test('the same harness finds the overspending of check-then-charge', async () => {
  const of = {
    open: naiveStore,
    processes: ['a', 'b', 'c'],
    faultsMax: 0,
    sweep: false,
    used: { tokens: 10, nanoUsd: 1_000 },
  };
  const check = (dynamo: MemoryDynamo): void => {
    const committed = committedOf(dynamo);
    if (committed > LIMIT) throw new Error(`committed ${committed} of ${LIMIT}`);
  };
  const result = await exploreAll('naive', { ...scenarioOf(of), check, finish: async () => {} });
  expect(result.violations.length).toBeGreaterThan(0);
  expect(result.violations.length).toBeLessThan(result.runs);
});
