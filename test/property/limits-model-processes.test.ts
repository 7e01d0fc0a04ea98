/**
 * The limits store under every order of events between processes. The numbers of runs are printed and may not
 * drop: a harness that explores less proves less.
 */
import { exploreAll, realStore, scenarioOf } from '../support/limits-scenario.ts';

test.each([
  { name: 'two requests, two faults', processes: ['a', 'b'], faultsMax: 2, sweep: false, runs: 10_332 },
  { name: 'two requests beside a sweep', processes: ['a', 'b'], faultsMax: 0, sweep: true, runs: 2_504 },
  { name: 'three requests', processes: ['a', 'b', 'c'], faultsMax: 0, sweep: false, runs: 570 },
  {
    name: 'three requests, of which two may be made',
    processes: ['a', 'b', 'c'],
    faultsMax: 0,
    sweep: false,
    limits: { requestsPerMinute: 2 },
    runs: 270,
  },
])('no order of events breaks the limit or the ledger: $name', async ({ name, runs, ...of }) => {
  const result = await exploreAll(name, scenarioOf({ ...of, open: realStore }));
  expect(result.violations.slice(0, 3)).toEqual([]);
  expect(result.runs).toBeGreaterThanOrEqual(runs);
});
