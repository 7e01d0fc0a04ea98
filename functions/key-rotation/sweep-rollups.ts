/**
 * Sums a tenant's closed hours, the oldest first, so that reports need not read their records (shared/domain/rollup.ts).
 * One walk over the records behind what is rolled up; where the time is up, the next sweep goes on. It may be repeated,
 * and broken off anywhere.
 */
import type { TenantRef } from '../../shared/domain/ids.ts';
import { requestTimePrefix } from '../../shared/domain/request-time.ts';
import {
  ADMISSION_LAG_MS_MAX,
  addToHour,
  closedToMs,
  HOUR_MS,
  hourOf,
  type OpenHour,
  type RolledHour,
} from '../../shared/domain/rollup.ts';
import type { UsageRecord } from '../../shared/domain/usage.ts';
import type { Clock, UsageRollups, UsageStore } from '../../shared/ports.ts';

export interface RollupPorts {
  readonly usage: UsageStore;
  readonly rollups: UsageRollups;
  readonly clock: Clock;
}

export interface RollupSweep {
  /** Hours that were sealed. */
  readonly rolledUp: number;
  /** Whether hours were left that are closed. */
  readonly state: 'done' | 'behind';
}

/** After so many hours the progress is noted: what a backfill that dies has done is not done again. */
const HOURS_A_NOTE = 24;

/** Rolls up until no closed hour is left or `stopAtMs`. */
export async function sweepRollups(
  ports: RollupPorts,
  of: { readonly tenant: TenantRef; readonly stopAtMs: number },
): Promise<RollupSweep> {
  let rolledUp = 0;
  for (;;) {
    const round = await rollSome(ports, of);
    rolledUp += round.sealed;
    if (round.state === 'done') return { rolledUp, state: 'done' };
    if (round.state === 'overtaken' || ports.clock() >= of.stopAtMs) return { rolledUp, state: 'behind' };
  }
}

/** `overtaken`: a late record or another sweep came between; the next sweep looks again. */
interface Round {
  readonly sealed: number;
  readonly state: 'done' | 'more' | 'overtaken';
}

async function rollSome(
  { usage, rollups, clock }: RollupPorts,
  { tenant, stopAtMs }: { readonly tenant: TenantRef; readonly stopAtMs: number },
): Promise<Round> {
  const from = await rollups.readProgress(tenant);
  const range = { fromMs: from.rolledToMs, toMs: closedToMs(clock()) };
  // The generations are read before the records: a record that the walk does not see moves one of them.
  const known = await knownHours(rollups, tenant, range);
  let sealed = 0;
  let rolledToMs = from.rolledToMs;
  const note = async (state: Round['state']): Promise<Round> => {
    const isNoted =
      rolledToMs === from.rolledToMs || (await rollups.advance(tenant, { from, toMs: rolledToMs }));
    return { sealed, state: isNoted ? state : 'overtaken' };
  };
  const records = usage.read(tenant, { ...range, fromMs: range.fromMs - ADMISSION_LAG_MS_MAX });
  for await (const { startMs, hour } of hoursOf(records, range)) {
    const { generation, lines } = known.get(startMs) ?? { generation: 0, lines: undefined };
    if (lines === undefined) {
      const outcome = await rollups.seal(tenant, { startMs, generation, lines: [...hour.values()] });
      if (outcome === 'overtaken') return note('overtaken');
      sealed += 1;
    }
    rolledToMs = startMs + HOUR_MS;
    if (sealed >= HOURS_A_NOTE || clock() >= stopAtMs) return note('more');
  }
  return note('done');
}

async function knownHours(
  rollups: UsageRollups,
  tenant: TenantRef,
  range: { readonly fromMs: number; readonly toMs: number },
): Promise<ReadonlyMap<number, RolledHour>> {
  const known = new Map<number, RolledHour>();
  for await (const hours of rollups.read(tenant, range)) {
    for (const hour of hours) known.set(hour.startMs, hour);
  }
  return known;
}

/**
 * The hours of the range that have records, in order. An hour is whole once a request was received behind it: none that
 * follows was admitted before it was received.
 */
async function* hoursOf(
  pages: AsyncIterable<readonly UsageRecord[]>,
  range: { readonly fromMs: number; readonly toMs: number },
): AsyncGenerator<{ readonly startMs: number; readonly hour: OpenHour }> {
  const open = new Map<number, OpenHour>();
  const take = function* (isWhole: (startMs: number) => boolean) {
    for (const [startMs, hour] of [...open].sort(([one], [other]) => one - other)) {
      if (!isWhole(startMs)) return;
      open.delete(startMs);
      yield { startMs, hour };
    }
  };
  for await (const records of pages) {
    for (const record of records) {
      const startMs = hourOf(record.startedAtMs);
      if (startMs < range.fromMs || startMs >= range.toMs) continue;
      const hour: OpenHour = open.get(startMs) ?? new Map();
      open.set(startMs, hour);
      addToHour(hour, record);
    }
    const last = records.at(-1)?.request ?? '';
    yield* take((startMs) => last >= requestTimePrefix(startMs + HOUR_MS));
  }
  yield* take(() => true);
}
