/**
 * What a tenant's limits item and ledger say, held against each other. At every moment, whatever was lost on the way:
 * a counter is the sum of what was used (usage records, and S entries whose record is still to be written) and of what
 * R entries set aside, and no more than its limit; the debt is the sum of theirs, and `inflight` their number.
 */
import type { Item } from '../../shared/aws/attribute.ts';
import { numberAt } from '../../shared/aws/limits-item.ts';
import { fromUsageItem } from '../../shared/aws/usage-item.ts';
import type { Admission } from '../../shared/domain/admission.ts';
import { amountFor, type CounterCharge, type CounterKind, counterName } from '../../shared/domain/counter.ts';
import { parseRequestId, type RequestId, type TenantRef } from '../../shared/domain/ids.ts';
import type { Amounts } from '../../shared/domain/limits.ts';
import {
  decodeReservation,
  decodeSettled,
  entryState,
  orphanAmounts,
  type Reservation,
  usedAmounts,
} from '../../shared/domain/reservation-entry.ts';
import { totalTokens, type UsageRecord } from '../../shared/domain/usage.ts';
import { TABLES } from './limits-fixture.ts';
import type { MemoryDynamo } from './memory-dynamo.ts';

export interface Ledger {
  readonly item: Item;
  readonly reserved: readonly Reservation[];
  /** By request: its record, or what its S entry says that the record will be. */
  readonly settled: ReadonlyMap<RequestId, UsageRecord>;
  /** The records that are written. */
  readonly records: readonly UsageRecord[];
}

/** Everything that the tables say of a tenant. */
export function ledgerOf(dynamo: MemoryDynamo, tenant: TenantRef): Ledger {
  const item = dynamo.dump(TABLES.limitsTable).get(`TENANT#${tenant}|LIMITS`) ?? {};
  const records = [...dynamo.dump(TABLES.usageTable).values()]
    .filter(({ PK }) => PK?.S === `TENANT#${tenant}`)
    .map((usage) => fromUsageItem(tenant, usage));
  const settled = new Map(records.map((record) => [record.request, record]));
  const reserved: Reservation[] = [];
  for (const [name, { S: text = '' }] of Object.entries(item)) {
    const request = name.startsWith('r#') ? parseRequestId(name.slice(2)) : undefined;
    if (request === undefined || entryState(text) === 'void') continue;
    const reservation = decodeReservation(text);
    const record = decodeSettled({ tenant, request }, text);
    if (reservation !== undefined) reserved.push(reservation);
    else if (record !== undefined) settled.set(request, record);
    else throw new Error(`an entry that nobody can read: ${text}`);
  }
  return { item, reserved, settled, records };
}

/** What a counter may hold by the ledger. */
interface Expected {
  readonly limit: number;
  /** Of what was used for certain and what is set aside. */
  sum: number;
  /** What was used beyond what had been set aside: estimates may be passed. */
  overrun: number;
}

/** A charge of an admission, its counter named once: the model checks ask a million times. */
interface NamedCharge {
  readonly name: string;
  readonly kind: CounterKind;
  readonly amount: number;
}

/** Makes a check that throws where ledger and item disagree, or a limit that these admissions were under is passed. */
export function ledgerCheck(admissions: readonly Admission[]): (ledger: Ledger) => void {
  const charges = new Map(admissions.map((of) => [of.request, of.charges.map(named)] as const));
  const limits = limitsOf(admissions);
  return (ledger) => {
    const counters = new Map([...limits].map(([name, limit]) => [name, emptyCounter(limit)]));
    addReserved(counters, ledger.reserved);
    for (const record of ledger.settled.values()) {
      const admission = admissions.find(({ request }) => request === record.request);
      if (admission === undefined) throw new Error('a record of a request that nobody made');
      checkOrphan(admission, record);
      const used = chargedFor(admission, record);
      for (const charge of charges.get(record.request) ?? [])
        addUsed(at(counters, charge.name), charge, used);
    }
    for (const [name, expected] of counters) checkCounter(name, numberAt(ledger.item, name), expected);
    checkReserved(ledger);
  };
}

function checkReserved({ item, reserved }: Ledger): void {
  const debt = reserved.reduce((sum, { reserved: { debtNanoUsd = 0 } }) => sum + debtNanoUsd, 0);
  requireEqual('debt', numberAt(item, 'debt'), debt);
  requireEqual('in flight', numberAt(item, 'inflight'), reserved.length);
}

const named = (charge: CounterCharge): NamedCharge => ({ ...charge, name: counterName(charge) });
const emptyCounter = (limit: number): Expected => ({ limit, sum: 0, overrun: 0 });

/** What each counter that one of the admissions charges may hold: of several limits in force, the largest. */
function limitsOf(admissions: readonly Admission[]): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  for (const charge of admissions.flatMap(({ charges }) => charges)) {
    const { limit = Number.POSITIVE_INFINITY } = charge;
    limits.set(counterName(charge), Math.max(limit, limits.get(counterName(charge)) ?? 0));
  }
  return limits;
}

function at(counters: ReadonlyMap<string, Expected>, name: string): Expected {
  const expected = counters.get(name);
  if (expected === undefined) throw new Error(`a charge to ${name}, which no admission asked for`);
  return expected;
}

function addReserved(counters: ReadonlyMap<string, Expected>, all: readonly Reservation[]): void {
  for (const { counters: own, reserved } of all) {
    for (const counter of own) at(counters, counterName(counter)).sum += amountFor(counter.kind, reserved);
  }
}

/** Whoever has a record had been let in: it is a request too, though it used nothing. */
function addUsed(expected: Expected, charge: NamedCharge, used: Amounts): void {
  const amount = amountFor(charge.kind, used);
  expected.sum += amount;
  expected.overrun += Math.max(0, amount - charge.amount);
}

/** Whoever charges for a dead process charges what the process would have, had no count come: the most. */
function checkOrphan({ reserved }: Admission, { outcome, usage, nanoUsd }: UsageRecord): void {
  if (outcome !== 'orphaned') return;
  requireEqual('tokens of an orphan', totalTokens(usage), reserved.tokens + (reserved.debtTokens ?? 0));
  requireEqual('money of an orphan', nanoUsd, reserved.nanoUsd + (reserved.debtNanoUsd ?? 0));
}

/** What the counters hold for a settled request. */
const chargedFor = (admission: Admission, record: UsageRecord): Amounts =>
  record.outcome === 'orphaned' ? orphanAmounts(admission.reserved) : usedAmounts(record, admission);

function checkCounter(name: string, held: number, { sum, limit, overrun }: Expected): void {
  if (held > limit + overrun) throw new Error(`${name} holds ${held} of ${limit}`);
  requireEqual(name, held, sum);
}

function requireEqual(what: string, held: number, expected: number): void {
  if (held !== expected) throw new Error(`${what} ${held}, but the ledger has ${expected}`);
}
