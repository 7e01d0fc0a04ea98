/** What the control plane does where DynamoDB refuses, contends, throttles or loses its answer. */

import type { Dynamo } from '../../../shared/aws/dynamo.ts';
import { DynamoError } from '../../../shared/aws/dynamo-error.ts';
import { directoryKey } from '../../../shared/aws/item-keys.ts';
import { tenantItems } from '../../../shared/aws/tenancy-items.ts';
import { createTenancyStore } from '../../../shared/aws/tenancy-store.ts';
import { REAL_WAITING } from '../../../shared/aws/waiting.ts';
import type { Config } from '../../../shared/config.ts';
import { type Change, insert, replace } from '../../../shared/domain/change.ts';
import type { ApiKey, Tenant } from '../../../shared/domain/tenancy.ts';
import { startTestDynamo } from '../../support/dynamodb.ts';
import { cancelledFor, dynamoRefusal, tenancyOver } from '../../support/spoilt-tenancy.ts';
import {
  accountEntity,
  auditEntity,
  keyEntity,
  tenantEntities,
  tenantEntity,
} from '../../support/tenancy-entities.ts';
import { auditOf, newTenant, refusedWith, store, write } from './tenancy-ports.ts';

const dynamo = await startTestDynamo();
afterAll(() => dynamo?.close());

const unavailable = refusedWith('service_unavailable');
const lost = (): Error => dynamoRefusal('NetworkError');

if (dynamo === undefined) {
  test('this machine has no local DynamoDB, so its faults were not met', () => undefined);
} else {
  const { lean } = dynamo;
  let tables: Config['tables'];
  beforeAll(async () => {
    tables = await dynamo.makeTables();
  });
  const sound = () => tenancyOver({ dynamo: lean, tables });
  const spoilt = (transactWriteItems: Dynamo['transactWriteItems']) =>
    tenancyOver({ dynamo: { ...lean, transactWriteItems }, tables });

  /** A tenant, told by one event, and its key. */
  async function stored() {
    const tenant = await newTenant(sound());
    const account = accountEntity(tenant.ref);
    const key = keyEntity(account);
    await store(sound(), { type: 'account', value: account }, { type: 'key', value: key });
    return { tenant, key };
  }
  /** One write; with its event, the event's copy and the head a transaction of four. */
  const revocationOf = ({ tenant, key }: { readonly tenant: Tenant; readonly key: ApiKey }): Change => ({
    writes: [replace({ type: 'key', value: { ...key, status: 'revoked', revokedAtMs: 5, revision: 2 } })],
    audit: [auditEntity(tenant.ref, { type: 'api_key.deleted', id: key.ref })],
  });

  test('a change is neither made nor told where the transaction is refused', async () => {
    const made = await stored();
    const { tenancy } = spoilt(() => Promise.reject(dynamoRefusal('AccessDeniedException')));
    await expect(tenancy.commit(revocationOf(made))).rejects.toEqual(unavailable);
    expect(await sound().tenancy.readKey(made.tenant.ref, made.key.ref)).toEqual(made.key);
    expect(await auditOf(sound(), made.tenant.ref)).toHaveLength(1);
  });

  test.each([1, 3])(
    'a change whose answer is lost %i times is resent with its token, made once, told once and reported as made',
    async (times) => {
      const made = await stored();
      const tokens: unknown[] = [];
      const { tenancy } = spoilt(async (input) => {
        tokens.push(input.ClientRequestToken);
        const output = await lean.transactWriteItems(input);
        if (tokens.length <= times) throw lost();
        return output;
      });
      expect(await tenancy.commit(revocationOf(made))).toBe('committed');
      expect(tokens).toEqual(Array(times + 1).fill(expect.any(String)));
      expect(new Set(tokens).size).toBe(1);
      expect(await auditOf(sound(), made.tenant.ref)).toHaveLength(2);
    },
  );

  test('an insertion whose answer is lost is not taken for a conflict with itself', async () => {
    const tenant = tenantEntity();
    let calls = 0;
    const ports = spoilt(async (input) => {
      calls += 1;
      const output = await lean.transactWriteItems(input);
      if (calls === 1) throw lost();
      return output;
    });
    await store(ports, ...tenantEntities(tenant));
    expect(calls).toBe(2);
  });

  test('a change whose answer is lost is made though the next change has followed it', async () => {
    const made = await stored();
    const later = { ...made.key, status: 'revoked', name: 'later', revision: 3 } as const;
    let calls = 0;
    const { tenancy } = spoilt(async (input) => {
      calls += 1;
      const output = await lean.transactWriteItems(input);
      if (calls > 1) return output;
      await write(sound(), replace({ type: 'key', value: later }));
      throw lost();
    });
    expect(await tenancy.commit(revocationOf(made))).toBe('committed');
    expect(await sound().tenancy.readKey(made.tenant.ref, made.key.ref)).toEqual(later);
  });

  test.each([
    ['another writer holds an item', ['TransactionConflict', 'None', 'None', 'None']],
    ['the table is throttled', ['None', 'ThrottlingError', 'None', 'None']],
    ['the capacity is used up', ['None', 'None', 'None', 'ProvisionedThroughputExceeded']],
    ['another event took its place', ['None', 'ConditionalCheckFailed', 'None', 'ConditionalCheckFailed']],
  ])('a change is tried anew, with a new token, where %s', async (_, codes) => {
    const made = await stored();
    const tokens: unknown[] = [];
    const { tenancy } = spoilt(async (input) => {
      tokens.push(input.ClientRequestToken);
      if (tokens.length === 1) throw cancelledFor(...codes);
      return lean.transactWriteItems(input);
    });
    expect(await tenancy.commit(revocationOf(made))).toBe('committed');
    expect(new Set(tokens).size).toBe(2);
  });

  test('a change is refused for its own reason, whatever else stood in its way', async () => {
    const { tenancy } = spoilt(() =>
      Promise.reject(cancelledFor('ConditionalCheckFailed', 'None', 'None', 'TransactionConflict')),
    );
    expect(await tenancy.commit(revocationOf(await stored()))).toEqual({ refused: 0 });
  });

  test.each([
    ['contended', () => cancelledFor('None', 'None', 'None', 'ConditionalCheckFailed')],
    ['unanswered', lost],
    ['throttled', () => dynamoRefusal('ThrottlingException')],
  ])('a change that stays %s is given up within five seconds, and leaves nothing', async (_, failure) => {
    const made = await stored();
    let calls = 0;
    const { tenancy, time } = spoilt(async () => {
      calls += 1;
      throw failure();
    });
    await expect(tenancy.commit(revocationOf(made))).rejects.toEqual(unavailable);
    expect(calls).toBeGreaterThan(10);
    expect(time.nowMs).toBeLessThanOrEqual(5_000);
    expect(await auditOf(sound(), made.tenant.ref)).toHaveLength(1);
  });

  test.each([
    ['what its sender judged to be lasting', () => lasting('ExpiredTokenException')],
    ['a cancellation for a reason that does not pass', () => cancelledFor('ValidationError', 'None')],
    ['a cancellation without reasons', () => dynamoRefusal('TransactionCanceledException')],
  ])('a change refused with %s is given up at once', async (_, failure) => {
    const made = await stored();
    let calls = 0;
    const { tenancy } = spoilt(async () => {
      calls += 1;
      throw failure();
    });
    await expect(tenancy.commit(revocationOf(made))).rejects.toEqual(unavailable);
    expect(calls).toBe(1);
  });

  test('a tenant whose copy in the directory is of another revision refuses its change by the tenant', async () => {
    const tenant = await newTenant(sound());
    const { directory } = tenantItems({ ...tenant, revision: 7 });
    await lean.putItem({ TableName: tables.config, Item: directory });
    const account = accountEntity(tenant.ref);
    const renamed = { ...tenant, name: 'renamed', revision: 2 };
    const change: Change = {
      writes: [insert({ type: 'account', value: account }), replace({ type: 'tenant', value: renamed })],
      audit: [auditEntity(tenant.ref, { id: tenant.ref })],
    };
    expect(await sound().tenancy.commit(change)).toEqual({ refused: 1 });
    expect(await sound().tenancy.readTenant(tenant.ref)).toEqual(tenant);
    expect(await sound().tenancy.readAccount(tenant.ref, account.ref)).toBeUndefined();
    expect(await auditOf(sound(), tenant.ref)).toHaveLength(1);
  });

  test('a tenant whose place in the directory is taken is not made', async () => {
    const tenant = tenantEntity();
    await lean.putItem({ TableName: tables.config, Item: { ...directoryKey(tenant), name: { S: 'taken' } } });
    const change = { writes: tenantEntities(tenant).map(insert), audit: [] };
    expect(await sound().tenancy.commit(change)).toEqual({ refused: 1 });
    expect(await sound().tenancy.readTenant(tenant.ref)).toBeUndefined();
  });

  test('a malformed head of a chain stops the change', async () => {
    const made = await stored();
    const Key = { PK: { S: `TENANT#${made.tenant.ref}` }, SK: { S: 'HEAD' } };
    await lean.putItem({
      TableName: tables.auditHead,
      Item: { ...Key, sequence: { N: '1' }, hash: { S: '' } },
    });
    await expect(sound().tenancy.commit(revocationOf(made))).rejects.toEqual(unavailable);
    expect(await sound().tenancy.readKey(made.tenant.ref, made.key.ref)).toEqual(made.key);
  });

  describe('200 changes of one tenant at once', () => {
    test('each commit with their event or leave nothing, where half of them have little patience', async () => {
      const tenant = await newTenant(sound());
      const accounts = Array.from({ length: 200 }, () => accountEntity(tenant.ref));
      const results = await Promise.allSettled(
        accounts.map((value, index) =>
          impatient(index % 2 === 0 ? 2_500 : 0).commit({
            writes: [{ op: 'require-active', tenant: tenant.ref }, insert({ type: 'account', value })],
            audit: [auditEntity(tenant.ref, { id: value.ref })],
          }),
        ),
      );
      const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      expect(failures).toEqual(failures.map(() => unavailable));
      expect(failures.length).toBeGreaterThan(0);
      const committed = accounts.filter((_, index) => results[index]?.status === 'fulfilled');
      const there = await Promise.all(
        accounts.map(({ ref }) => sound().tenancy.readAccount(tenant.ref, ref)),
      );
      expect(there.filter((account) => account !== undefined)).toEqual(committed);
      expect((await auditOf(sound(), tenant.ref)).slice(1).toSorted()).toEqual(
        committed.map(({ ref }) => `project.updated:${ref}`).toSorted(),
      );
    }, 60_000);
  });

  /** A store for which so much time passes with every wait. */
  function impatient(stepMs: number) {
    let nowMs = 0;
    return createTenancyStore({
      dynamo: lean,
      tables,
      clock: () => nowMs,
      waiting: {
        random: Math.random,
        async wait(delayMs) {
          nowMs += stepMs;
          await REAL_WAITING.wait(delayMs);
        },
      },
    });
  }
}

const lasting = (name: string): Error =>
  new DynamoError({ name, message: 'told', retryable: false, $metadata: {} });
