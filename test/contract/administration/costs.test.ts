import { ulid } from 'ulid';
import { createHandler } from '../../../functions/metrics/create-handler.ts';
import { createMemoryAudit } from '../../../local/memory/audit.ts';
import { createMemoryTenancy } from '../../../local/memory/tenancy.ts';
import { createMemoryUsageStore } from '../../../local/memory/usage-store.ts';
import { insert } from '../../../shared/domain/change.ts';
import { accountOfKey, keyId, parseRequestId, projectId } from '../../../shared/domain/ids.ts';
import type { Principal } from '../../../shared/domain/principal.ts';
import type { ApiKey } from '../../../shared/domain/tenancy.ts';
import { DAY_MS } from '../../../shared/domain/tenancy.ts';
import { type Answer, refusalOf, unknownProject } from '../../support/administration-fixture.ts';
import {
  adminPrincipal,
  gatewayEvent,
  keyPrincipal,
  lambdaContext,
  NOON_MS,
  recordingLog,
  testSecrets,
} from '../../support/gateway-event.ts';
import { seededRandom } from '../../support/random.ts';
import { accountEntity, keyEntity, tenantEntity } from '../../support/tenancy-entities.ts';

const MIDNIGHT_MS = NOON_MS - DAY_MS / 2;
const MIDNIGHT = MIDNIGHT_MS / 1000;
const DAY = DAY_MS / 1000;
const [LITE, MICRO] = ['amazon.nova-lite-v1:0', 'amazon.nova-micro-v1:0'];

const { tenancy, chains } = createMemoryTenancy();
const usage = createMemoryUsageStore();
const [one, two] = [tenantEntity(), tenantEntity()];
const [first, second, foreign] = [
  keyEntity(accountEntity(one.ref)),
  keyEntity(accountEntity(one.ref)),
  keyEntity(accountEntity(two.ref)),
];

/** One charged request. */
function charge(
  key: ApiKey,
  of: { readonly atMs: number; readonly nanoUsd: number; readonly model?: string },
): void {
  const request = parseRequestId(ulid(of.atMs));
  if (request === undefined) throw new Error('No request id.');
  usage.put({
    request,
    tenant: key.tenant,
    account: accountOfKey(key.ref),
    key: key.ref,
    model: of.model ?? LITE,
    endpoint: 'chat.completions',
    serviceTier: 'standard',
    outcome: 'completed',
    usage: { input: 10, output: 10, cacheRead: 0, cacheWrite: 0 },
    nanoUsd: of.nanoUsd,
    estimated: false,
    startedAtMs: of.atMs,
    settledAtMs: of.atMs,
  });
}

const handler = createHandler({
  tenancy,
  usage,
  rollups: usage.rollups,
  audit: createMemoryAudit(chains),
  secrets: testSecrets,
  clock: () => NOON_MS,
  random: seededRandom('costs'),
  log: recordingLog(),
});

beforeAll(async () => {
  for (const tenant of [one, two]) {
    await tenancy.commit({ writes: [insert({ type: 'tenant', value: tenant })], audit: [] });
  }
  charge(first, { atMs: MIDNIGHT_MS - 1, nanoUsd: 700_000_000 });
  charge(first, { atMs: MIDNIGHT_MS, nanoUsd: 100_000_000 });
  charge(first, { atMs: NOON_MS - 1, nanoUsd: 200_000_001 });
  charge(second, { atMs: NOON_MS - 2, nanoUsd: 3_000, model: MICRO });
  charge(foreign, { atMs: NOON_MS - 3, nanoUsd: 5_000_000_000 });
});

async function costs(query: Record<string, string[]>, principal: Principal = adminPrincipal()) {
  const event = gatewayEvent({ method: 'GET', resource: '/v1/organization/costs', query, principal });
  const { statusCode, headers, body } = Object(await handler(event, lambdaContext()));
  const answer: Answer = { status: statusCode, headers, body: JSON.parse(body) };
  const values = answer.body.data?.map(({ results }: { results: { amount: { value: number } }[] }) =>
    results.map(({ amount }) => amount.value),
  );
  return { ...answer, values };
}

const today = { start_time: [`${MIDNIGHT}`] };
const result = (of: object) => ({
  object: 'organization.costs.result',
  line_item: null,
  project_id: null,
  api_key_id: null,
  quantity: null,
  quantity_unit: null,
  user_id: null,
  api_source: null,
  ...of,
});

describe('GET /v1/organization/costs', () => {
  test('sums what was charged by the UTC day, in USD', async () => {
    const { status, body } = await costs({
      start_time: [`${MIDNIGHT - DAY}`],
      end_time: [`${MIDNIGHT + DAY}`],
    });
    expect([status, body]).toEqual([
      200,
      {
        object: 'page',
        data: [
          {
            object: 'bucket',
            start_time: MIDNIGHT - DAY,
            end_time: MIDNIGHT,
            results: [result({ amount: { value: 0.7, currency: 'usd' } })],
          },
          {
            object: 'bucket',
            start_time: MIDNIGHT,
            end_time: MIDNIGHT + DAY,
            results: [result({ amount: { value: 5.300003001, currency: 'usd' } })],
          },
        ],
        has_more: false,
        next_page: null,
      },
    ]);
  });

  test('groups by project, line item and key', async () => {
    const group_by = ['project_id', 'line_item', 'api_key_id'];
    const { body } = await costs({ ...today, group_by });
    const line = (key: ApiKey, line_item: string, value: number) =>
      result({
        amount: { value, currency: 'usd' },
        line_item,
        project_id: projectId(key.tenant),
        api_key_id: keyId(key.tenant, key.ref),
      });
    const lines = [line(first, LITE, 0.300000001), line(second, MICRO, 0.000003), line(foreign, LITE, 5)];
    expect(body.data[0].results).toHaveLength(3);
    expect(body.data[0].results).toEqual(expect.arrayContaining(lines));
    const byModel = await costs({ ...today, group_by: ['line_item'] });
    expect(byModel.body.data[0].results).toEqual([
      result({ amount: { value: 5.300000001, currency: 'usd' }, line_item: LITE }),
      result({ amount: { value: 0.000003, currency: 'usd' }, line_item: MICRO }),
    ]);
  });

  test.each<[string, Record<string, string[]>, readonly number[]]>([
    ['a project', { project_ids: [projectId(one.ref)] }, [0.300003001]],
    ['a project named twice', { project_ids: [projectId(two.ref), projectId(two.ref)] }, [5]],
    ['an unknown project', { project_ids: [unknownProject()] }, []],
    ['a key', { api_key_ids: [keyId(one.ref, second.ref)] }, [0.000003]],
    ['a line item', { line_items: [MICRO] }, [0.000003]],
    ['an end', { end_time: [`${MIDNIGHT + 1}`] }, [0.1]],
  ])('filters by %s', async (_, query, expected) => {
    expect((await costs({ ...today, ...query })).values).toEqual([expected]);
  });

  test('shows a tenant’s key its own project and no other', async () => {
    const own = keyPrincipal({ tenant: one.ref, scopes: ['usage:read'] });
    expect((await costs(today, own)).values).toEqual([[0.300003001]]);
    expect((await costs({ ...today, project_ids: [projectId(two.ref)] }, own)).values).toEqual([[]]);
    const other = keyPrincipal({ tenant: one.ref, scopes: ['models:read', 'chat.completions:write'] });
    expect(refusalOf(await costs(today, other))).toMatchObject({ status: 403, code: 'insufficient_scope' });
  });

  test('pages by days, 180 at most, and loses none', async () => {
    const range = { start_time: [`${MIDNIGHT - 9 * DAY}`], end_time: [`${MIDNIGHT + DAY}`] };
    const page = await costs(range);
    expect([page.body.data.length, page.body.has_more]).toEqual([7, true]);
    const rest = await costs({ ...range, page: [page.body.next_page] });
    expect(rest.values).toEqual([[], [0.7], [5.300003001]]);
    expect(rest.body.next_page).toBeNull();
    expect((await costs({ ...range, limit: ['180'] })).body.data).toHaveLength(10);
  });

  test('goes on at the bucket of a cursor, whichever query it came from, and says where it must lie', async () => {
    const [from, to] = [MIDNIGHT - 9 * DAY, MIDNIGHT + DAY];
    const { next_page } = (await costs({ start_time: [`${from}`], end_time: [`${to}`] })).body;
    const shifted = { start_time: [`${from + DAY}`], end_time: [`${to}`] };
    expect((await costs({ ...shifted, page: [next_page] })).values).toEqual([[], [0.7], [5.300003001]]);
    const { body } = await costs({ ...today, page: [next_page] });
    expect(body.error.message).toContain('within the time range of this query');
  });

  test.each<[Record<string, string[]>, string, string]>([
    [{}, 'missing_required_parameter', 'start_time'],
    [{ ...today, end_time: [`${MIDNIGHT}`] }, 'invalid_value', 'end_time'],
    [{ ...today, bucket_width: ['1h'] }, 'invalid_value', 'bucket_width'],
    [{ ...today, limit: ['181'] }, 'invalid_value', 'limit'],
    [{ ...today, page: ['page_7'] }, 'invalid_value', 'page'],
    [{ ...today, group_by: ['model'] }, 'unsupported_value', 'group_by'],
    [{ ...today, group_by: ['project_id', 'batch'] }, 'unsupported_value', 'group_by'],
    [{ ...today, user_ids: ['u'] }, 'unsupported_parameter', 'user_ids'],
    [{ ...today, models: ['m'] }, 'unsupported_parameter', 'models'],
  ])('refuses %j by name', async (query, code, param) => {
    expect(refusalOf(await costs(query))).toEqual({ status: 400, code, param });
  });
});
