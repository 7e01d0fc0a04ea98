import type { Dynamo } from '../../shared/aws/dynamo.ts';
import { createTenancyStore } from '../../shared/aws/tenancy-store.ts';
import { insert } from '../../shared/domain/change.ts';
import type { TenantRef } from '../../shared/domain/ids.ts';
import { everyTenant } from '../../shared/every-tenant.ts';
import { startTestDynamo } from '../support/dynamodb.ts';
import { tenantEntity } from '../support/tenancy-entities.ts';

/** More than a page of the walk. */
const TENANTS = 101;

const dynamo = await startTestDynamo();
afterAll(() => dynamo?.close());

if (dynamo === undefined) {
  test('this machine has no local DynamoDB, so nothing was walked', () => undefined);
} else {
  test('every tenant is read from the organisation’s partition alone, all that the metrics role may read', async () => {
    const tables = await dynamo.makeTables();
    const partitions = new Set<string | undefined>();
    const reading: Dynamo = {
      ...dynamo.lean,
      getItem: () => Promise.reject(new Error('The role may not get an item.')),
      query: (input) => {
        partitions.add(input.ExpressionAttributeValues?.[':partition']?.S);
        return dynamo.lean.query(input);
      },
    };
    const writer = createTenancyStore({ dynamo: dynamo.lean, tables, clock: Date.now });
    const made: TenantRef[] = [];
    for (let createdAtMs = 0; createdAtMs < TENANTS; createdAtMs += 1) {
      const tenant = { ...tenantEntity(), createdAtMs };
      await writer.commit({ writes: [insert({ type: 'tenant', value: tenant })], audit: [] });
      made.push(tenant.ref);
    }
    const walked: TenantRef[] = [];
    const tenancy = createTenancyStore({ dynamo: reading, tables, clock: Date.now });
    for await (const tenant of everyTenant(tenancy)) walked.push(tenant);
    expect([walked, [...partitions]]).toEqual([made, ['ORG']]);
  }, 60_000);
}
