/**
 * Hourly rollups as items of the usage table, beside the records and without an expiry:
 *
 *     SK=ROLLUP#<yyyymmddhh>#0000  an hour's head: its generation, how many items it has, and the first of its lines
 *     SK=ROLLUP#<yyyymmddhh>#<n>   more lines, of the generation that they were written in
 *     SK=ROLLUPS                   how far the tenant's hours are rolled up
 *
 * A head without `parts` is open. Where there are several items, the head is written last: it commits the others.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { TenantRef } from '../domain/ids.ts';
import {
  decodeRollupLine,
  encodeRollupLine,
  HOUR_MS,
  type RolledHour,
  type RollupLine,
  type RollupProgress,
} from '../domain/rollup.ts';
import type { TimeRange } from '../domain/usage.ts';
import {
  type Item,
  integer,
  integerOf,
  optionalIntegerOf,
  text,
  textOf,
  texts,
  textsOf,
} from './attribute.ts';
import { partitionOf } from './item-keys.ts';

const PREFIX = 'ROLLUP#';
const PROGRESS = 'ROLLUPS';
const SORT_KEY = /^ROLLUP#(\d{4})(\d{2})(\d{2})(\d{2})#(\d{4})$/;
/** A line has some 110 bytes, 250 with the longest names: an item is well below DynamoDB's 400 KB. */
const LINES_A_PART = 500;
/** The last instant that a sort key can spell; later and earlier ones are taken for the nearest that it can. */
const TIME_MAX_MS = Date.UTC(9999, 11, 31, 23);

/** The lines of an hour, item by item: one at least, because an hour may add up to nothing. */
export function partsOf(lines: readonly RollupLine[]): readonly (readonly RollupLine[])[] {
  const parts: (readonly RollupLine[])[] = [lines.slice(0, LINES_A_PART)];
  for (let first = LINES_A_PART; first < lines.length; first += LINES_A_PART) {
    parts.push(lines.slice(first, first + LINES_A_PART));
  }
  return parts;
}

/** The first and last sort key of the hours that begin in a range: inclusive below, exclusive above. */
export const rollupRange = (
  range: TimeRange,
): { readonly from: AttributeValue; readonly to: AttributeValue } => ({
  from: text(PREFIX + hourName(range.fromMs)),
  to: text(PREFIX + hourName(range.toMs)),
});

/** Hours begin on the hour: a range that begins within one begins with the next. */
function hourName(timeMs: number): string {
  const hourMs = Math.ceil(Math.min(Math.max(timeMs, 0), TIME_MAX_MS) / HOUR_MS) * HOUR_MS;
  return new Date(hourMs).toISOString().slice(0, 13).replace(/\D/g, '');
}

export const rollupKey = (
  tenant: TenantRef,
  of: { readonly startMs: number; readonly part: number },
): Item => ({
  PK: text(partitionOf(tenant)),
  SK: text(`${PREFIX}${hourName(of.startMs)}#${String(of.part).padStart(4, '0')}`),
});

/** One item of an hour, the head where `part` is 0. */
export const toRollupItem = (
  tenant: TenantRef,
  of: Pick<RolledHour, 'startMs' | 'generation'> & {
    readonly part: number;
    /** Of the head: how many items the hour has; absent from an open one. */
    readonly parts?: number;
    readonly lines: readonly RollupLine[];
  },
): Item => ({
  ...rollupKey(tenant, of),
  generation: integer(of.generation),
  ...(of.parts !== undefined && { parts: integer(of.parts) }),
  lines: texts(of.lines.map(encodeRollupLine)),
});

/** An item of an hour, read. */
export interface RollupPart {
  readonly startMs: number;
  readonly part: number;
  readonly generation: number;
  readonly parts: number | undefined;
  readonly lines: readonly RollupLine[];
}

/** Reads an item; throws TypeError where it is none of an hour. */
export function fromRollupItem(item: Item): RollupPart {
  const sortKey = textOf(item, 'SK');
  const [year, month = 0, day, hour, part] = (SORT_KEY.exec(sortKey) ?? []).slice(1).map(Number);
  if (year === undefined || part === undefined) throw new TypeError(`Not a rollup: ${sortKey}.`);
  return {
    startMs: Date.UTC(year, month - 1, day, hour),
    part,
    generation: integerOf(item, 'generation'),
    parts: optionalIntegerOf(item, 'parts'),
    lines: textsOf(item, 'lines').map(decodeRollupLine),
  };
}

/** The hour that a head and the items behind it make; open where one of them is missing or of another generation. */
export function hourOfParts(head: RollupPart, rest: readonly RollupPart[]): RolledHour {
  const { startMs, generation, parts } = head;
  const own = [head, ...rest].filter((part, at) => part.part === at && part.generation === generation);
  const isWhole = parts !== undefined && own.length >= parts;
  const lines = isWhole ? own.slice(0, parts).flatMap((part) => part.lines) : undefined;
  return { startMs, generation, lines };
}

export const progressKey = (tenant: TenantRef): Item => ({
  PK: text(partitionOf(tenant)),
  SK: text(PROGRESS),
});

export const toProgressItem = (tenant: TenantRef, progress: RollupProgress): Item => ({
  ...progressKey(tenant),
  rolledToMs: integer(progress.rolledToMs),
  reopened: integer(progress.reopened),
});

/** Where nothing was rolled up yet there is no item. */
export const fromProgressItem = (item: Item | undefined): RollupProgress =>
  item === undefined
    ? { rolledToMs: 0, reopened: 0 }
    : { rolledToMs: integerOf(item, 'rolledToMs'), reopened: integerOf(item, 'reopened') };
