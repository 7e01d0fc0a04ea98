/**
 * Hourly rollups: what the usage records of a closed hour add up to, a line for each group that a report can ask for.
 * Pure: records in, lines out.
 *
 * Why a sealed hour is exact. A record is in the hour of its admission, `startedAtMs`. The sweep reads an hour's
 * generation, then, strongly consistent, its records, and seals what they add up to on the condition that the
 * generation is still the one it read. Whoever writes a record looks at its clock after the write was acknowledged: an
 * hour that ended LATE_AFTER_MS ago is reopened, which moves its generation. So a record that the sweep did not see was
 *
 * - either written when its hour was CLOSED_AFTER_MS over by the sweep's clock and not LATE_AFTER_MS by its writer's,
 *   which no two clocks do whose signatures AWS accepts: they are at most 15 minutes off its own each;
 * - or it reopens the hour. Where that comes before the sealing, the sealing is refused; where after, reports read the
 *   hour's records again until the next sweep has sealed it anew.
 *
 * The entry of a request leaves its tenant's limits item only after both writes, so that whoever finds the entry of a
 * process that died between them repeats both. Nothing is assumed about how late a settlement comes, or by which way.
 */
import { accountOfKey, parseKeyRef, type TenantRef } from './ids.ts';
import type { NanoUsd } from './money.ts';
import { SERVICE_TIERS } from './price.ts';
import { ENDPOINTS, type TokenUsage, type UsageRecord } from './usage.ts';

export const HOUR_MS = 3_600_000;
/** The ledger is ordered by receipt, reports count by admission, which is later: by milliseconds, or by a cold start. */
export const ADMISSION_LAG_MS_MAX = 60_000;
/** How long an hour must be over before it is sealed. */
export const CLOSED_AFTER_MS = HOUR_MS;
/** How long after an hour's end a record of it counts as late. A call that lasts its function's 15 minutes is in time. */
export const LATE_AFTER_MS = 20 * 60_000;

/** What is told of a request, or of many that are alike: what reports are made of. */
export type CountedUsage = Pick<
  UsageRecord,
  'tenant' | 'account' | 'key' | 'model' | 'endpoint' | 'serviceTier' | 'usage' | 'nanoUsd' | 'startedAtMs'
> & {
  /** How many requests these are the sums of; absent: one, a record. */
  readonly requests?: number;
};

/** The sums of one group within one hour; its tenant and hour are known where it is kept. */
export interface RollupLine extends Pick<UsageRecord, 'key' | 'model' | 'endpoint' | 'serviceTier'> {
  readonly requests: number;
  /** Each class summed; `cacheWrite1h` is within `cacheWrite`, and not kept apart. */
  readonly usage: Required<Omit<TokenUsage, 'cacheWrite1h'>>;
  readonly nanoUsd: NanoUsd;
}

/** An hour as it was rolled up. */
export interface RolledHour {
  /** The start of the hour, ms since the epoch. */
  readonly startMs: number;
  /** Moved by each write; 0 where there never was one. */
  readonly generation: number;
  /** Undefined where the hour is open: its records alone tell what it adds up to. */
  readonly lines: readonly RollupLine[] | undefined;
}

/** An hour to be sealed: `generation` is the one that was read before its records were. */
export type SealedHour = RolledHour & { readonly lines: readonly RollupLine[] };

/** How far a tenant's hours are rolled up. */
export interface RollupProgress {
  /** Each hour before this is rolled up, open again, or without a record. 0 where it has not begun. */
  readonly rolledToMs: number;
  /** How often an hour was opened again. */
  readonly reopened: number;
}

/** The start of the hour that an instant is in. */
export const hourOf = (timeMs: number): number => timeMs - (timeMs % HOUR_MS);

/** Hours before this are closed. */
export const closedToMs = (nowMs: number): number => hourOf(nowMs - CLOSED_AFTER_MS);

/** Whether a record that is known to be written at `nowMs` may have come after its hour was sealed. */
export const isLate = (record: UsageRecord, nowMs: number): boolean =>
  nowMs >= hourOf(record.startedAtMs) + HOUR_MS + LATE_AFTER_MS;

/** The lines of an hour while it is summed, by group. */
export type OpenHour = Map<string, RollupLine>;

/** Counts one more record in. Throws RangeError where a sum is no longer exact. */
export function addToHour(hour: OpenHour, record: UsageRecord): void {
  const { key, model, endpoint, serviceTier, usage, nanoUsd } = record;
  const group = JSON.stringify([key, model, endpoint, serviceTier]);
  const before = hour.get(group) ?? NOTHING;
  hour.set(group, {
    ...{ key, model, endpoint, serviceTier },
    requests: before.requests + 1,
    usage: {
      input: exact(before.usage.input + usage.input),
      output: exact(before.usage.output + usage.output),
      cacheRead: exact(before.usage.cacheRead + usage.cacheRead),
      cacheWrite: exact(before.usage.cacheWrite + usage.cacheWrite),
      images: exact(before.usage.images + (usage.images ?? 0)),
    },
    nanoUsd: exact(before.nanoUsd + nanoUsd),
  });
}

const NOTHING: Pick<RollupLine, 'requests' | 'usage' | 'nanoUsd'> = {
  requests: 0,
  usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, images: 0 },
  nanoUsd: 0,
};

/** An hour that cannot be summed stays unsealed; its records tell. */
function exact(sum: number): number {
  if (Number.isSafeInteger(sum)) return sum;
  throw new RangeError('A sum of an hour is beyond 2^53.');
}

/** A line as it is kept: a JSON array, in the order of the fields below. */
export const encodeRollupLine = ({ usage, ...line }: RollupLine): string =>
  JSON.stringify([
    ...[line.key, line.model, line.endpoint, line.serviceTier, line.requests],
    ...[usage.input, usage.output, usage.cacheRead, usage.cacheWrite, usage.images, line.nanoUsd],
  ]);

/** Reads a line; throws TypeError where it is none, because a sum over part of an hour is wrong. */
export function decodeRollupLine(text: string): RollupLine {
  const fields: unknown = JSON.parse(text);
  if (!Array.isArray(fields) || fields.length !== 11) throw notALine();
  const [keyText, model, endpointName, tierName, ...numbers] = fields;
  const key = typeof keyText === 'string' ? parseKeyRef(keyText) : undefined;
  const endpoint = ENDPOINTS.find((candidate) => candidate === endpointName);
  const serviceTier = SERVICE_TIERS.find((candidate) => candidate === tierName);
  if (key === undefined || endpoint === undefined || serviceTier === undefined) throw notALine();
  if (typeof model !== 'string') throw notALine();
  const [requests = 0, input = 0, output = 0, cacheRead = 0, cacheWrite = 0, images = 0, nanoUsd = 0] =
    numbers.map(countOf);
  const usage = { input, output, cacheRead, cacheWrite, images };
  return { key, model, endpoint, serviceTier, requests, usage, nanoUsd };
}

const countOf = (value: unknown): number => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw notALine();
};

const notALine = (): TypeError => new TypeError('Not a line of a rollup.');

/** What a report counts for a line: the group's requests, as of the beginning of their hour. */
export const countedLine = (
  line: RollupLine,
  of: { readonly tenant: TenantRef; readonly startMs: number },
): CountedUsage => ({
  ...line,
  tenant: of.tenant,
  account: accountOfKey(line.key),
  startedAtMs: of.startMs,
});
