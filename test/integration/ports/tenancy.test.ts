import { createMemoryAudit } from '../../../local/memory/audit.ts';
import { createMemoryTenancy } from '../../../local/memory/tenancy.ts';
import { createAuditStore } from '../../../shared/aws/audit-store.ts';
import { createCredentialStore } from '../../../shared/aws/credential-store.ts';
import type { Dynamo } from '../../../shared/aws/dynamo.ts';
import { createTenancyStore } from '../../../shared/aws/tenancy-store.ts';
import { startTestDynamo } from '../../support/dynamodb.ts';
import { describeCredentials } from './credentials-suite.ts';
import { describeTenancyLists } from './tenancy-lists-suite.ts';
import type { OpenTenancy } from './tenancy-ports.ts';
import { describeTenancyRoundTrips } from './tenancy-round-trip-suite.ts';
import { describeTenancy } from './tenancy-suite.ts';

const dynamo = await startTestDynamo();
afterAll(() => dynamo?.close());

const SUITES = [describeTenancy, describeTenancyRoundTrips, describeTenancyLists, describeCredentials];

async function openMemory(): Promise<OpenTenancy> {
  const { chains, ...stores } = createMemoryTenancy();
  const ports = { ...stores, audit: createMemoryAudit(chains) };
  return () => ports;
}
for (const describeSuite of SUITES) describeSuite('in memory', openMemory);

if (dynamo === undefined) {
  test('this machine has no local DynamoDB, so only the stores in memory were proven', () => undefined);
} else {
  const openOver = (sender: Dynamo) => async (): Promise<OpenTenancy> => {
    const tables = await dynamo.makeTables();
    // A clock that stands still never runs out of patience: how long contention takes here says nothing.
    return () => ({
      credentials: createCredentialStore({ dynamo: sender, tables }),
      tenancy: createTenancyStore({ dynamo: sender, tables, clock: () => 0 }),
      audit: createAuditStore({ dynamo: sender, tables }),
    });
  };
  for (const describeSuite of SUITES) {
    describeSuite('DynamoDB by the lean sender', openOver(dynamo.lean));
    describeSuite('DynamoDB by the SDK', openOver(dynamo.sdk));
  }
}
