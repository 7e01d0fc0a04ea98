/** Admissions that nobody waits for any more: whatever a lost answer or a late copy does, they cost nothing. */
import type { Dynamo } from '../../../shared/aws/dynamo.ts';
import { DynamoError } from '../../../shared/aws/dynamo-error.ts';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import type { TenantRef } from '../../../shared/domain/ids.ts';
import {
  admissionOf,
  dynamoStores,
  freshTenant,
  LIFETIME_MS,
  limitsItemOf,
  NOW_MS,
  recordsOf,
  type Stores,
  settlementOf,
  TABLES,
} from '../../support/limits-fixture.ts';
import { createMemoryDynamo, dynamoError, type MemoryDynamo } from '../../support/memory-dynamo.ts';

const AFTER_EXPIRY_MS = NOW_MS + LIFETIME_MS + 1;
type Update = Dynamo['updateItem'];

let dynamo: MemoryDynamo;
let tenant: TenantRef;
let updates: Parameters<Update>[0][];
/** What befalls the next writes of the limits item, in order; then nothing does. */
let script: ((act: () => ReturnType<Update>) => ReturnType<Update>)[];
let stores: Stores;
beforeEach(() => {
  dynamo = createMemoryDynamo();
  tenant = freshTenant();
  updates = [];
  script = [];
  const updateItem: Update = (input) => {
    updates.push(input);
    const act = () => dynamo.updateItem(input);
    return (script.shift() ?? ((write) => write()))(act);
  };
  stores = dynamoStores({ ...dynamo, updateItem });
});

const lost = () => dynamoError('NetworkError', 'The answer was lost.');
const LOSE_REQUEST = () => Promise.reject(lost());
const LOSE_ANSWER = async (act: () => ReturnType<Update>) => {
  await act();
  throw lost();
};
/** The first copy comes later, when this is called; the second acts at once. */
const late: (() => Promise<unknown>)[] = [];
const LATE_COPY = async (act: () => ReturnType<Update>) => {
  late.push(act);
  const $metadata = { attempts: 2 };
  return await act().then(
    (output) => ({ ...output, $metadata }),
    (error: Error) => Promise.reject(Object.assign(error, { $metadata })),
  );
};

const item = () => limitsItemOf(dynamo, { tenant, table: TABLES.limitsTable });
const held = async () => {
  const { inflight, ...counters } = await item();
  return [inflight, counters['usd#202611'], counters['rpm#202611202017']].map((value) => value?.N ?? '0');
};
const UNAVAILABLE = expect.objectContaining({ code: 'service_unavailable' });

test('an admission whose answer is lost stays counted as a request, and costs nothing', async () => {
  script = [LOSE_ANSWER];
  const admission = admissionOf({ tenant, index: 1 });
  await expect(stores.limits.admit(admission)).rejects.toEqual(UNAVAILABLE);
  expect(await held()).toEqual(['0', '0', '1']);
  const used = settlementOf(admission, { tokens: 0, nanoUsd: 0, settledAtMs: NOW_MS }).record;
  expect(await recordsOf(stores, tenant)).toEqual([{ ...used, outcome: 'failed' }]);
});

test('an admission that never came is no request of the ledger, nor may it come later', async () => {
  script = [LOSE_REQUEST];
  const admission = admissionOf({ tenant, index: 1 });
  await expect(stores.limits.admit(admission)).rejects.toEqual(UNAVAILABLE);
  expect(await recordsOf(stores, tenant)).toEqual([]);
  expect(await dynamoStores(dynamo).limits.admit(admission)).toEqual({
    outcome: 'refused',
    by: 'duplicate',
  });
  await stores.another().sweep(tenant, AFTER_EXPIRY_MS + 60_000);
  expect(await held()).toEqual(['0', '0', '0']);
  expect(Object.keys(await item()).filter((name) => name.startsWith('r#'))).toEqual([]);
});

test('what cannot be released at once is kept, and released beside the next writes of its tenant', async () => {
  script = [LOSE_ANSWER, LOSE_REQUEST, LOSE_REQUEST];
  await expect(stores.limits.admit(admissionOf({ tenant, index: 1 }))).rejects.toEqual(UNAVAILABLE);
  expect(await held()).toEqual(['1', '1000', '1']);
  const soon = admissionOf({ tenant, index: 2, atMs: NOW_MS + 199 });
  await stores.limits.admit(soon);
  expect(await held()).toEqual(['2', '2000', '2']);
  await stores.limits.settle(settlementOf(soon, { nanoUsd: 7, settledAtMs: NOW_MS + 200 }));
  expect(await held()).toEqual(['0', '7', '2']);
  expect(await stores.another().sweep(tenant, AFTER_EXPIRY_MS)).toBe(0);
});

test('a tenant whose places are all taken so is let in again by its own next requests', async () => {
  const limits = { inflightMax: 1 };
  script = [LOSE_ANSWER, LOSE_REQUEST, LOSE_REQUEST];
  await expect(stores.limits.admit(admissionOf({ tenant, index: 1, limits }))).rejects.toEqual(UNAVAILABLE);
  const outcomes = [];
  for (const index of [2, 3]) {
    const admission = admissionOf({ tenant, index, limits, atMs: NOW_MS + 1_000 });
    outcomes.push((await stores.limits.admit(admission)).outcome);
  }
  expect(outcomes).toEqual(['admitted', 'refused']);
});

test('a request that was refused when it was sent again reserves nothing by the copy that comes later', async () => {
  const limits = { nanoUsdPerMonth: 1_000 };
  const first = admissionOf({ tenant, index: 1, limits });
  await stores.limits.admit(first);
  script = [LATE_COPY];
  const refused = await stores.limits.admit(admissionOf({ tenant, index: 2, limits }));
  expect(refused).toMatchObject({ outcome: 'refused', by: { kind: 'money-month' } });
  await stores.limits.settle(settlementOf(first, { nanoUsd: 0 }));
  for (const arrive of late.splice(0)) await expect(arrive()).rejects.toThrow();
  expect(await held()).toEqual(['0', '0', '1']);
  expect(await recordsOf(stores, tenant)).toHaveLength(1);
});

test('a request that another has under its id is not settled by one that is refused', async () => {
  const admission = admissionOf({ tenant, index: 1 });
  await stores.limits.admit(admission);
  script = [LATE_COPY];
  const replayed = { ...admissionOf({ tenant, index: 1, atMs: NOW_MS + 5 }), request: admission.request };
  expect(await stores.limits.admit(replayed)).toEqual({ outcome: 'refused', by: 'duplicate' });
  late.splice(0);
  expect(await held()).toEqual(['1', '1000', '1']);
});

test.each([
  { what: 'was throttled each time', mayHaveActed: false, writes: 1 },
  { what: 'was throttled at last, but not answered before', mayHaveActed: true, writes: 3 },
])('an admission that $what takes $writes writes in all', async ({ mayHaveActed, writes }) => {
  const error = new DynamoError({
    name: 'ThrottlingException',
    message: 'Slow down.',
    retryable: true,
    mayHaveActed,
    $metadata: { attempts: 3 },
  });
  script = [() => Promise.reject(error)];
  await expect(stores.limits.admit(admissionOf({ tenant, index: 1 }))).rejects.toThrow(GatewayError);
  expect(updates).toHaveLength(writes);
});

test('of many refusals at once one recovers what the dead left, and no other writes for it', async () => {
  const limits = { inflightMax: 2 };
  for (const index of [1, 2]) await stores.limits.admit(admissionOf({ tenant, index, limits }));
  updates = [];
  const late20 = Array.from({ length: 20 }, (_, index) =>
    admissionOf({ tenant, index: index + 10, limits, atMs: AFTER_EXPIRY_MS }),
  );
  const results = await Promise.all(late20.map((admission) => stores.limits.admit(admission)));
  expect(results.filter(({ outcome }) => outcome === 'admitted').length).toBeGreaterThan(0);
  // Twenty admissions, two orphans, and one admission again.
  expect(updates).toHaveLength(23);
});

test('refusals of a crowded item leave no entry behind, however late their copies are', async () => {
  const limits = { inflightMax: 1 };
  const crowd = Array.from({ length: 301 }, (_, index) => `other#${index}`);
  await dynamo.updateItem({
    TableName: TABLES.limitsTable,
    Key: { PK: { S: `TENANT#${tenant}` }, SK: { S: 'LIMITS' } },
    UpdateExpression: `ADD ${crowd.map((_, index) => `#${index} :one`).join(', ')}`,
    ExpressionAttributeNames: Object.fromEntries(crowd.map((name, index) => [`#${index}`, name])),
    ExpressionAttributeValues: { ':one': { N: '1' } },
  });
  await stores.limits.admit(admissionOf({ tenant, index: 1, limits }));
  for (const index of [2, 3, 4]) {
    script = [LATE_COPY];
    const { outcome } = await stores.limits.admit(admissionOf({ tenant, index, limits }));
    expect(outcome).toBe('refused');
  }
  expect(Object.keys(await item()).filter((name) => name.startsWith('r#'))).toHaveLength(1);
});
