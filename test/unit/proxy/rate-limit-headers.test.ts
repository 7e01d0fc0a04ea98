import { goDuration } from '../../../functions/proxy/rate-limit-headers.ts';

test.each([
  [0, '0ms'],
  [12, '12ms'],
  [999, '999ms'],
  [1_000, '1s'],
  [1_500, '1.5s'],
  [59_999, '59.999s'],
  [60_000, '1m0s'],
  [360_000, '6m0s'],
  [361_250, '6m1.25s'],
])('%d ms is %s', (durationMs, text) => {
  expect(goDuration(durationMs)).toBe(text);
});
