import fc from 'fast-check';
import {
  COUNTER_KINDS,
  type CounterIdentity,
  type CounterKind,
  type CounterOwner,
  counterAt,
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
    reserved: fc.record(
      { tokens: amount, minuteTokens: amount, nanoUsd: amount, debtNanoUsd: amount },
      { requiredKeys: ['tokens', 'nanoUsd'] },
    ),
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
      reserved: of.reserved,
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
    endpoint: 'chat.completions',
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

test('a reservation takes at most 59 bytes beside its model, with all limits of an account', () => {
  const counters = COUNTER_KINDS.map((kind) => counterAt(kind, NOW_MS));
  const account = accountOfKey(KEY);
  const text = encodeReservation({
    key: KEY,
    model: MODEL,
    endpoint: 'chat.completions',
    serviceTier: 'standard',
    counters: [...counters, ...COUNTER_KINDS.map((kind) => counterOf(kind, NOW_MS, { account }))],
    reserved: { tokens: 1_000_000, nanoUsd: 75_000_000_000 },
    startedAtMs: NOW_MS,
    expiresAtMs: NOW_MS + 960_000,
  });
  expect(text.length - MODEL.length).toBeLessThanOrEqual(59);
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
