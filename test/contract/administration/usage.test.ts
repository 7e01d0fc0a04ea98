import { accountOfKey, keyId, projectId, serviceAccountId } from '../../../shared/domain/ids.ts';
import { DAY_MS } from '../../../shared/domain/tenancy.ts';
import { refusalOf, unknownProject } from '../../support/administration-fixture.ts';
import { keyPrincipal, NOON_MS } from '../../support/gateway-event.ts';
import { type LedgerFixture, ledgerFixture, recordOf } from '../../support/ledger-fixture.ts';
import { accountEntity, keyEntity, tenantEntity } from '../../support/tenancy-entities.ts';

const MIDNIGHT_MS = NOON_MS - DAY_MS / 2;
const MIDNIGHT = MIDNIGHT_MS / 1000;
const [LITE, MICRO, TITAN, CANVAS] = [
  'amazon.nova-lite-v1:0',
  'amazon.nova-micro-v1:0',
  'amazon.titan-embed-text-v2:0',
  'amazon.nova-canvas-v1:0',
];
const [one, two] = [tenantEntity(), tenantEntity()];
const key = keyEntity(accountEntity(one.ref));
const foreign = keyEntity(accountEntity(two.ref));
const svc = serviceAccountId(key.tenant, accountOfKey(key.ref));
const today = { start_time: [`${MIDNIGHT}`], end_time: [`${MIDNIGHT + 86_400}`] };

let ledger: LedgerFixture;

beforeAll(async () => {
  ledger = await ledgerFixture([one, two]);
  const usage = { input: 100, cacheRead: 20, cacheWrite: 7, cacheWrite1h: 3, output: 11 };
  ledger.put(recordOf(key, { atMs: MIDNIGHT_MS, usage }));
  ledger.put(
    recordOf(key, {
      atMs: MIDNIGHT_MS + 1,
      usage: { ...usage, input: 1 },
      serviceTier: 'priority',
      model: MICRO,
    }),
  );
  ledger.put(recordOf(foreign, { atMs: NOON_MS, usage, serviceTier: 'batch', outcome: 'orphaned' }));
  const tokens = { input: 9, output: 0, cacheRead: 0, cacheWrite: 0 };
  ledger.put(
    recordOf(key, { atMs: MIDNIGHT_MS, endpoint: 'embeddings', model: TITAN, usage: tokens, nanoUsd: 180 }),
  );
  ledger.put(
    recordOf(foreign, {
      atMs: MIDNIGHT_MS,
      endpoint: 'embeddings',
      model: TITAN,
      usage: tokens,
      nanoUsd: 180,
    }),
  );
  const images = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, images: 2 };
  ledger.put(
    recordOf(key, { atMs: NOON_MS, endpoint: 'images', model: CANVAS, usage: images, nanoUsd: 80_000_000 }),
  );
  ledger.put(
    recordOf(foreign, {
      atMs: NOON_MS,
      endpoint: 'images',
      model: CANVAS,
      usage: images,
      nanoUsd: 80_000_000,
    }),
  );
  ledger.put(recordOf(key, { atMs: NOON_MS, endpoint: 'images', model: CANVAS, outcome: 'failed' }));
});

const resultsOf = async (path: string, query: Record<string, string[]>): Promise<unknown> =>
  (await ledger.report(path, { ...today, ...query })).body.data.flatMap(
    ({ results }: { results: unknown }) => results,
  );

const ungrouped = { project_id: null, user_id: null, api_key_id: null, model: null };
const completions = (of: object) => ({
  object: 'organization.usage.completions.result',
  ...ungrouped,
  batch: null,
  service_tier: null,
  api_source: null,
  ...of,
});
const tokensOfOne = {
  num_model_requests: 1,
  input_tokens: 127,
  input_uncached_tokens: 100,
  input_cached_tokens: 20,
  input_cache_write_tokens: 7,
  output_tokens: 11,
  output_text_tokens: 11,
};

describe('GET /v1/organization/usage/completions', () => {
  test('sums every class of tokens of chats alone, and leaves out what is not known', async () => {
    expect(await resultsOf('usage/completions', {})).toEqual([
      completions({
        num_model_requests: 3,
        input_tokens: 282,
        input_uncached_tokens: 201,
        input_cached_tokens: 60,
        input_cache_write_tokens: 21,
        output_tokens: 33,
        output_text_tokens: 33,
      }),
    ]);
  });

  test('groups by everything that OpenAI’s does', async () => {
    const group_by = ['project_id', 'user_id', 'api_key_id', 'model', 'batch', 'service_tier', 'api_source'];
    const results = await resultsOf('usage/completions', { group_by, project_ids: [projectId(one.ref)] });
    const own = { project_id: projectId(one.ref), user_id: svc, api_key_id: keyId(one.ref, key.ref) };
    const group = { ...own, batch: false, api_source: 'unlabeled' };
    expect(results).toEqual([
      completions({ ...tokensOfOne, ...group, model: LITE, service_tier: 'default' }),
      completions({
        ...{ ...tokensOfOne, input_tokens: 28, input_uncached_tokens: 1 },
        ...{ ...group, model: MICRO, service_tier: 'priority' },
      }),
    ]);
    expect(await resultsOf('usage/completions', { group_by: ['batch'], batch: ['true'] })).toEqual([
      completions({ ...tokensOfOne, batch: true }),
    ]);
  });

  test.each<[string, Record<string, string[]>, readonly number[]]>([
    ['projects', { project_ids: [projectId(two.ref)] }, [1]],
    ['several projects', { project_ids: [projectId(one.ref), projectId(two.ref)] }, [3]],
    ['an unknown project', { project_ids: [unknownProject()] }, []],
    ['service accounts', { user_ids: [svc] }, [2]],
    ['keys', { api_key_ids: [keyId(two.ref, foreign.ref)] }, [1]],
    ['models', { models: [MICRO] }, [1]],
    ['batches', { batch: ['true'] }, [1]],
    ['what is no batch', { batch: ['false'] }, [2]],
    ['two filters at once', { models: [LITE], user_ids: [svc] }, [1]],
  ])('filters by %s', async (_, query, expected) => {
    const { body } = await ledger.report('usage/completions', { ...today, ...query });
    const results = body.data[0].results;
    expect(results.map((of: { num_model_requests: number }) => of.num_model_requests)).toEqual(expected);
  });

  test.each([
    ['1m', 1440, 60],
    ['1h', 24, 24],
    ['1d', 1, 1],
  ])('has buckets of %s: %i a day, %i a page', async (width, inADay, onAPage) => {
    const query = { ...today, bucket_width: [width] };
    const whole = (
      await ledger.report('usage/completions', { ...query, limit: [`${Math.min(inADay, 1440)}`] })
    ).body;
    expect([whole.data.length, whole.has_more, whole.next_page]).toEqual([inADay, false, null]);
    const first = (await ledger.report('usage/completions', query)).body;
    expect([first.data.length, first.has_more]).toEqual([onAPage, onAPage < inADay]);
  });

  test.each<[Record<string, string[]>, string, string]>([
    [{}, 'missing_required_parameter', 'start_time'],
    [{ ...today, bucket_width: ['1w'] }, 'invalid_value', 'bucket_width'],
    [{ ...today, bucket_width: ['1d'], limit: ['32'] }, 'invalid_value', 'limit'],
    [{ ...today, bucket_width: ['1h'], limit: ['169'] }, 'invalid_value', 'limit'],
    [{ ...today, bucket_width: ['1m'], limit: ['1441'] }, 'invalid_value', 'limit'],
    [{ ...today, batch: ['yes'] }, 'invalid_value', 'batch'],
    [{ ...today, group_by: ['line_item'] }, 'unsupported_value', 'group_by'],
    [{ ...today, line_items: ['x'] }, 'unsupported_parameter', 'line_items'],
    [{ ...today, project_ids: ['nope'] }, 'invalid_value', 'project_ids'],
    [{ ...today, api_key_ids: ['key_x'] }, 'invalid_value', 'api_key_ids'],
    [{ ...today, user_ids: ['user-1'] }, 'invalid_value', 'user_ids'],
    [{ ...today, models: [''] }, 'invalid_value', 'models'],
    [{ ...today, group_by: ['project_id,model'] }, 'unsupported_value', 'group_by'],
  ])('refuses %j by name', async (query, code, param) => {
    expect(refusalOf(await ledger.report('usage/completions', query))).toEqual({ status: 400, code, param });
  });
});

describe('GET /v1/organization/usage/embeddings', () => {
  test('sums the tokens of embeddings alone', async () => {
    const result = { object: 'organization.usage.embeddings.result', ...ungrouped };
    expect(await resultsOf('usage/embeddings', {})).toEqual([
      { ...result, num_model_requests: 2, input_tokens: 18 },
    ]);
    const grouped = { group_by: ['project_id', 'user_id', 'api_key_id', 'model'], user_ids: [svc] };
    expect(await resultsOf('usage/embeddings', grouped)).toEqual([
      {
        ...{ ...result, num_model_requests: 1, input_tokens: 9, model: TITAN },
        ...{ project_id: projectId(one.ref), user_id: svc, api_key_id: keyId(one.ref, key.ref) },
      },
    ]);
  });

  test.each([
    ['group_by', { group_by: ['batch'] }, 'unsupported_value'],
    ['batch', { batch: ['true'] }, 'unsupported_parameter'],
  ])('refuses %s by name, which chats alone have', async (param, query, code) => {
    const answer = await ledger.report('usage/embeddings', { ...today, ...query });
    expect(refusalOf(answer)).toEqual({ status: 400, code, param });
  });
});

describe('GET /v1/organization/usage/images', () => {
  test('counts images, and requests that made none; size and source are not known', async () => {
    const result = { object: 'organization.usage.images.result', ...ungrouped, size: null, source: null };
    expect(await resultsOf('usage/images', { group_by: ['size', 'source'] })).toEqual([
      { ...result, num_model_requests: 3, images: 4 },
    ]);
    expect(
      await resultsOf('usage/images', { group_by: ['model'], project_ids: [projectId(one.ref)] }),
    ).toEqual([{ ...result, num_model_requests: 2, images: 2, model: CANVAS }]);
  });

  test.each(['sizes', 'sources', 'batch'])(
    'refuses the filter %s by name, which it could not honour',
    async (param) => {
      const answer = await ledger.report('usage/images', { ...today, [param]: ['1024x1024'] });
      expect(refusalOf(answer)).toEqual({ status: 400, code: 'unsupported_parameter', param });
    },
  );
});

test('costs count every endpoint, and tell the quantity of a line item that one unit counts', async () => {
  const { body } = await ledger.report('costs', {
    ...today,
    group_by: ['line_item', 'user_id'],
    project_ids: [projectId(one.ref)],
  });
  const shown = body.data[0].results.map((of: Record<string, unknown>) => [
    of['line_item'],
    of['user_id'],
    of['amount'],
    of['quantity'],
    of['quantity_unit'],
  ]);
  const usd = (value: number) => ({ value, currency: 'usd' });
  expect(shown).toEqual([
    [CANVAS, svc, usd(0.08), 2, 'images'],
    [LITE, svc, usd(0), null, null],
    [MICRO, svc, usd(0), null, null],
    [TITAN, svc, usd(0.00000018), 9, 'tokens'],
  ]);
});

test.each([
  ['usage/completions', 2],
  ['usage/embeddings', 1],
  ['usage/images', 2],
  ['costs', 80_000_180],
])('%s shows a tenant’s key its own project and no other', async (path, expected) => {
  const own = keyPrincipal({ tenant: one.ref, scopes: ['usage:read'] });
  const valuesOf = async (query: Record<string, string[]>) => {
    const { body } = await ledger.report(path, { ...today, ...query }, own);
    return body.data[0].results.map((of: { num_model_requests?: number; amount?: { value: number } }) =>
      of.amount === undefined ? of.num_model_requests : Math.round(of.amount.value * 1e9),
    );
  };
  expect(await valuesOf({})).toEqual([expected]);
  expect(await valuesOf({ project_ids: [projectId(one.ref), projectId(two.ref)] })).toEqual([expected]);
  expect(await valuesOf({ project_ids: [projectId(two.ref)] })).toEqual([]);
  expect(await valuesOf({ project_ids: [unknownProject()] })).toEqual([]);
  const other = keyPrincipal({ tenant: one.ref, scopes: ['models:read'] });
  const refused = await ledger.report(path, today, other);
  expect(refusalOf(refused)).toMatchObject({ status: 403, code: 'insufficient_scope' });
});
