import fc from 'fast-check';
import { projectId } from '../../../shared/domain/ids.ts';
import { modelBehind } from '../../../shared/domain/model-access.ts';
import {
  callsDrift,
  type LoggedCall,
  NO_TOKENS,
  reconcileCalls,
  TOKEN_CLASSES,
} from '../../../shared/domain/reconciliation.ts';
import { billDrifts, reconcileBill } from '../../../shared/domain/reconciliation-bill.ts';
import type { UsageRecord } from '../../../shared/domain/usage.ts';
import { NOON_MS } from '../../support/gateway-event.ts';
import { recordOf } from '../../support/ledger-fixture.ts';
import { accountEntity, keyEntity, tenantEntity } from '../../support/tenancy-entities.ts';

const keys = [tenantEntity(), tenantEntity()].map(({ ref }) => keyEntity(accountEntity(ref)));
const recordArbitrary = fc
  .record({
    key: fc.constantFrom(...keys),
    atMs: fc.integer({ min: NOON_MS, max: NOON_MS + 1_000 }),
    model: fc.constantFrom('eu.anthropic.claude-sonnet-4-6', 'amazon.nova-lite-v1:0'),
    nanoUsd: fc.integer({ min: 1, max: 1_000_000_000 }),
    usage: fc.record({
      input: fc.integer({ min: 1, max: 9_999 }),
      output: fc.nat(9_999),
      cacheRead: fc.nat(9_999),
      cacheWrite: fc.nat(9_999),
    }),
  })
  .map(({ key, ...of }) => recordOf(key, of));
const ledgerArbitrary = fc.array(recordArbitrary, { minLength: 1, maxLength: 30 });

/** What Bedrock would have logged of a record. */
const callOf = ({ request, tenant, model, usage }: UsageRecord): LoggedCall => ({
  invocation: `i-${request}`,
  request,
  project: projectId(tenant),
  model: modelBehind(model),
  tokens: {
    input: usage.input,
    output: usage.output,
    cacheRead: usage.cacheRead,
    cacheWrite: usage.cacheWrite,
  },
});

test('a log of what was charged agrees in any order, and however often an invocation is delivered', () => {
  const cases = ledgerArbitrary.chain((ledger) =>
    fc.record({
      ledger: fc.constant(ledger),
      calls: fc.shuffledSubarray(ledger).map((again) => [...again, ...ledger].map(callOf)),
    }),
  );
  fc.assert(
    fc.property(cases, ({ ledger, calls }) => {
      const drifts = reconcileCalls({ ledger, calls });
      expect(drifts.filter((drift) => callsDrift(drift, 0))).toEqual([]);
      expect(drifts.reduce((sum, { matched }) => sum + matched, 0)).toBe(ledger.length);
    }),
  );
});

test('one request that is missed, invented or counted otherwise is always found, alone', () => {
  const cases = fc.record({
    ledger: ledgerArbitrary,
    place: fc.nat(),
    change: fc.constantFrom('only-ledger' as const, 'only-bedrock' as const, 'tokens' as const),
    name: fc.constantFrom(...TOKEN_CLASSES),
  });
  fc.assert(
    fc.property(cases, ({ ledger, place, change, name }) => {
      const index = place % ledger.length;
      const calls = ledger.map(callOf);
      const [call] = calls.slice(index);
      if (call === undefined) throw new Error('No call.');
      const changed = { ...call, tokens: { ...call.tokens, [name]: call.tokens[name] + 1 } };
      const drifts = reconcileCalls({
        ledger: change === 'only-bedrock' ? ledger.toSpliced(index, 1) : ledger,
        calls:
          change === 'only-ledger'
            ? calls.toSpliced(index, 1)
            : calls.with(index, change === 'tokens' ? changed : call),
      }).filter((drift) => callsDrift(drift, 0));
      const told = drifts.flatMap(({ project, model, requests }) =>
        requests.map(({ request, kind }) => ({ project, model, request, kind })),
      );
      const { project, model, request } = call;
      expect(told).toEqual([{ project, model, request, kind: change }]);
    }),
  );
});

test('tokens of two requests that cancel each other out are drift', () => {
  const [key] = keys;
  if (key === undefined) throw new Error('No key.');
  const ledger = [NOON_MS, NOON_MS + 1].map((atMs) =>
    recordOf(key, { atMs, nanoUsd: 1, usage: { ...NO_TOKENS, input: 100 } }),
  );
  const calls = ledger.map((record, index) => ({
    ...callOf(record),
    tokens: { ...NO_TOKENS, input: index === 0 ? 90 : 110 },
  }));
  const [drift] = reconcileCalls({ ledger, calls });
  if (drift === undefined) throw new Error('Nothing was compared.');
  expect(drift.tokens).toEqual(NO_TOKENS);
  expect([callsDrift(drift, 9.9), callsDrift(drift, 10)]).toEqual([true, false]);
});

test('several invocations of one request count together', () => {
  const [key] = keys;
  if (key === undefined) throw new Error('No key.');
  const record = recordOf(key, { atMs: NOON_MS, nanoUsd: 1, usage: { ...NO_TOKENS, input: 100, output: 7 } });
  const parts = [
    { ...callOf(record), invocation: 'i-1', tokens: { ...NO_TOKENS, input: 60 } },
    { ...callOf(record), invocation: 'i-2', tokens: { ...NO_TOKENS, input: 40, output: 7 } },
  ];
  const drifts = reconcileCalls({ ledger: [record], calls: parts });
  expect(drifts.map((drift) => [drift.matched, drift.requests])).toEqual([[1, []]]);
});

test('a bill in any pieces of the ledger’s money agrees, and one nano-dollar more or less does not', () => {
  fc.assert(
    fc.property(ledgerArbitrary, fc.integer({ min: 1, max: 9 }), (ledger, pieces) => {
      const bill = ledger.flatMap(({ tenant, model, nanoUsd }) => {
        const attoUsd = BigInt(nanoUsd) * 1_000_000_000n;
        const place = { project: projectId(tenant), model: modelBehind(model) };
        const piece = attoUsd / BigInt(pieces);
        const last = attoUsd - piece * BigInt(pieces - 1);
        return Array.from({ length: pieces }, (_, index) => ({
          ...place,
          attoUsd: index === 0 ? last : piece,
        }));
      });
      expect(reconcileBill({ ledger, bill }).filter((drift) => billDrifts(drift, 0))).toEqual([]);
      const [first] = bill;
      if (first === undefined) throw new Error('No bill.');
      for (const attoUsd of [1_000_000_000n, -1_000_000_000n]) {
        const drifts = reconcileBill({ ledger, bill: [...bill, { ...first, attoUsd }] });
        const apart = drifts.filter((drift) => billDrifts(drift, 0));
        expect(apart.map(({ project, model }) => ({ project, model }))).toEqual([
          { project: first.project, model: first.model },
        ]);
      }
    }),
  );
});
