import { createHandler } from '../../functions/key-rotation/create-handler.ts';
import { newTenantRef, type TenantRef } from '../../shared/domain/ids.ts';
import { DEFAULT_LIMITS } from '../../shared/domain/limits.ts';
import type { Tenant } from '../../shared/domain/tenancy.ts';
import { NOON_MS, recordingLog } from '../support/gateway-event.ts';
import { seededRandom } from '../support/random.ts';

const random = seededRandom('sweep');
const tenants: readonly Tenant[] = Array.from({ length: 250 }, (_, index) => ({
  ref: newTenantRef(random),
  name: `tenant ${index}`,
  status: 'active',
  limits: DEFAULT_LIMITS,
  createdAtMs: NOON_MS,
}));

function sweepWith(sweep: (tenant: TenantRef) => Promise<number>, remainingMs = 300_000) {
  const log = recordingLog();
  const handler = createHandler({
    tenancy: {
      listTenants: async ({ after, limit }) => {
        const from = tenants.findIndex(({ ref }) => ref === after) + 1;
        return { items: tenants.slice(from, from + limit), hasMore: from + limit < tenants.length };
      },
    },
    limits: { sweep },
    clock: () => NOON_MS,
    log,
  });
  return { log, run: () => handler({}, { getRemainingTimeInMillis: () => remainingMs }) };
}

describe('the hourly sweep', () => {
  test('visits every tenant once, over all pages', async () => {
    const visited: TenantRef[] = [];
    const { run } = sweepWith(async (tenant) => visited.push(tenant) % 2);
    expect(await run()).toEqual({ tenants: 250, settled: 125, failed: 0, left: 0 });
    expect(visited.sort()).toEqual(tenants.map(({ ref }) => ref).sort());
  });

  test('goes on past a tenant that cannot be swept, and says so', async () => {
    const { run, log } = sweepWith(async (tenant) => {
      if (tenant === tenants[7]?.ref) throw new RangeError('secret detail');
      return 0;
    });
    expect(await run()).toEqual({ tenants: 250, settled: 0, failed: 1, left: 0 });
    expect(log.events).toEqual([
      expect.objectContaining({ event: 'sweep-failed', tenant: tenants[7]?.ref, cause: 'RangeError' }),
      expect.objectContaining({ level: 'error', event: 'sweep-finished', failed: 1 }),
    ]);
    expect(JSON.stringify(log.events)).not.toContain('secret detail');
  });

  test('stops before its time is up and names how many are left', async () => {
    const { run } = sweepWith(() => Promise.reject(new Error('not to be asked')), 15_000);
    expect(await run()).toEqual({ tenants: 250, settled: 0, failed: 0, left: 250 });
  });
});
