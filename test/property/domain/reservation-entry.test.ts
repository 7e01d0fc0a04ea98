import fc from 'fast-check';
import {
  COUNTER_KINDS,
  type CounterIdentity,
  type CounterKind,
  type CounterOwner,
  counterAt,
  isSlot,
} from '../../../shared/domain/counter.ts';
import {
  accountOfKey,
  modelRefOf,
  newAccountRef,
  newKeyRef,
  parseRequestId,
} from '../../../shared/domain/ids.ts';
import { modelBehind } from '../../../shared/domain/model-access.ts';
import { SERVICE_TIERS } from '../../../shared/domain/price.ts';
import { requestTimePrefix } from '../../../shared/domain/request-time.ts';
import {
  decodeReservation,
  decodeSettled,
  encodeReservation,
  encodeSettled,
  entryTimeMs,
  type Reservation,
} from '../../../shared/domain/reservation-entry.ts';
import { ENDPOINTS, OUTCOMES, type UsageRecord } from '../../../shared/domain/usage.ts';
import { freshTenant, KEY, MODEL, NOW_MS, requestAt } from '../../support/limits-fixture.ts';
import { seededRandom } from '../../support/random.ts';

const random = seededRandom('reservation-entry');
const amount = fc.oneof(fc.nat(), fc.maxSafeNat());
const model = fc.stringMatching(/^[a-z0-9][A-Za-z0-9.:/_-]{0,120}$/);
/** A kind's counter of whoever. */
const counterOf = (kind: CounterKind, timeMs: number, owner: CounterOwner): CounterIdentity => {
  const { period } = counterAt(kind, timeMs);
  return { kind, period, ...owner };
};
const what = {
  endpoint: fc.constantFrom(...ENDPOINTS),
  serviceTier: fc.constantFrom(...SERVICE_TIERS),
};
const startedAtMs = fc.integer({ min: 0, max: Date.UTC(2055, 0, 1) });

const reservations: fc.Arbitrary<Reservation> = fc
  .record({
    model,
    kinds: fc.subarray([...COUNTER_KINDS]),
    accountKinds: fc.subarray([...COUNTER_KINDS]),
    modelKinds: fc.subarray([...COUNTER_KINDS]),
    ...what,
    amounts: fc.record(
      { tokens: amount, minuteTokens: amount, nanoUsd: amount, debtNanoUsd: amount },
      { requiredKeys: ['tokens', 'nanoUsd'] },
    ),
    debt: fc.record(
      { debtTokens: amount, debtMinuteTokens: amount },
      { requiredKeys: ['debtTokens'], noNullPrototype: true },
    ),
    hasDebt: fc.boolean(),
    startedAtMs,
    lifetimeMs: fc.nat(2 ** 24),
  })
  .map((of) => {
    const account = newAccountRef(random);
    const modelOwner = { model: modelRefOf(modelBehind(of.model)) };
    return {
      key: newKeyRef(random, account),
      model: of.model,
      endpoint: of.endpoint,
      serviceTier: of.serviceTier,
      counters: [
        ...of.kinds.map((kind) => counterOf(kind, of.startedAtMs, {})),
        ...of.accountKinds.map((kind) => counterOf(kind, of.startedAtMs, { account })),
        ...of.modelKinds.map((kind) => counterOf(kind, of.startedAtMs, modelOwner)),
      ],
      reserved: { ...of.amounts, ...(of.hasDebt && of.debt) },
      startedAtMs: of.startedAtMs,
      expiresAtMs: of.startedAtMs + of.lifetimeMs,
    };
  });

const records: fc.Arbitrary<UsageRecord> = fc
  .record({
    model,
    ...what,
    outcome: fc.constantFrom(...OUTCOMES),
    usage: fc.record(
      {
        input: amount,
        output: amount,
        cacheRead: amount,
        cacheWrite: amount,
        cacheWrite1h: amount,
        images: amount,
      },
      { requiredKeys: ['input', 'output', 'cacheRead', 'cacheWrite'] },
    ),
    nanoUsd: amount,
    estimated: fc.boolean(),
    startedAtMs,
    durationMs: fc.nat(2 ** 24),
  })
  .map(({ durationMs, ...of }) => ({
    ...of,
    request: requestAt(1),
    tenant: freshTenant(),
    account: accountOfKey(KEY),
    key: KEY,
    settledAtMs: of.startedAtMs + durationMs,
  }));

test('a reservation survives its entry, and its expiry can be read without the rest', () => {
  fc.assert(
    fc.property(reservations, (reservation) => {
      const text = encodeReservation(reservation);
      expect(decodeReservation(text)).toEqual(reservation);
      expect(entryTimeMs(text)).toBe(reservation.expiresAtMs);
    }),
  );
});

test('a usage record survives its entry, and is never read as a reservation', () => {
  fc.assert(
    fc.property(records, (record) => {
      const text = encodeSettled(record);
      const { tenant, request } = record;
      expect(decodeSettled({ tenant, request }, text)).toEqual(record);
      expect(entryTimeMs(text)).toBe(record.settledAtMs);
      expect(decodeReservation(text)).toBeUndefined();
    }),
  );
});

test('text that is no entry is read as none', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(decodeReservation(text)).toBeUndefined();
      expect(decodeSettled({ tenant: freshTenant(), request: requestAt(1) }, text)).toBeUndefined();
    }),
  );
});

/** An R of a million tokens and 75 USD, and what it has beside its model's id. */
function bytesBesideModel(of: Pick<Reservation, 'counters' | 'reserved'>): number {
  const what = { endpoint: 'chat.completions', serviceTier: 'standard' } as const;
  const times = { startedAtMs: NOW_MS, expiresAtMs: NOW_MS + 960_000 };
  return encodeReservation({ key: KEY, model: MODEL, ...what, ...times, ...of }).length - MODEL.length;
}

test('a reservation takes 48 bytes beside its model, and 94 with every limit and choice that there is', () => {
  const tenantKinds = COUNTER_KINDS.filter((kind) => !isSlot(kind));
  const amounts = { tokens: 1_000_000, nanoUsd: 75_000_000_000 };
  const plain = { counters: tenantKinds.map((kind) => counterAt(kind, NOW_MS)), reserved: amounts };
  const debt = { debtNanoUsd: 75_000_000_000, debtTokens: 1_000_000, debtMinuteTokens: 5_000_000 };
  const owners = [{}, { account: accountOfKey(KEY) }, { model: modelRefOf(modelBehind(MODEL)) }];
  const all = {
    counters: owners.flatMap((owner) => COUNTER_KINDS.map((kind) => counterOf(kind, NOW_MS, owner))),
    reserved: { ...amounts, minuteTokens: 5_000_000, ...debt },
  };
  expect([plain, all].map(bytesBesideModel)).toEqual([48, 94]);
});

test('a settled entry takes at most 65 bytes beside its model', () => {
  const tokens = { input: 1_000_000, output: 1_000_000, cacheRead: 1_000_000, cacheWrite: 1_000_000 };
  const text = encodeSettled({
    request: requestAt(1),
    tenant: freshTenant(),
    account: accountOfKey(KEY),
    key: KEY,
    model: MODEL,
    endpoint: 'chat.completions',
    serviceTier: 'standard',
    outcome: 'completed',
    usage: { ...tokens, cacheWrite1h: 1_000_000, images: 1_000 },
    nanoUsd: 75_000_000_000,
    estimated: false,
    startedAtMs: NOW_MS,
    settledAtMs: NOW_MS + 900_000,
  });
  expect(text.length - MODEL.length).toBe(65);
});

test('the time prefix sorts before every id of its millisecond and after all earlier ones', () => {
  fc.assert(
    fc.property(startedAtMs, (timeMs) => {
      const first = `${requestTimePrefix(timeMs)}0000000000000000`;
      const before = `${requestTimePrefix(timeMs - 1)}ZZZZZZZZZZZZZZZZ`;
      expect(parseRequestId(first)).toBe(first);
      expect(requestTimePrefix(timeMs) < first).toBe(true);
      if (timeMs > 0) expect(before < requestTimePrefix(timeMs)).toBe(true);
    }),
  );
});
