/** AWS's cost and usage report, CUR 2.0 or legacy, as CSV. */
import { parseProjectId, parseTenantRef, projectId } from '../../shared/domain/ids.ts';
import { type BilledUsage, UNTAGGED } from '../../shared/domain/reconciliation-bill.ts';
import type { TimeRange } from '../../shared/domain/usage.ts';
import { csvRows } from './csv-rows.ts';
import { type InputFile, inputFiles, jsonOf, linesOf, type Unreadable } from './input-files.ts';
import { modelOfArn } from './invocation-log.ts';

export interface CostReport {
  readonly bill: readonly BilledUsage[];
  /** Rows of other products, taxes, credits and refunds, and rows outside the range. */
  readonly others: number;
  readonly unreadable: readonly Unreadable[];
}

/** A row by its columns' names, spelled alike: `lineItem/UsageType` and `line_item_usage_type` are one. */
type Row = ReadonlyMap<string, string>;

const NEEDED = ['line_item_usage_start_date', 'line_item_product_code', 'line_item_unblended_cost'];
/** What usage is billed as; taxes, credits, refunds and fees are no usage. */
const USAGE_TYPES = ['', 'Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage'];

const REPORT_FILES = { option: '--cost-report', wanted: /\.csv(\.gz)?$/, endings: '.csv or .csv.gz' };

/** Reads a file, a folder or a prefix. Throws where a file has not the columns. */
export async function readCostReport(location: string, range: TimeRange): Promise<CostReport> {
  const bill: BilledUsage[] = [];
  const unreadable: Unreadable[] = [];
  let others = 0;
  for (const file of await inputFiles(location, REPORT_FILES)) {
    for await (const { place, row } of rowsOf(file)) {
      const read = row === undefined ? 'is no row of the columns of its first line' : billedBy(row, range);
      if (read === 'other') others += 1;
      else if (typeof read === 'string') unreadable.push({ place, reason: read });
      else bill.push(read);
    }
  }
  return { bill, others, unreadable };
}

async function* rowsOf(
  file: InputFile,
): AsyncGenerator<{ readonly place: string; readonly row: Row | undefined }> {
  let columns: readonly string[] | undefined;
  for await (const { place, cells } of csvRows(linesOf(file))) {
    if (columns === undefined) {
      columns = cells.map(columnName);
      const missing = NEEDED.find((name) => columns?.includes(name) !== true);
      if (missing !== undefined) throw new Error(`${file.name} has no column ${missing}.`);
    } else {
      const isWhole = cells.length === columns.length;
      const row = new Map(columns.map((name, index) => [name, cells[index] ?? '']));
      yield { place, row: isWhole ? row : undefined };
    }
  }
}

/** `lineItem/UsageStartDate` and `resourceTags/user:tenantId` as Athena and CUR 2.0 spell them. */
const columnName = (name: string): string =>
  name
    .replace(/^\uFEFF/, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();

/** What the row billed; `other` where it is not usage of Bedrock within the range; else why it cannot be read. */
function billedBy(row: Row, range: TimeRange): BilledUsage | string {
  const isUsage = USAGE_TYPES.includes(row.get('line_item_line_item_type') ?? '');
  if (!isUsage || !isOfBedrock(row)) return 'other';
  const atMs = timeOf(row.get('line_item_usage_start_date') ?? '');
  if (atMs === undefined) return 'has no time of usage';
  if (atMs < range.fromMs || atMs >= range.toMs) return 'other';
  const attoUsd = attoUsdOf(row.get('line_item_unblended_cost') ?? '');
  if (attoUsd === undefined) return 'has no amount of money';
  const tag = tenantTagOf(row);
  const tenant = tag === undefined ? undefined : (parseProjectId(tag) ?? parseTenantRef(tag));
  if (tag !== undefined && tenant === undefined) return 'has a tenant’s tag that names no project';
  return { project: tenant === undefined ? UNTAGGED : projectId(tenant), model: modelOf(row), attoUsd };
}

/** Models of other makers are sold through AWS Marketplace under product codes of their own. */
const isOfBedrock = (row: Row): boolean =>
  (row.get('line_item_product_code') ?? '').startsWith('AmazonBedrock') ||
  /^arn:[^:]+:bedrock:/.test(row.get('line_item_resource_id') ?? '') ||
  (row.get('product_product_name') ?? '').includes('Amazon Bedrock Edition');

function modelOf(row: Row): string {
  const resource = row.get('line_item_resource_id') ?? '';
  return resource === '' ? (row.get('line_item_usage_type') ?? '') : modelOfArn(resource);
}

/** `2026-11-01T00:00:00Z` or `2026-11-01 00:00:00.000`, both UTC. */
function timeOf(text: string): number | undefined {
  const [, day, time] = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,3})?)Z?$/.exec(text) ?? [];
  const atMs = Date.parse(`${day}T${time}Z`);
  return Number.isNaN(atMs) ? undefined : atMs;
}

const DECIMALS = 18;

/** A decimal number, also with an exponent, exact; undefined where it is none or has more than 18 decimals. */
function attoUsdOf(text: string): bigint | undefined {
  const [, sign, whole = '', decimals = '', exponent = '0'] =
    /^(-?)(\d{1,15})(?:\.(\d{1,30}))?(?:[eE]([+-]?\d{1,2}))?$/.exec(text) ?? [];
  if (whole === '') return undefined;
  const places = DECIMALS - decimals.length + Number(exponent);
  const digits = BigInt(`${whole}${decimals}`);
  const divisor = 10n ** BigInt(Math.max(0, -places));
  if (digits % divisor !== 0n) return undefined;
  const value = (digits * 10n ** BigInt(Math.max(0, places))) / divisor;
  return sign === '-' ? -value : value;
}

/** The tag `tenantId`, of the resource or of the principal: a column of its own, or in a column of all tags (CUR 2.0). */
function tenantTagOf(row: Row): string | undefined {
  for (const [column, value] of row) {
    if (value === '' || !/^(resource_)?tags(_|$)/.test(column)) continue;
    if (column.endsWith('_tenant_id')) return value;
    if (column !== 'resource_tags' && column !== 'tags') continue;
    const entries = Object.entries(Object(jsonOf(value)));
    const tag = entries.find(([name]) => /(^|_)tenant_id$/.test(columnName(name)));
    if (tag !== undefined && tag[1] !== '') return String(tag[1]);
  }
  return undefined;
}
