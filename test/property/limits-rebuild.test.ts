/** An item's counters can be worked out anew from the usage records and the entries, whatever happened to either. */
import fc from 'fast-check';
import { compareLimits, type RebuildTarget, rebuildLimits } from '../../shared/aws/limits-rebuild.ts';
import { createUsageStore } from '../../shared/aws/usage-store.ts';
import { accountOfKey } from '../../shared/domain/ids.ts';
import { DEFAULT_LIMITS } from '../../shared/domain/limits.ts';
import { freshTenant, KEY, OTHER_KEY, TABLES } from '../support/limits-fixture.ts';
import {
  commands,
  EVERY_LIMIT,
  type Game,
  LIMITS,
  newGame,
  OUTPUT_FACTOR,
  play,
} from '../support/limits-game.ts';
import { runs, seed } from '../support/runs.ts';

const accountLimits = new Map([KEY, OTHER_KEY].map((key) => [accountOfKey(key), EVERY_LIMIT] as const));
const termsOf = (game: Game, of: number) => ({
  nowMs: game.nowMs,
  limits: { ...DEFAULT_LIMITS, ...LIMITS[of] },
  accountLimits,
  outputFactorOf: () => OUTPUT_FACTOR,
});
const targetOf = (game: Game, of: number): RebuildTarget => ({
  dynamo: game.dynamo,
  limitsTable: TABLES.limitsTable,
  usage: createUsageStore({ dynamo: game.dynamo, table: TABLES.usageTable }),
  tenant: game.tenants[of] ?? freshTenant(),
});

/** Numbers of an item, but for the version of its limits. */
const numbersOf = (game: Game, of: number): readonly string[] =>
  Object.entries(game.dynamo.dump(TABLES.limitsTable).get(`TENANT#${game.tenants[of]}|LIMITS`) ?? {})
    .filter(([name, { N }]) => N !== undefined && name !== 'lv')
    .map(([name]) => name);

/** Sets every second number to the given one, or to what it was if it is that already. */
async function spoil(game: Game, of: number, value: number): Promise<void> {
  for (const name of numbersOf(game, of).filter((_, at) => at % 2 === 0)) {
    await game.dynamo.updateItem({
      TableName: TABLES.limitsTable,
      Key: { PK: { S: `TENANT#${game.tenants[of]}` }, SK: { S: 'LIMITS' } },
      UpdateExpression: 'SET #n = :v',
      ExpressionAttributeNames: { '#n': name },
      ExpressionAttributeValues: { ':v': { N: String(value) } },
    });
  }
}

test('nothing differs whatever was lost or came twice, and what is spoilt is rebuilt, requests under way included', async () => {
  let spoilt = 0;
  await fc.assert(
    fc.asyncProperty(commands, fc.nat(10 ** 12), async (sequence, value) => {
      const game = newGame();
      for (const [index, command] of sequence.entries()) await play(game, command, index);
      for (const of of LIMITS.keys()) {
        const target = targetOf(game, of);
        expect(await compareLimits(target, termsOf(game, of))).toEqual([]);
        await spoil(game, of, value);
        const differences = await compareLimits(target, termsOf(game, of));
        expect(await rebuildLimits(target, termsOf(game, of))).toEqual(differences);
        expect(await compareLimits(target, termsOf(game, of))).toEqual([]);
        spoilt += differences.length;
      }
    }),
    { numRuns: runs(150, 3_000), seed: seed() },
  );
  expect(spoilt).toBeGreaterThan(runs(150, 3_000));
});
