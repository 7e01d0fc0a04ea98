import { createHandler as createSweep } from '../../functions/key-rotation/create-handler.ts';
import { createHandler as createMetrics } from '../../functions/metrics/create-handler.ts';
import { createMemoryAudit } from '../../local/memory/audit.ts';
import { createMemoryEventBus } from '../../local/memory/event-bus.ts';
import { createMemorySecretVault } from '../../local/memory/secret-vault.ts';
import { createMemoryTenancy } from '../../local/memory/tenancy.ts';
import { createMemoryUsageStore } from '../../local/memory/usage-store.ts';
import { insert } from '../../shared/domain/change.ts';
import type { TenantRef } from '../../shared/domain/ids.ts';
import { DAY_MS } from '../../shared/domain/tenancy.ts';
import type { UsageRollups } from '../../shared/ports.ts';
import {
  adminPrincipal,
  gatewayEvent,
  lambdaContext,
  NOON_MS,
  recordingLog,
  testSecrets,
} from '../support/gateway-event.ts';
import { recordOf } from '../support/ledger-fixture.ts';
import { seededRandom } from '../support/random.ts';
import { accountEntity, keyEntity, tenantEntity } from '../support/tenancy-entities.ts';

const HOUR_MS = 3_600_000;
const YESTERDAY_MS = NOON_MS - DAY_MS / 2 - DAY_MS;
const BOUNDS = { recordsMax: 25, firstRecordsMax: 25, groupsMax: 100 };
const tenants = [tenantEntity(), tenantEntity()];

/** Tenants with ten requests in each hour of yesterday, the sweep and the reports over one set of stores. */
async function world(over: (rollups: UsageRollups) => UsageRollups = (rollups) => rollups) {
  const { tenancy, chains } = createMemoryTenancy();
  const usage = createMemoryUsageStore();
  for (const tenant of tenants) {
    await tenancy.commit({ writes: [insert({ type: 'tenant', value: tenant })], audit: [] });
    const key = keyEntity(accountEntity(tenant.ref));
    for (let request = 0; request < 240; request += 1) {
      usage.put(recordOf(key, { atMs: YESTERDAY_MS + request * (HOUR_MS / 10), nanoUsd: 1_000_000 }));
    }
  }
  const now = { ms: NOON_MS };
  const log = recordingLog();
  const ports = {
    tenancy,
    usage,
    rollups: over(usage.rollups),
    clock: () => now.ms,
    random: seededRandom('sweep-rollups'),
    log,
  };
  const sweep = createSweep({
    ...ports,
    limits: { sweep: async () => 0, readSpend: async () => ({ nanoUsd: 0, debtNanoUsd: 0 }) },
    vault: createMemorySecretVault(),
    events: createMemoryEventBus(),
    settings: { baseUrl: async () => 'https://gateway.example/dev' },
    keyEnvironment: 'test',
  });
  const metrics = createMetrics({
    ...ports,
    audit: createMemoryAudit(chains),
    secrets: testSecrets,
    pageBounds: BOUNDS,
  });
  return {
    now,
    log,
    sweep: (remainingMs = 300_000) =>
      sweep({}, { awsRequestId: 'sweep', getRemainingTimeInMillis: () => remainingMs }),
    async costsOfYesterday(tenant: TenantRef) {
      const query = {
        start_time: [`${YESTERDAY_MS / 1000}`],
        end_time: [`${(YESTERDAY_MS + DAY_MS) / 1000}`],
        project_ids: [`proj_${tenant}`],
      };
      const event = gatewayEvent({
        method: 'GET',
        resource: '/v1/organization/costs',
        query,
        principal: adminPrincipal({ expiresAtMs: now.ms + HOUR_MS }),
        nowMs: now.ms,
      });
      const { statusCode, body } = Object(await metrics(event, lambdaContext()));
      const { data, error } = JSON.parse(body);
      return [statusCode, error?.code ?? data[0].results[0].amount.value];
    },
  };
}

const NOTHING = { settled: 0, rotated: 0, reminded: 0, delivered: 0, failed: 0, left: 0 };
const [one, two] = tenants.map(({ ref }) => ref);
if (one === undefined || two === undefined) throw new Error('No tenants.');

test('a day of more requests than a report may read has its costs once the sweep has summed it', async () => {
  const { sweep, costsOfYesterday } = await world();
  expect(await costsOfYesterday(one)).toEqual([400, 'invalid_value']);
  expect(await sweep()).toEqual({ ...NOTHING, tenants: 2, rolledUp: 48, behind: 0 });
  expect([await costsOfYesterday(one), await costsOfYesterday(two)]).toEqual([
    [200, 0.24],
    [200, 0.24],
  ]);
});

test('a sweep whose time is up says which tenants are behind, and the next goes on', async () => {
  const { sweep, now, costsOfYesterday } = await world((rollups) => ({
    ...rollups,
    seal: async (tenant, hour) => {
      now.ms += 1_000;
      return rollups.seal(tenant, hour);
    },
  }));
  const first = await sweep(15_000 + 10_000);
  expect([first.behind, first.failed, first.rolledUp >= 10, first.rolledUp < 48]).toEqual([2, 0, true, true]);
  let last = first;
  let rolledUp = first.rolledUp;
  while (last.behind > 0) {
    last = await sweep();
    rolledUp += last.rolledUp;
  }
  expect(rolledUp).toBe(48);
  expect(await costsOfYesterday(two)).toEqual([200, 0.24]);
});

test('one tenant takes no more than its share of the time', async () => {
  const { sweep, now } = await world((rollups) => ({
    ...rollups,
    seal: async (tenant, hour) => {
      if (tenant === one) now.ms += 10_000;
      return rollups.seal(tenant, hour);
    },
  }));
  const swept = await sweep();
  // Three hours of the one are its 30 seconds.
  expect([swept.rolledUp >= 3, swept.rolledUp <= 3 + 24, swept.behind >= 1]).toEqual([true, true, true]);
});

test('a tenant whose hours cannot be summed fails alone, and its reports go on from the records', async () => {
  const { sweep, log, costsOfYesterday } = await world((rollups) => ({
    ...rollups,
    seal: (tenant, hour) =>
      tenant === one ? Promise.reject(new RangeError('secret detail')) : rollups.seal(tenant, hour),
  }));
  expect(await sweep()).toEqual({ ...NOTHING, tenants: 2, rolledUp: 24, behind: 1, failed: 1 });
  expect(log.events).toEqual([
    expect.objectContaining({ event: 'sweep-failed', tenant: one, cause: 'RangeError' }),
    expect.objectContaining({ level: 'error', event: 'sweep-finished', failed: 1, behind: 1 }),
  ]);
  expect([await costsOfYesterday(one), await costsOfYesterday(two)]).toEqual([
    [400, 'invalid_value'],
    [200, 0.24],
  ]);
});
