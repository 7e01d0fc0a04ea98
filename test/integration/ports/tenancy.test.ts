import { createMemoryTenancy } from '../../../local/memory/tenancy.ts';
import { createCredentialStore } from '../../../shared/aws/credential-store.ts';
import type { Dynamo } from '../../../shared/aws/dynamo.ts';
import { createTenancyStore } from '../../../shared/aws/tenancy-store.ts';
import { startTestDynamo } from '../../support/dynamodb.ts';
import { describeTenancy, type TenancyPorts } from './tenancy-suite.ts';

const dynamo = await startTestDynamo();
afterAll(() => dynamo?.close());

describeTenancy('in memory', async () => {
  const ports = createMemoryTenancy();
  return { ports, again: () => ports };
});

if (dynamo === undefined) {
  test('this machine has no local DynamoDB, so only the stores in memory were proven', () => undefined);
} else {
  const portsOver = (sender: Dynamo) => async () => {
    const tables = await dynamo.makeTables();
    // A clock that stands still never runs out of patience: how long contention takes here says nothing.
    const make = (): TenancyPorts => ({
      credentials: createCredentialStore({ dynamo: sender, tables }),
      tenancy: createTenancyStore({ dynamo: sender, tables, clock: () => 0 }),
    });
    return { ports: make(), again: make };
  };
  describeTenancy('DynamoDB by the lean sender', portsOver(dynamo.lean));
  describeTenancy('DynamoDB by the SDK', portsOver(dynamo.sdk));
}
