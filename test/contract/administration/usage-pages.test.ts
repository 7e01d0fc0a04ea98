import fc from 'fast-check';
import type { PageBounds } from '../../../shared/domain/bucket-report.ts';
import { COST_GROUPS } from '../../../shared/domain/cost-report.ts';
import { projectId } from '../../../shared/domain/ids.ts';
import { DAY_MS } from '../../../shared/domain/tenancy.ts';
import { USAGE_REPORTS } from '../../../shared/domain/usage-report.ts';
import { refusalOf } from '../../support/administration-fixture.ts';
import { NOON_MS } from '../../support/gateway-event.ts';
import { type LedgerFixture, ledgerFixture, recordOf } from '../../support/ledger-fixture.ts';
import { accountEntity, keyEntity, tenantEntity } from '../../support/tenancy-entities.ts';

const HOUR_MS = 3_600_000;
const START_MS = NOON_MS - DAY_MS / 2 - 2 * DAY_MS;
const tenants = [tenantEntity(), tenantEntity(), tenantEntity()];
const keys = tenants.flatMap(({ ref }) => {
  const account = accountEntity(ref);
  return [keyEntity(account), keyEntity(account), keyEntity(accountEntity(ref))];
});
const range = { start_time: [`${START_MS / 1000}`], end_time: [`${(START_MS + 3 * DAY_MS) / 1000}`] };

interface WireBucket {
  readonly start_time: number;
  readonly end_time: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what the wire says, which nothing types.
  readonly results: any[];
}

/** Every page of a query, and all of their buckets. */
async function pagesOf(ledger: LedgerFixture, path: string, query: Record<string, string[]>) {
  const pages: WireBucket[][] = [];
  let page: string | null = null;
  do {
    const answer = await ledger.report(path, { ...query, ...(page !== null && { page: [page] }) });
    expect([answer.status, answer.body.has_more]).toEqual([200, answer.body.next_page !== null]);
    pages.push(answer.body.data);
    page = answer.body.next_page;
  } while (page !== null);
  return { pages, buckets: pages.flat() };
}

const usageArbitrary = fc.record({
  input: fc.nat(100_000),
  output: fc.nat(100_000),
  cacheRead: fc.nat(100_000),
  cacheWrite: fc.nat(100_000),
});
const recordArbitrary = fc.record({
  key: fc.constantFrom(...keys),
  admissionLagMs: fc.constantFrom(0, 5, 60_000),
  atMs: fc.nat(3 * DAY_MS - 1).map((offset) => START_MS + offset),
  model: fc.constantFrom('amazon.nova-lite-v1:0', 'amazon.nova-micro-v1:0'),
  endpoint: fc.constantFrom('chat.completions' as const, 'embeddings' as const, 'images' as const),
  serviceTier: fc.constantFrom('standard' as const, 'priority' as const, 'batch' as const),
  usage: usageArbitrary,
  nanoUsd: fc.nat(2_000_000_000),
});
const boundsArbitrary = fc.record({
  recordsMax: fc.integer({ min: 1, max: 20 }),
  firstRecordsMax: fc.constant(1_000),
  groupsMax: fc.integer({ min: 60, max: 80 }),
});

test('any grouping, width, page size and bound of a page adds up to the records, to the token', async () => {
  const queries = fc.record({
    groups: fc.subarray([...USAGE_REPORTS.completions.groups]),
    width: fc.constantFrom('1h', '1d'),
    limit: fc.integer({ min: 1, max: 31 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(recordArbitrary, { maxLength: 60 }),
      boundsArbitrary,
      queries,
      async (records, bounds, { groups, width, limit }) => {
        const ledger = await ledgerFixture(tenants, bounds);
        for (const { key, ...of } of records) ledger.put(recordOf(key, of));
        const query = { ...range, bucket_width: [width], limit: [`${limit}`] };
        const { buckets } = await pagesOf(ledger, 'usage/completions', {
          ...query,
          ...(groups.length > 0 && { group_by: groups }),
        });
        expect(buckets.map((bucket) => bucket.start_time)).toEqual(
          buckets.map((_, index) => START_MS / 1000 + (index * (width === '1h' ? HOUR_MS : DAY_MS)) / 1000),
        );
        expect(buckets.at(-1)?.end_time).toBe((START_MS + 3 * DAY_MS) / 1000);
        const results = buckets.flatMap((bucket) => bucket.results);
        const total = (field: string) => results.reduce((sum, result) => sum + result[field], 0);
        const chats = records.filter(({ endpoint }) => endpoint === 'chat.completions');
        const ofChats = (count: (usage: (typeof records)[number]['usage']) => number) =>
          chats.reduce((sum, { usage }) => sum + count(usage), 0);
        expect([
          total('num_model_requests'),
          total('input_tokens'),
          total('input_cached_tokens'),
          total('input_uncached_tokens'),
          total('input_cache_write_tokens'),
          total('output_tokens'),
        ]).toEqual([
          chats.length,
          ofChats((usage) => usage.input + usage.cacheRead + usage.cacheWrite),
          ofChats((usage) => usage.cacheRead),
          ofChats((usage) => usage.input),
          ofChats((usage) => usage.cacheWrite),
          ofChats((usage) => usage.output),
        ]);
      },
    ),
    { numRuns: 60 },
  );
});

test('costs add up to the records, to the nano-dollar', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(recordArbitrary, { maxLength: 60 }),
      boundsArbitrary,
      fc.subarray([...COST_GROUPS]),
      async (records, bounds, groups) => {
        const ledger = await ledgerFixture(tenants, bounds);
        for (const { key, ...of } of records) ledger.put(recordOf(key, of));
        const { buckets } = await pagesOf(ledger, 'costs', {
          ...range,
          ...(groups.length > 0 && { group_by: groups }),
        });
        const nanoUsd = buckets
          .flatMap(({ results }) => results)
          .reduce((sum, { amount }) => sum + Math.round(amount.value * 1e9), 0);
        expect(nanoUsd).toBe(records.reduce((sum, record) => sum + record.nanoUsd, 0));
      },
    ),
    { numRuns: 60 },
  );
});

/** Three days of one key, with this many requests in each hour. */
async function threeDays(bounds: PageBounds, requestsAnHour: number): Promise<LedgerFixture> {
  const ledger = await ledgerFixture(tenants, bounds);
  const [key] = keys;
  if (key === undefined) throw new Error('No key.');
  for (let hour = 0; hour < 72; hour += 1)
    for (let request = 0; request < requestsAnHour; request += 1)
      ledger.put(recordOf(key, { atMs: START_MS + hour * HOUR_MS + request, nanoUsd: 1 }));
  return ledger;
}

const starts = (buckets: readonly WireBucket[]) =>
  buckets.map((bucket) => (bucket.start_time * 1000 - START_MS) / HOUR_MS);

test('a page ends at a bucket before it holds too many records, and the next goes on there', async () => {
  const ledger = await threeDays({ recordsMax: 25, firstRecordsMax: 100, groupsMax: 100 }, 10);
  const { pages, buckets } = await pagesOf(ledger, 'usage/completions', {
    ...range,
    bucket_width: ['1h'],
    limit: ['72'],
  });
  expect(pages.map((page) => page.length)).toEqual(Array.from({ length: 36 }, () => 2));
  expect(starts(buckets)).toEqual(Array.from({ length: 72 }, (_, hour) => hour));
  expect(buckets.map(({ results }) => results[0].num_model_requests)).toEqual(buckets.map(() => 10));
});

test('a page has one bucket at least, whatever it holds', async () => {
  const ledger = await threeDays({ recordsMax: 25, firstRecordsMax: 240, groupsMax: 100 }, 10);
  const { pages } = await pagesOf(ledger, 'costs', range);
  expect(pages.map((page) => page.map(({ results }) => results[0].amount.value))).toEqual([
    [0.00000024],
    [0.00000024],
    [0.00000024],
  ]);
});

test('a page ends before it has too many groups', async () => {
  const ledger = await ledgerFixture(tenants, { recordsMax: 1_000, firstRecordsMax: 1_000, groupsMax: 10 });
  for (let hour = 0; hour < 4; hour += 1)
    for (const key of keys.slice(0, 6)) ledger.put(recordOf(key, { atMs: START_MS + hour * HOUR_MS }));
  const query = { ...range, bucket_width: ['1h'], limit: ['4'], group_by: ['api_key_id'] };
  const { body } = await ledger.report('usage/completions', query);
  expect([body.data.length, body.has_more, body.next_page]).toEqual([
    1,
    true,
    `page_${(START_MS + HOUR_MS) / 1000}`,
  ]);
  expect(body.data[0].results).toHaveLength(6);
});

test('one bucket with too many records is refused, with what would help', async () => {
  const ledger = await threeDays({ recordsMax: 25, firstRecordsMax: 239, groupsMax: 100 }, 10);
  const answer = await ledger.report('costs', {
    ...range,
    project_ids: tenants.map(({ ref }) => projectId(ref)),
  });
  expect(refusalOf(answer)).toEqual({ status: 400, code: 'invalid_value', param: 'bucket_width' });
  expect(answer.body.error.message).toBe(
    "One bucket of this query has too many requests or groups. Ask for a narrower 'bucket_width', fewer 'project_ids', fewer groups or an earlier 'end_time'.",
  );
});

test('what lies behind the end of a page is not read', async () => {
  const ledger = await threeDays({ recordsMax: 1_500, firstRecordsMax: 10_000, groupsMax: 100 }, 100);
  const { body } = await ledger.report('usage/completions', {
    ...range,
    bucket_width: ['1h'],
    limit: ['72'],
  });
  expect([body.data.length, ledger.recordsRead()]).toEqual([15, 2_000]);
});

test('a request counts where it was admitted, also behind the hour and the page in which it was received', async () => {
  const ledger = await ledgerFixture(tenants, { recordsMax: 3, firstRecordsMax: 100, groupsMax: 100 });
  const [key] = keys;
  if (key === undefined) throw new Error('No key.');
  for (const hour of [0, 1, 2])
    for (const late of [1, 2])
      ledger.put(recordOf(key, { atMs: START_MS + hour * HOUR_MS + late, admissionLagMs: 60_000 }));
  const query = {
    ...range,
    bucket_width: ['1h'],
    limit: ['3'],
    end_time: [`${(START_MS + 3 * HOUR_MS) / 1000}`],
  };
  const { pages } = await pagesOf(ledger, 'usage/completions', query);
  const counts = pages.map((page) => page.map(({ results }) => results[0]?.num_model_requests));
  expect(counts).toEqual([[2], [2], [2]]);
});

test('one that was admitted late does not hide those received behind it', async () => {
  const ledger = await ledgerFixture(tenants);
  const [key] = keys;
  if (key === undefined) throw new Error('No key.');
  // The store answers a thousand records at a time: the late one ends the first thousand.
  for (let request = 0; request < 999; request += 1) ledger.put(recordOf(key, { atMs: START_MS + request }));
  const end = START_MS + HOUR_MS;
  ledger.put(recordOf(key, { atMs: end + 50_000, admissionLagMs: 60_000 }));
  ledger.put(recordOf(key, { atMs: end - 5_000 }));
  const { body } = await ledger.report('usage/completions', { ...range, bucket_width: ['1h'], limit: ['1'] });
  expect(body.data[0].results[0].num_model_requests).toBe(1_000);
});
