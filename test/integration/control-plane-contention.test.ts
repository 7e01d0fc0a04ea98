/** Two hundred administrators at once, through the front door and on a real DynamoDB protocol. */
import { randomBytes } from 'node:crypto';
import { createAuditStore } from '../../shared/aws/audit-store.ts';
import { createTenancyStore } from '../../shared/aws/tenancy-store.ts';
import { type AuditRecord, verifyAuditChain } from '../../shared/domain/audit.ts';
import { parseProjectId, type TenantRef } from '../../shared/domain/ids.ts';
import type { Answer } from '../support/administration-fixture.ts';
import { startTestDynamo } from '../support/dynamodb.ts';
import { keyWorld, projectWithKey } from '../support/key-world.ts';

const CHANGES = 200;
const PROJECT = '/organization/projects/{project_id}';

const dynamo = await startTestDynamo();
afterAll(() => dynamo?.close());

async function realWorld() {
  if (dynamo === undefined) throw new Error('This machine has no local DynamoDB.');
  const tables = await dynamo.makeTables();
  const tenancy = createTenancyStore({ dynamo: dynamo.lean, tables, clock: Date.now });
  const audit = createAuditStore({ dynamo: dynamo.lean, tables });
  return {
    tenancy,
    audit,
    world: keyWorld({ random: randomBytes, over: (ports) => ({ ...ports, tenancy }) }),
  };
}

type RealWorld = Awaited<ReturnType<typeof realWorld>>;

async function chainOf({ audit }: RealWorld, tenant: TenantRef): Promise<readonly AuditRecord[]> {
  const records: AuditRecord[] = [];
  for (;;) {
    const after = records.at(-1)?.sequence;
    const page = await audit.readChain(tenant, {
      limit: 100,
      ...(after !== undefined && { after: String(after) }),
    });
    records.push(...page.items);
    if (!page.hasMore) return records;
  }
}

/** Whether a change is to be seen in what is stored; the names are the changes' own. */
async function storedNames({ world }: RealWorld, project_id: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  let after: string | undefined;
  for (;;) {
    const page = await world.call(`GET ${PROJECT}/service_accounts`, {
      path: { project_id },
      query: { limit: ['100'], ...(after !== undefined && { after: [after] }) },
    });
    for (const { name } of page.body.data) names.add(name);
    after = page.body.last_id;
    if (!page.body.has_more) return names;
  }
}

describe('200 changes of one tenant at once', () => {
  test('each commit with their event or leave nothing, and the chain has no gap', async () => {
    const real = await realWorld();
    const { project } = await projectWithKey(real.world);
    const names = Array.from({ length: CHANGES }, (_, index) => `account ${index}`);
    const answers: readonly Answer[] = await Promise.all(
      names.map((name) =>
        real.world.call(`POST ${PROJECT}/service_accounts`, {
          path: { project_id: project },
          body: { name },
        }),
      ),
    );
    const committed = names.filter((_, index) => answers[index]?.status === 200);
    expect(answers.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
    expect(committed.length).toBeGreaterThan(0);

    const stored = await storedNames(real, project);
    expect(names.filter((name) => stored.has(name))).toEqual(committed);
    const tenant = parseProjectId(project) as TenantRef;
    const chain = await chainOf(real, tenant);
    const head = await real.audit.readHead(tenant);
    expect(verifyAuditChain(chain, head)).toBeUndefined();
    const made = chain
      .map(({ canonical }) => JSON.parse(canonical))
      .filter(({ type }) => type === 'service_account.created');
    expect(new Set(made.map(({ subject }) => subject.name))).toEqual(new Set([...committed, 'worker']));
    expect(made).toHaveLength(committed.length + 1);
  }, 120_000);
});
