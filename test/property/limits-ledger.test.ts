/** Whatever happens on the way, the counters of money and tokens are the sums of the usage records, exactly. */
import fc from 'fast-check';
import { hasEndedBy, parseCounterName } from '../../shared/domain/counter.ts';
import { modelRefOf } from '../../shared/domain/ids.ts';
import { modelBehind } from '../../shared/domain/model-access.ts';
import { quotaTokens, totalTokens, type UsageRecord } from '../../shared/domain/usage.ts';
import { freshTenant } from '../support/limits-fixture.ts';
import { commands, finish, type Game, LIMITS, newGame, OUTPUT_FACTOR, play } from '../support/limits-game.ts';
import { ledgerOf } from '../support/limits-ledger.ts';
import { runs, seed } from '../support/runs.ts';

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
