import { createHandler } from '../../functions/key-rotation/create-handler.ts';
import { createMemoryEventBus } from '../../local/memory/event-bus.ts';
import { createMemorySecretVault } from '../../local/memory/secret-vault.ts';
import { createMemoryTenancy } from '../../local/memory/tenancy.ts';
import { createMemoryUsageStore } from '../../local/memory/usage-store.ts';
import type { TenantRef } from '../../shared/domain/ids.ts';
import { NOON_MS, recordingLog } from '../support/gateway-event.ts';
import { seededRandom } from '../support/random.ts';
import { tenantEntity } from '../support/tenancy-entities.ts';

const tenants = Array.from({ length: 250 }, () => tenantEntity());

function sweepWith(sweep: (tenant: TenantRef) => Promise<number>, remainingMs = 300_000) {
  const log = recordingLog();
  const usage = createMemoryUsageStore();
  const handler = createHandler({
    tenancy: {
      ...createMemoryTenancy().tenancy,
      listTenants: async ({ after, limit }) => {
        const last = typeof after === 'string' ? after : after?.ref;
        const from = tenants.findIndex(({ ref }) => ref === last) + 1;
        return { items: tenants.slice(from, from + limit), hasMore: from + limit < tenants.length };
      },
    },
    limits: { sweep, readSpend: async () => ({ nanoUsd: 0, debtNanoUsd: 0 }) },
    usage,
    rollups: usage.rollups,
    vault: createMemorySecretVault(),
    events: createMemoryEventBus(),
    settings: { baseUrl: async () => 'https://gateway.example/dev' },
    random: seededRandom('sweep'),
    keyEnvironment: 'test',
    clock: () => NOON_MS,
    log,
  });
  const context = { awsRequestId: 'sweep', getRemainingTimeInMillis: () => remainingMs };
  return { log, run: () => handler({}, context) };
}

const NOTHING = {
  settled: 0,
  rotated: 0,
  reminded: 0,
  delivered: 0,
  rolledUp: 0,
  behind: 0,
  failed: 0,
  left: 0,
};

describe('the hourly sweep', () => {
  test('visits every tenant once, over all pages', async () => {
    const visited: TenantRef[] = [];
    const { run } = sweepWith(async (tenant) => visited.push(tenant) % 2);
    expect(await run()).toEqual({ ...NOTHING, tenants: 250, settled: 125 });
    expect(visited.sort()).toEqual(tenants.map(({ ref }) => ref).sort());
  });

  test('goes on past a tenant that cannot be swept, and says so', async () => {
    const { run, log } = sweepWith(async (tenant) => {
      if (tenant === tenants[7]?.ref) throw new RangeError('secret detail');
      return 0;
    });
    expect(await run()).toEqual({ ...NOTHING, tenants: 250, failed: 1 });
    expect(log.events).toEqual([
      expect.objectContaining({ event: 'sweep-failed', tenant: tenants[7]?.ref, cause: 'RangeError' }),
      expect.objectContaining({ level: 'error', event: 'sweep-finished', failed: 1 }),
    ]);
    expect(JSON.stringify(log.events)).not.toContain('secret detail');
  });

  test('stops before its time is up and names how many are left', async () => {
    const { run } = sweepWith(() => Promise.reject(new Error('not to be asked')), 15_000);
    expect(await run()).toEqual({ ...NOTHING, tenants: 250, behind: 250, left: 250 });
  });
});
