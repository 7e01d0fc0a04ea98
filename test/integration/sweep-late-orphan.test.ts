import { createLimitsStore } from '../../shared/aws/limits-store.ts';
import { createTenancyStore } from '../../shared/aws/tenancy-store.ts';
import { createUsageRollups } from '../../shared/aws/usage-rollups.ts';
import { insert } from '../../shared/domain/change.ts';
import { HOUR_MS, hourOf } from '../../shared/domain/rollup.ts';
import { startTestDynamo } from '../support/dynamodb.ts';
import { admissionOf, settlementOf } from '../support/limits-fixture.ts';
import { tenantEntity } from '../support/tenancy-entities.ts';

const dynamo = await startTestDynamo();
const before = { ...process.env };
afterAll(async () => {
  process.env = before;
  await dynamo?.close();
});

if (dynamo === undefined) {
  test('this machine has no local DynamoDB, so nothing was swept', () => undefined);
} else {
  test('the deployed sweep sums hours, and opens that of a request it settles hours after its process died', async () => {
    const tables = await dynamo.makeTables();
    Object.assign(process.env, {
      STAGE: 'test',
      AWS_REGION: 'us-east-1',
      CONFIG_TABLE: tables.config,
      LIMITS_TABLE: tables.limits,
      USAGE_TABLE: tables.usage,
      AUDIT_TABLE: tables.audit,
      AUDIT_HEAD_TABLE: tables.auditHead,
      AUDIT_ARCHIVE: 'archive',
      CONTEXT_SECRET_ID: 'context',
      BASE_URL_PARAMETER: '/bedrock-proxy/test/base-url',
      KEY_ENVIRONMENT: 'test',
      USAGE_RETENTION_DAYS: '400',
      AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    });
    const { handler } = await import('../../functions/key-rotation/handler.ts');
    const tenancy = createTenancyStore({ dynamo: dynamo.lean, tables, clock: Date.now });
    const tenant = tenantEntity();
    await tenancy.commit({ writes: [insert({ type: 'tenant', value: tenant })], audit: [] });
    const limits = createLimitsStore({
      dynamo: dynamo.lean,
      limitsTable: tables.limits,
      usageTable: tables.usage,
    });
    const startMs = hourOf(Date.now()) - 5 * HOUR_MS;
    const [settled, orphaned] = [1, 2].map((index) =>
      admissionOf({ tenant: tenant.ref, index, atMs: startMs + index * 1_000, tokens: 10, nanoUsd: 500 }),
    );
    if (settled === undefined || orphaned === undefined) throw new Error('No admissions.');
    await limits.admit(settled);
    await limits.settle(settlementOf(settled));
    const sweep = () => handler({}, { awsRequestId: 'sweep', getRemainingTimeInMillis: () => 120_000 });
    expect(await sweep()).toMatchObject({ tenants: 1, settled: 0, rolledUp: 1, behind: 0, failed: 0 });
    await limits.admit(orphaned);
    expect(await sweep()).toMatchObject({ tenants: 1, settled: 1, rolledUp: 1, behind: 0, failed: 0 });

    const rollups = createUsageRollups({ dynamo: dynamo.lean, table: tables.usage });
    const hours = [];
    for await (const page of rollups.read(tenant.ref, { fromMs: startMs, toMs: startMs + HOUR_MS }))
      hours.push(...page);
    expect([
      hours.map(({ lines }) => lines?.map((line) => [line.requests, line.nanoUsd])),
      await rollups.readProgress(tenant.ref),
    ]).toEqual([
      [[[2, 1_000]]],
      // For the orphan, and for the entry that the other process left when it had written the record.
      { rolledToMs: startMs + HOUR_MS, reopened: 2 },
    ]);
    const items = await dynamo.lean.query({
      TableName: tables.usage,
      KeyConditionExpression: 'PK = :tenant AND begins_with(SK, :usage)',
      ExpressionAttributeValues: { ':tenant': { S: `TENANT#${tenant.ref}` }, ':usage': { S: 'USAGE#' } },
    });
    // The sweep keeps what it settles as long as the stage says; the other store here was told of no retention.
    expect(items.Items?.map((item) => item['ttl'] !== undefined)).toEqual([false, true]);
  }, 60_000);
}
