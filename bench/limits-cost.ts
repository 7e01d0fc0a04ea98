/**
 * What admission and settlement cost: the same requests through the same sources with limits and without, and the units
 * that DynamoDB bills for them, counted at the store.
 */
import type { Call } from './calls.ts';
import { exchangeMany } from './exchange.ts';
import type { StoreCall } from './metered-store.ts';
import { CONNECTIONS, type Saturation, saturate } from './saturation.ts';
import type { RunningSubject } from './subject.ts';

export interface LimitsCost {
  readonly limited: Saturation;
  readonly unlimited: Saturation;
  /** Of one request, by operation. */
  readonly units: readonly OperationUnits[];
}

export interface OperationUnits {
  readonly operation: string;
  readonly table: string;
  /** Calls and units of a request, the mean. */
  readonly calls: number;
  readonly units: number;
}

interface Started {
  readonly call: Call;
  readonly subject: RunningSubject;
}

/** Turn about, so that whatever else the machine does happens to both. */
export async function limitsCost(of: {
  readonly start: (limits: 'on' | 'off') => Promise<Started>;
  readonly units: () => Promise<readonly OperationUnits[]>;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}): Promise<LimitsCost> {
  const limited = await measured(of, 'on');
  const unlimited = await measured(of, 'off');
  return { limited, unlimited, units: await of.units() };
}

async function measured(of: Parameters<typeof limitsCost>[0], limits: 'on' | 'off'): Promise<Saturation> {
  const { call, subject } = await of.start(limits);
  try {
    return await saturate(call, { ...of, usage: subject.usage });
  } finally {
    await subject.close();
  }
}

const REQUESTS = 320;

/** The units of a request while others of the same project are under way, which is when its item is largest. */
export async function unitsOf(call: Call, calls: readonly StoreCall[]): Promise<readonly OperationUnits[]> {
  await exchangeMany(call, { count: CONNECTIONS, atOnce: CONNECTIONS });
  const before = calls.length;
  await exchangeMany(call, { count: REQUESTS, atOnce: CONNECTIONS });
  const groups = Map.groupBy(calls.slice(before), ({ operation, table }) => `${operation} ${table}`);
  return [...groups.values()].map((group) => ({
    operation: group[0]?.operation ?? '',
    table: group[0]?.table.replace(/^.*-/, '') ?? '',
    calls: group.length / REQUESTS,
    units: group.reduce((sum, { units }) => sum + units, 0) / REQUESTS,
  }));
}
