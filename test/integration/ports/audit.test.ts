import { randomBytes } from 'node:crypto';
import { createMemoryAudit } from '../../../local/memory/audit.ts';
import { text } from '../../../shared/aws/attribute.ts';
import { createAuditStore } from '../../../shared/aws/audit-store.ts';
import { type AuditedWriter, commitAudited } from '../../../shared/aws/audited-write.ts';
import type { Dynamo } from '../../../shared/aws/dynamo.ts';
import { REAL_WAITING } from '../../../shared/aws/waiting.ts';
import {
  type AuditRecord,
  chainAuditEntry,
  EMPTY_CHAIN,
  verifyAuditChain,
} from '../../../shared/domain/audit.ts';
import { parseAuditFacts } from '../../../shared/domain/audit-event.ts';
import { newTenantRef, type TenantRef } from '../../../shared/domain/ids.ts';
import { startTestDynamo } from '../../support/dynamodb.ts';
import { type AuditPorts, describeAudit, EVALUATED_AT_MOST, entryOf } from './audit-suite.ts';

const dynamo = await startTestDynamo();
afterAll(() => dynamo?.close());

describeAudit('in memory', async () => {
  const chains = new Map<TenantRef, readonly AuditRecord[]>();
  return {
    audit: createMemoryAudit(chains),
    impatient: createMemoryAudit(chains, EVALUATED_AT_MOST),
    append: async (...entries) => {
      for (const entry of entries) {
        const chain = chains.get(entry.chain) ?? [];
        chains.set(entry.chain, [...chain, chainAuditEntry(chain.at(-1) ?? EMPTY_CHAIN, entry)]);
      }
    },
  };
});

if (dynamo === undefined) {
  test('this machine has no local DynamoDB, so only the log in memory was proven', () => undefined);
} else {
  // A clock that stands still never runs out of patience: how long contention takes here says nothing.
  const still = { clock: () => 0, waiting: REAL_WAITING };
  const portsOver = (sender: Dynamo) => async (): Promise<AuditPorts> => {
    const tables = await dynamo.makeTables();
    return {
      audit: createAuditStore({ dynamo: sender, tables }),
      impatient: createAuditStore({ dynamo: sender, tables, evaluatedMax: EVALUATED_AT_MOST }),
      append: async (...audit) => {
        await commitAudited({ dynamo: sender, tables, ...still }, { writes: [], audit });
      },
    };
  };
  describeAudit('DynamoDB by the lean sender', portsOver(dynamo.lean));
  describeAudit('DynamoDB by the SDK', portsOver(dynamo.sdk));

  const CHANGES = 200;
  const { lean, makeTables } = dynamo;

  /** As many changes of one tenant as there are, all at once, and what they left behind. */
  async function race(make: (index: number) => Pick<AuditedWriter, 'clock' | 'waiting'>) {
    const tables = await makeTables();
    const chain = newTenantRef(randomBytes);
    const ids = Array.from({ length: CHANGES }, (_, index) => `change-${index}`);
    const results = await Promise.allSettled(
      ids.map((id, index) =>
        commitAudited(
          { dynamo: lean, tables, ...make(index) },
          {
            writes: [{ Put: { TableName: tables.config, Item: { PK: text(chain), SK: text(id) } } }],
            audit: [entryOf(id, { chain, atMs: index })],
          },
        ),
      ),
    );
    const audit = createAuditStore({ dynamo: lean, tables });
    const { items: records } = await audit.readChain(chain, { limit: CHANGES });
    const { Items: written = [] } = await lean.query({
      TableName: tables.config,
      KeyConditionExpression: 'PK = :chain',
      ExpressionAttributeValues: { ':chain': text(chain) },
    });
    return {
      committed: ids.filter((_, index) => results[index]?.status === 'fulfilled'),
      failures: results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : [])),
      told: records.map(({ canonical }) => parseAuditFacts(canonical)?.id),
      written: written.map((item) => item['SK']?.S),
      broken: verifyAuditChain(records, await audit.readHead(chain)),
      listed: (await audit.list({ filter: { fromMs: 0, toMs: CHANGES }, limit: CHANGES })).items.length,
    };
  }

  describe('200 concurrent changes of one tenant', () => {
    test('all commit with their event, in a chain without gap or fork', async () => {
      const { committed, told, written, broken, listed } = await race(() => still);
      expect(committed).toHaveLength(CHANGES);
      expect(told.toSorted()).toEqual(committed.toSorted());
      expect(written.toSorted()).toEqual(committed.toSorted());
      expect([broken, listed]).toEqual([undefined, CHANGES]);
    }, 120_000);

    test('commit with their event or leave nothing, where some run out of patience', async () => {
      const { committed, failures, told, written, broken } = await race((index) => {
        // Every other writer gives up at its second conflict.
        let nowMs = 0;
        const wait = async (delayMs: number): Promise<void> => {
          nowMs += index % 2 === 0 ? 4_000 : 0;
          await REAL_WAITING.wait(delayMs);
        };
        return { clock: () => nowMs, waiting: { random: Math.random, wait } };
      });
      expect(failures.length).toBeGreaterThan(0);
      for (const failure of failures) expect(failure).toMatchObject({ code: 'service_unavailable' });
      expect(committed.length + failures.length).toBe(CHANGES);
      expect(told.toSorted()).toEqual(committed.toSorted());
      expect(written.toSorted()).toEqual(committed.toSorted());
      expect(broken).toBeUndefined();
    }, 120_000);
  });
}
