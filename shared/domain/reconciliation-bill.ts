/** The ledger's money held against AWS's bill, by tenant and model. */
import { projectId } from './ids.ts';
import { modelBehind } from './model-access.ts';
import type { NanoUsd } from './money.ts';
import type { UsageRecord } from './usage.ts';

/** Of a row of the bill that carries no tenant's tag. */
export const UNTAGGED = '(untagged)';

/** What AWS charged for some usage. */
export interface BilledUsage {
  /** `proj_…`, or UNTAGGED. */
  readonly project: string;
  /** The model's id without an inference profile, or what the row says instead. */
  readonly model: string;
  /** In 10^-18 USD: bills have more decimals than the ledger. */
  readonly attoUsd: bigint;
}

export interface BillDrift {
  readonly project: string;
  readonly model: string;
  /** All that the ledger charged. */
  readonly ledgerNanoUsd: NanoUsd;
  /** Of it: bounds, where no count had arrived. The bill may be lower by as much. */
  readonly boundsNanoUsd: NanoUsd;
  /** To the nearest nano-USD, of the exact sum. */
  readonly billedNanoUsd: NanoUsd;
}

const ATTO_A_NANO = 1_000_000_000n;

/** By tenant and model, in order. */
export function reconcileBill(of: {
  readonly ledger: readonly UsageRecord[];
  readonly bill: readonly BilledUsage[];
}): readonly BillDrift[] {
  const groups = new Map<string, BillDrift & { readonly attoUsd: bigint }>();
  const add = (
    place: { readonly project: string; readonly model: string },
    amounts: { readonly nanoUsd?: NanoUsd; readonly boundsNanoUsd?: NanoUsd; readonly attoUsd?: bigint },
  ): void => {
    const name = `${place.project} ${place.model}`;
    const before = groups.get(name);
    groups.set(name, {
      ...{ project: place.project, model: place.model, billedNanoUsd: 0 },
      ledgerNanoUsd: (before?.ledgerNanoUsd ?? 0) + (amounts.nanoUsd ?? 0),
      boundsNanoUsd: (before?.boundsNanoUsd ?? 0) + (amounts.boundsNanoUsd ?? 0),
      attoUsd: (before?.attoUsd ?? 0n) + (amounts.attoUsd ?? 0n),
    });
  };
  for (const { tenant, model, nanoUsd, estimated } of of.ledger) {
    const place = { project: projectId(tenant), model: modelBehind(model) };
    add(place, { nanoUsd, boundsNanoUsd: estimated ? nanoUsd : 0 });
  }
  for (const row of of.bill) add(row, { attoUsd: row.attoUsd });
  return [...groups.entries()]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, { attoUsd, ...drift }]) => ({ ...drift, billedNanoUsd: nearestNano(attoUsd) }));
}

/** Refunds and credits apart, bills are not negative; halves go up. */
const nearestNano = (attoUsd: bigint): NanoUsd => {
  const half = attoUsd < 0n ? -ATTO_A_NANO / 2n : ATTO_A_NANO / 2n;
  return Number((attoUsd + half) / ATTO_A_NANO);
};

/** Whether the bill is above all that was charged, or below what was charged by Bedrock's own counts, by more than is tolerated in percent of the bill. */
export function billDrifts(drift: BillDrift, tolerancePercent: number): boolean {
  const { ledgerNanoUsd, boundsNanoUsd, billedNanoUsd } = drift;
  const above = billedNanoUsd - ledgerNanoUsd;
  const below = ledgerNanoUsd - boundsNanoUsd - billedNanoUsd;
  return Math.max(above, below) * 100 > billedNanoUsd * tolerancePercent;
}
