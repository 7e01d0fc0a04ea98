import { tokenUsageOf } from '../../../functions/proxy/bedrock/token-usage.ts';
import type { ConverseUsage } from '../../../shared/domain/converse.ts';

const counted: ConverseUsage = {
  inputTokens: 5,
  outputTokens: 1,
  cacheReadInputTokens: 7,
  cacheWriteInputTokens: 30,
};
const WRITES = { input: 5, output: 1, cacheRead: 7, cacheWrite: 30 };

test.each<[string, ConverseUsage['cacheDetails'], number | undefined]>([
  ['without details', undefined, undefined],
  ['all for five minutes', [{ ttl: '5m', inputTokens: 30 }], undefined],
  [
    'part for an hour',
    [
      { ttl: '5m', inputTokens: 10 },
      { ttl: '1h', inputTokens: 20 },
    ],
    20,
  ],
  [
    'in two parts for an hour',
    [
      { ttl: '1h', inputTokens: 2 },
      { ttl: '1h', inputTokens: 3 },
    ],
    5,
  ],
  ['for a time not known yet, as for an hour', [{ ttl: '1d', inputTokens: 4 }], 4],
  ['for no time that is said, as for an hour', [{ inputTokens: 4 }], 4],
  ['for an hour, more than was written, as all of it', [{ ttl: '1h', inputTokens: 99 }], 30],
  ['for an hour without a count', [{ ttl: '1h' }, { ttl: '1h', inputTokens: -1 }], undefined],
])('cache writes %s', (_, cacheDetails, cacheWrite1h) => {
  expect(tokenUsageOf({ ...counted, ...(cacheDetails !== undefined && { cacheDetails }) })).toEqual({
    ...WRITES,
    ...(cacheWrite1h !== undefined && { cacheWrite1h }),
  });
});

test.each(['null', '"x"', '{}', '[null]', '[7]'])(
  'details that are %s are read without failing',
  (details) => {
    const usage = JSON.parse(`{"inputTokens":5,"outputTokens":1,"cacheDetails":${details}}`);
    expect(tokenUsageOf(usage)).toEqual({ input: 5, output: 1, cacheRead: 0, cacheWrite: 0 });
  },
);

test.each([-1, 1.5, Number.NaN, 1_000_000_001])('a count of %d tokens is no count', (inputTokens) => {
  expect(tokenUsageOf({ inputTokens, outputTokens: 1 })).toBeUndefined();
});
