/** What one limits item weighs, and how many requests a second that leaves a project: the table of docs/limits.md. */
import { readFileSync } from 'node:fs';
import type { Item } from '../../shared/aws/attribute.ts';
import { entryName, INFLIGHT, LIMITS_VERSION, limitsKey } from '../../shared/aws/limits-item.ts';
import type { Admission } from '../../shared/domain/admission.ts';
import { counterName, isForgettableAt } from '../../shared/domain/counter.ts';
import { newAccountRef, newKeyRef } from '../../shared/domain/ids.ts';
import type { LimitSet, TenantLimits } from '../../shared/domain/limits.ts';
import { encodeReservation, reservationOf } from '../../shared/domain/reservation-entry.ts';
import { admissionOf, freshTenant, KEY, NOW_MS } from '../support/limits-fixture.ts';
import { seededRandom } from '../support/random.ts';

/** What a request sets aside: 20 000 tokens and 0.20 USD. */
const AMOUNTS = { tokens: 20_000, nanoUsd: 200_000_000 };
const FAR: LimitSet = { requestsPerMinute: 10 ** 9, tokensPerMinute: 10 ** 9, nanoUsdPerMonth: 10 ** 15 };
const SLOT_MS = 10_000;
/** More than counters of a minute are kept. */
const SLOTS_KEPT = 20;
const WRITES_A_REQUEST = 2;
/** DynamoDB: a partition, hence an item, takes 1 000 write units a second, one a KB begun. */
const UNITS_A_SECOND = 1_000;

/** Bytes as DynamoDB counts them: names and texts in UTF-8, a number a byte for two digits and one more. */
const bytesOf = (item: Item): number =>
  Object.entries(item).reduce((sum, [name, { S = '', N }]) => {
    const digits = N?.replace(/0+$/, '').length;
    return sum + name.length + (digits === undefined ? S.length : Math.ceil(digits / 2) + 1);
  }, 0);

interface Load {
  readonly inflight: number;
  /** Limited service accounts, each with a request in every ten seconds. */
  readonly accounts: number;
  readonly smoothing: boolean;
}

/** The item of a project that has been under such a load for minutes: counters of what is over, and requests under way. */
function itemUnder({ inflight, accounts, smoothing }: Load): Item {
  const tenant = freshTenant();
  const random = seededRandom('limits-size');
  const keys = Array.from({ length: accounts }, () => newKeyRef(random, newAccountRef(random)));
  const own: Partial<TenantLimits> = { ...FAR, ...(smoothing && { smoothing: '10s' }) };
  const request = (index: number, atMs: number): Admission => {
    const facts = { tenant, index, atMs, limits: own, ...AMOUNTS };
    const key = keys[index % keys.length];
    return admissionOf(key === undefined ? facts : { ...facts, key, accountLimits: FAR });
  };
  const counters = new Map<string, number>();
  const isOver = isForgettableAt(NOW_MS);
  for (let slot = SLOTS_KEPT; slot >= 0; slot -= 1) {
    for (const index of [KEY, ...keys].keys()) {
      for (const charge of request(index, NOW_MS - slot * SLOT_MS).charges.filter((one) => !isOver(one))) {
        counters.set(counterName(charge), (counters.get(counterName(charge)) ?? 0) + charge.amount);
      }
    }
  }
  const running = Array.from({ length: inflight }, (_, index) => request(index, NOW_MS));
  return {
    ...limitsKey(tenant),
    [LIMITS_VERSION]: { N: '12' },
    [INFLIGHT]: { N: String(inflight) },
    ...Object.fromEntries([...counters].map(([name, value]) => [name, { N: String(value) }])),
    ...Object.fromEntries(
      running.map((of) => [entryName(of.request), { S: encodeReservation(reservationOf(of)) }]),
    ),
  };
}

const LOADS: readonly Load[] = [
  { inflight: 10, accounts: 0, smoothing: false },
  { inflight: 100, accounts: 0, smoothing: false },
  { inflight: 400, accounts: 0, smoothing: false },
  { inflight: 100, accounts: 10, smoothing: false },
  { inflight: 100, accounts: 100, smoothing: false },
  { inflight: 100, accounts: 10, smoothing: true },
  { inflight: 100, accounts: 100, smoothing: true },
  { inflight: 400, accounts: 100, smoothing: true },
];

function rowOf(load: Load): string {
  const bytes = bytesOf(itemUnder(load));
  const units = Math.ceil(bytes / 1_024);
  const perSecond = Math.floor(UNITS_A_SECOND / (WRITES_A_REQUEST * units));
  const { inflight, accounts, smoothing } = load;
  return `| ${inflight} | ${accounts} | ${smoothing ? '10s' : '–'} | ${(bytes / 1_024).toFixed(1)} KB | ${units} | ${perSecond} |`;
}

test('the documentation tells what an item weighs and how many requests a second it carries', () => {
  const documented = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8');
  const table = documented.split('\n').filter((line) => /^\| \d+ \| \d+ \|/.test(line));
  expect(table).toEqual(LOADS.map(rowOf));
});
