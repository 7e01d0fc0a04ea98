import { createHandler } from '../../../functions/metrics/create-handler.ts';
import { createMemoryAudit } from '../../../local/memory/audit.ts';
import { createMemoryTenancy } from '../../../local/memory/tenancy.ts';
import { createMemoryUsageStore } from '../../../local/memory/usage-store.ts';
import { DAY_MS } from '../../../shared/domain/tenancy.ts';
import {
  adminPrincipal,
  gatewayEvent,
  lambdaContext,
  NOON_MS,
  recordingLog,
  testSecrets,
} from '../../support/gateway-event.ts';
import { seededRandom } from '../../support/random.ts';

const DAYS = 90;
const KEPT_FROM = (NOON_MS - DAYS * DAY_MS) / 1000;
const HOUR = 3_600;

const usage = createMemoryUsageStore();
const { tenancy, chains } = createMemoryTenancy();
const handler = createHandler({
  tenancy,
  usage,
  rollups: usage.rollups,
  usageRetentionDays: DAYS,
  audit: createMemoryAudit(chains),
  secrets: testSecrets,
  clock: () => NOON_MS,
  random: seededRandom('retention'),
  log: recordingLog(),
});

async function ask(path: string, query: Record<string, string | number>) {
  const event = gatewayEvent({
    method: 'GET',
    resource: `/v1/organization/${path}`,
    query: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, [String(value)]])),
    principal: adminPrincipal(),
  });
  const { statusCode, body } = Object(await handler(event, lambdaContext()));
  const { error } = JSON.parse(body);
  return error === undefined ? [statusCode] : [statusCode, error.code, error.param, error.message];
}

const REFUSED = 'Single requests are kept for 90 days, whole hours for ever';

describe('a report that reaches behind the retention of usage records', () => {
  test('has no minutes there: none could be told from what is left', async () => {
    const query = { bucket_width: '1m', limit: 1 };
    const before = { ...query, start_time: KEPT_FROM - 60 };
    expect(await ask('usage/completions', before)).toEqual([
      400,
      'invalid_value',
      'bucket_width',
      `${REFUSED}: for this 'start_time' use 'bucket_width' 1h or 1d.`,
    ]);
    expect(await ask('usage/completions', { ...query, start_time: KEPT_FROM })).toEqual([200]);
  });

  test.each(['usage/completions', 'usage/embeddings', 'usage/images', 'usage/moderations', 'costs'])(
    'of %s ends on a whole hour there',
    async (path) => {
      const query = { start_time: KEPT_FROM - 90 * 86_400, limit: 31 };
      expect(await ask(path, { ...query, end_time: KEPT_FROM - 170 * HOUR })).toEqual([200]);
      expect(await ask(path, { ...query, end_time: KEPT_FROM - 89 * 86_400 + 1 })).toEqual([
        400,
        'invalid_value',
        'end_time',
        `${REFUSED}: give an 'end_time' on a whole hour of UTC.`,
      ]);
    },
  );

  test('may end anywhere where the records are', async () => {
    const query = { start_time: KEPT_FROM - 86_400, limit: 31 };
    expect(await ask('costs', { ...query, end_time: KEPT_FROM + 1 })).toEqual([200]);
  });
});
