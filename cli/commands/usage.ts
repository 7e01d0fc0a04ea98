import { type Command, Option } from 'commander';
import type { Api, Query } from '../api.ts';
import { at, type JsonObject, objectsAt } from '../json.ts';
import { defined, parseCount, parseList } from '../options.ts';
import { example, perform, type Session } from '../session.ts';
import { type Column, cell, table } from '../table.ts';
import { parseTime, pastSeconds, type Time } from '../time.ts';
import type { World } from '../world.ts';

/** A report's columns for its groups, where it is grouped by them. */
const GROUP_COLUMNS: readonly (readonly [heading: string, field: string])[] = [
  ['TENANT', 'project_id'],
  ['MODEL', 'model'],
  ['KEY', 'api_key_id'],
  ['ITEM', 'line_item'],
];
const USAGE_COLUMNS: readonly Column[] = [
  ['REQUESTS', 'num_model_requests'],
  ['INPUT', 'input_tokens'],
  ['CACHED', 'input_cached_tokens'],
  ['OUTPUT', 'output_tokens'],
];
const COST_COLUMNS: readonly Column[] = [
  ['AMOUNT', (row) => amountText(at(row, 'amount.value'))],
  ['CURRENCY', (row) => cell('', at(row, 'amount.currency')).toUpperCase()],
];

/** Billionths of a dollar are counted, so that many amounts would be written with exponents. */
const amountText = (value: unknown): string =>
  typeof value === 'number' ? value.toFixed(9).replace(/\.?0+$/, '') : '-';

interface ReportOptions {
  readonly from: Time;
  readonly to?: Time;
  readonly groupBy?: readonly string[];
  readonly projects?: readonly string[];
  readonly models?: readonly string[];
  readonly keys?: readonly string[];
  readonly lineItems?: readonly string[];
  readonly bucket?: keyof typeof USAGE_PAGES;
  readonly limit: number;
}

/** The most buckets that a page of usage has, by their width, and a page of costs: those of one minute are many. */
const USAGE_PAGES = { '1m': 1440, '1h': 168, '1d': 31 } as const;
const COSTS_PAGE = 180;

/** What was used, and what it cost. */
export function addReports(program: Command, world: World): void {
  addReportOptions(program.command('usage').description('requests and tokens, in buckets of time'))
    .addOption(new Option('--bucket <width>', 'width of a bucket').choices(Object.keys(USAGE_PAGES)))
    .option('--models <list>', 'only of these models', parseList)
    .addHelpText(
      'after',
      example('bpx usage --from 7d --group-by project_id,model', 'bpx usage --from 12h --bucket 1h'),
    )
    .action(
      perform<ReportOptions>(world, (session, { options }) =>
        report(session, {
          path: '/organization/usage/completions',
          columns: USAGE_COLUMNS,
          bucketsAPage: USAGE_PAGES[options.bucket ?? '1d'],
          options,
        }),
      ),
    );
  addReportOptions(program.command('costs').description('US dollars, a bucket a day of UTC'))
    .option('--line-items <list>', 'only of these models', parseList)
    .addHelpText('after', example('bpx costs --from 2026-01-01 --to 2026-02-01 --group-by project_id --json'))
    .action(
      perform<ReportOptions>(world, (session, { options }) =>
        report(session, {
          path: '/organization/costs',
          columns: COST_COLUMNS,
          bucketsAPage: COSTS_PAGE,
          options,
        }),
      ),
    );
}

const addReportOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--from <time>', 'from this date, or so long ago')
        .argParser(parseTime)
        .default({ distanceMs: 604_800_000 }, '7d'),
    )
    .option('--to <time>', 'until this date, or so long ago (default: now)', parseTime)
    .option('--group-by <list>', 'such as project_id,model or api_key_id', parseList)
    .option('--projects <list>', 'only of these tenants', parseList)
    .option('--keys <list>', 'only of these keys, by their ids', parseList)
    .option('--limit <count>', 'at most so many buckets in which something happened', parseCount, 1000);

async function report(
  session: Session,
  of: {
    readonly path: string;
    readonly columns: readonly Column[];
    readonly bucketsAPage: number;
    readonly options: ReportOptions;
  },
): Promise<void> {
  const { path, columns, options } = of;
  const nowMs = session.world.clock();
  const query = defined({
    start_time: pastSeconds(options.from, nowMs),
    end_time: options.to === undefined ? undefined : pastSeconds(options.to, nowMs),
    bucket_width: options.bucket,
    group_by: options.groupBy,
    project_ids: options.projects,
    models: options.models,
    line_items: options.lineItems,
    api_key_ids: options.keys,
    limit: of.bucketsAPage,
  });
  const document = await readBuckets(session.api(), { path, query, limit: options.limit });
  const groups = GROUP_COLUMNS.filter(([, field]) => options.groupBy?.includes(field) === true);
  session.answer(document, () => table([['FROM', 'start_time'], ...groups, ...columns], rowsOf(document)));
  if (document['has_more'] === true)
    session.say(
      'There are more buckets. Give a greater --limit, a wider --bucket or a later --from to see them.',
    );
}

/** The buckets of all pages as one page of the API's form, until `limit` of them have something in them. */
async function readBuckets(
  api: Api,
  of: { readonly path: string; readonly query: Query; readonly limit: number },
): Promise<JsonObject> {
  const data: JsonObject[] = [];
  let full = 0;
  let page: unknown;
  for (;;) {
    const answer = await api.get(of.path, { ...of.query, ...(typeof page === 'string' && { page }) });
    const buckets = objectsAt(answer, 'data');
    data.push(...buckets);
    full += buckets.filter(isFull).length;
    const next = answer['next_page'];
    const isLast = answer['has_more'] !== true || typeof next !== 'string' || next === page;
    if (isLast || full > of.limit) {
      return { object: 'page', data: firstOf(data, of.limit), has_more: full > of.limit, next_page: null };
    }
    page = next;
  }
}

const isFull = (bucket: JsonObject): boolean => objectsAt(bucket, 'results').length > 0;

/** The buckets before the first full one that is too many. */
function firstOf(buckets: readonly JsonObject[], limit: number): readonly JsonObject[] {
  const indexes = buckets.flatMap((bucket, index) => (isFull(bucket) ? [index] : []));
  return buckets.slice(0, indexes[limit]);
}

/** A row a result; a bucket in which nothing happened has none. */
const rowsOf = (document: JsonObject): readonly JsonObject[] =>
  objectsAt(document, 'data').flatMap((bucket) =>
    objectsAt(bucket, 'results').map((result) => ({ ...result, start_time: bucket['start_time'] })),
  );
