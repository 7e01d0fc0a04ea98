/**
 * What the first version of the gateway left on its tables is read by this one. The texts are that version's own; they
 * are never to be changed, only added to.
 */
import { fromUsageItem } from '../../../shared/aws/usage-item.ts';
import { counterAt, counterName } from '../../../shared/domain/counter.ts';
import { newTenantRef, parseKeyRef, parseRequestId } from '../../../shared/domain/ids.ts';
import { decodeReservation, decodeSettled } from '../../../shared/domain/reservation-entry.ts';
import { seededRandom } from '../../support/random.ts';

const tenant = newTenantRef(seededRandom('first-version'));
const request = parseRequestId('01KAHZSGN00000000000000001');
const startedAtMs = Date.UTC(2026, 10, 20, 20, 17, 30);
const RECORD = {
  request,
  tenant,
  account: 'Ab12Cd',
  key: 'Ab12CdEf34',
  model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
  endpoint: 'chat.completions',
  serviceTier: 'standard',
  outcome: 'completed',
  usage: { input: 10, output: 5, cacheRead: 3, cacheWrite: 4, cacheWrite1h: 2 },
  nanoUsd: 1_234,
  estimated: false,
  startedAtMs,
  settledAtMs: startedAtMs + 1_500,
};

test.each([
  'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
  'eu.amazon.nova-pro-v1:0',
  'global.anthropic.claude-x',
  'anthropic.claude-3-haiku-20240307-v1:0',
])('a reservation of the first version is one of chat completions in the standard tier: %s', (model) => {
  expect(decodeReservation(`Rmwpfs7tcAb12CdEf34kkqo.rs.1lvc.MDRTmdrt.${model}`)).toEqual({
    key: parseKeyRef('Ab12CdEf34'),
    model,
    endpoint: 'chat.completions',
    serviceTier: 'standard',
    counters: [{}, { account: 'Ab12Cd' }].flatMap((owner) =>
      (['money-month', 'requests-day', 'requests-minute', 'tokens-minute'] as const).map((kind) => ({
        ...counterAt(kind, startedAtMs),
        ...owner,
      })),
    ),
    reserved: { tokens: 1_000, nanoUsd: 75_000 },
    startedAtMs,
    expiresAtMs: startedAtMs + 960_000,
  });
});

test('its counters are those that it charged', () => {
  const { counters = [] } =
    decodeReservation('Rmwpfs7tcAb12CdEf34kkqo.rs.1lvc.MDRTmdrt.us.anthropic.claude-x') ?? {};
  expect(counters.map(counterName)).toEqual([
    'usd#202611',
    'rpd#20261120',
    'rpm#202611202017',
    'tpm#202611202017',
    'usd#202611#Ab12Cd',
    'rpd#20261120#Ab12Cd',
    'rpm#202611202017#Ab12Cd',
    'tpm#202611202017#Ab12Cd',
  ]);
});

test('a settled entry of the first version is its record', () => {
  if (request === undefined) throw new TypeError('Not a request id.');
  const text = 'Smwpf7o8cAb12CdEf3415o.a.5.3.4-2.ya.cm.us.anthropic.claude-sonnet-4-5-20250929-v1:0';
  expect(decodeSettled({ tenant, request }, text)).toEqual(RECORD);
});

test('a record of the first version is one of the standard tier, and one of an unknown tier is none', () => {
  const item = {
    PK: { S: `TENANT#${tenant}` },
    SK: { S: 'USAGE#01KAHZSGN00000000000000001' },
    key: { S: 'Ab12CdEf34' },
    model: { S: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0' },
    endpoint: { S: 'chat.completions' },
    outcome: { S: 'completed' },
    input: { N: '10' },
    output: { N: '5' },
    cacheRead: { N: '3' },
    cacheWrite: { N: '4' },
    cacheWrite1h: { N: '2' },
    nanoUsd: { N: '1234' },
    estimated: { BOOL: false },
    startedAtMs: { N: '1795205850000' },
    settledAtMs: { N: '1795205851500' },
  };
  expect(fromUsageItem(tenant, item)).toEqual(RECORD);
  expect(() => fromUsageItem(tenant, { ...item, serviceTier: { S: 'later' } })).toThrow(TypeError);
});

test.each(['xs', 'cx', 'sc'])(
  'an entry of a later version, of what this one does not know, is read as none: %s',
  (what) => {
    expect(
      decodeReservation(`Rmwpfs7tcAb12CdEf34kkqo.rs.1lvc.MDRT.${what}.us.anthropic.claude-x`),
    ).toBeUndefined();
    if (request === undefined) throw new TypeError('Not a request id.');
    const settled = `Smwpf7o8cAb12CdEf3415o.a.5.3.4-2.ya.cm${what}.us.anthropic.claude-x`;
    expect(decodeSettled({ tenant, request }, settled)).toBeUndefined();
  },
);

test('the tokens and the money of an estimate without a debt in tokens, as it was once written, are read', () => {
  const text = 'Rmwpfs7tcAb12CdEf34kkqo.rs-1e.1lvc-a.MDRT.cs.us.anthropic.claude-x';
  expect(decodeReservation(text)?.reserved).toEqual({
    tokens: 1_000,
    minuteTokens: 50,
    nanoUsd: 75_000,
    debtNanoUsd: 10,
  });
});
