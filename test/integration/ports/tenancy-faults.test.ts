import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { createCredentialStore } from '../../../shared/aws/credential-store.ts';
import type { Dynamo } from '../../../shared/aws/dynamo.ts';
import { DynamoError } from '../../../shared/aws/dynamo-error.ts';
import { keyKey, tenantKey, toAccountItem, toKeyItem } from '../../../shared/aws/tenancy-items.ts';
import { createTenancyStore } from '../../../shared/aws/tenancy-store.ts';
import type { Config } from '../../../shared/config.ts';
import { ORGANIZATION_REF } from '../../../shared/domain/ids.ts';
import { startTestDynamo, type TestDynamo } from '../../support/dynamodb.ts';
import { accountOf, auditOf, created, createdAccount, entry, keyOf, tenantOf } from './tenancy-suite.ts';

const dynamo = await startTestDynamo();
afterAll(() => dynamo?.close());

const unavailable = expect.objectContaining({ name: 'GatewayError', code: 'service_unavailable' });
const named = (name: string, fields: object = {}): Error =>
  Object.assign(new Error('told'), { name, ...fields });
const lost = (): Error => named('NetworkError');
const cancelled = (...codes: string[]): Error =>
  named('TransactionCanceledException', { CancellationReasons: codes.map((Code) => ({ Code })) });

/** The stores over a DynamoDB that is as bad as `spoil` makes it; time passes only by waiting. */
function storesOver(local: TestDynamo, tables: Config['tables'], spoil: Partial<Dynamo>) {
  const world = { nowMs: 0 };
  const sender = { ...local.lean, ...spoil };
  const waiting = {
    random: () => 0.5,
    async wait(delayMs: number) {
      world.nowMs += delayMs;
    },
  };
  return {
    world,
    tenancy: createTenancyStore({ dynamo: sender, tables, clock: () => world.nowMs, waiting }),
    credentials: createCredentialStore({ dynamo: sender, tables }),
  };
}

if (dynamo === undefined) {
  test('this machine has no local DynamoDB, so its faults were not met', () => undefined);
} else {
  const { lean } = dynamo;
  let tables: Config['tables'];
  beforeAll(async () => {
    tables = await dynamo.makeTables();
  });
  const sound = () => storesOver(dynamo, tables, {});
  const stored = async () => {
    const tenant = tenantOf();
    const account = accountOf(tenant.ref);
    const key = keyOf(account);
    await sound().tenancy.createTenant(tenant, created(tenant));
    await sound().tenancy.createAccount({ account: account, key: key, audit: createdAccount(account, key) });
    return { tenant, account, key };
  };
  const revocationOf = ({ tenant, key }: Awaited<ReturnType<typeof stored>>) => ({
    tenant: tenant.ref,
    key: key.ref,
    revokedAtMs: 5,
    audit: entry(tenant.ref, { type: 'api_key.deleted', id: key.ref }),
  });

  describe('a change', () => {
    test('is neither made nor told where the transaction is refused', async () => {
      const made = await stored();
      const transactWriteItems = async () => Promise.reject(named('AccessDeniedException'));
      const { tenancy } = storesOver(dynamo, tables, { transactWriteItems });
      await expect(tenancy.revokeKey(revocationOf(made))).rejects.toEqual(unavailable);
      const { key } = await sound().credentials.readTenantKey(made.tenant.ref, made.key.ref);
      expect(key).toEqual(made.key);
      expect(await auditOf(sound().tenancy, made.tenant.ref)).toHaveLength(3);
    });

    test.each([1, 3])(
      'whose answer is lost %i times is made once, told once and reported as made',
      async (times) => {
        const made = await stored();
        let losses = times;
        const transactWriteItems: Dynamo['transactWriteItems'] = async (input) => {
          const output = await lean.transactWriteItems(input);
          losses -= 1;
          if (losses >= 0) throw lost();
          return output;
        };
        const { tenancy } = storesOver(dynamo, tables, { transactWriteItems });
        expect(await tenancy.revokeKey(revocationOf(made))).toBe(true);
        expect(await auditOf(sound().tenancy, made.tenant.ref)).toHaveLength(4);
      },
    );

    test('whose answer is lost is not taken for a conflict with itself', async () => {
      const tenant = tenantOf();
      let calls = 0;
      const transactWriteItems: Dynamo['transactWriteItems'] = async (input) => {
        calls += 1;
        const output = await lean.transactWriteItems(input);
        if (calls === 1) throw lost();
        return output;
      };
      await storesOver(dynamo, tables, { transactWriteItems }).tenancy.createTenant(tenant, created(tenant));
      expect(await auditOf(sound().tenancy, tenant.ref)).toHaveLength(1);
    });

    test.each([
      ['another writer holds an item', ['TransactionConflict', 'None', 'None']],
      ['the table is throttled', ['None', 'ThrottlingError', 'None']],
      ['the capacity is used up', ['None', 'None', 'ProvisionedThroughputExceeded']],
      ['another event took its place', ['None', 'ConditionalCheckFailed', 'ConditionalCheckFailed']],
    ])('is tried anew, with a new token, where %s', async (_, codes) => {
      const made = await stored();
      const tokens: unknown[] = [];
      const transactWriteItems: Dynamo['transactWriteItems'] = async (input) => {
        tokens.push(input.ClientRequestToken);
        if (tokens.length === 1) throw cancelled(...codes);
        return lean.transactWriteItems(input);
      };
      const { tenancy } = storesOver(dynamo, tables, { transactWriteItems });
      expect(await tenancy.revokeKey(revocationOf(made))).toBe(true);
      expect(new Set(tokens).size).toBe(2);
    });

    test('is refused for its own reason, whatever else stood in its way', async () => {
      const made = await stored();
      const transactWriteItems = async () =>
        Promise.reject(cancelled('ConditionalCheckFailed', 'None', 'TransactionConflict'));
      const { tenancy } = storesOver(dynamo, tables, { transactWriteItems });
      const refusal = expect.objectContaining({ code: 'not_found' });
      await expect(tenancy.revokeKey(revocationOf(made))).rejects.toEqual(refusal);
    });

    test.each([
      ['contended', () => cancelled('None', 'None', 'ConditionalCheckFailed')],
      ['unanswered', lost],
      ['throttled', () => named('ThrottlingException')],
    ])('that stays %s is given up within five seconds', async (_, failure) => {
      const made = await stored();
      let calls = 0;
      const transactWriteItems = async () => {
        calls += 1;
        throw failure();
      };
      const { tenancy, world } = storesOver(dynamo, tables, { transactWriteItems });
      await expect(tenancy.revokeKey(revocationOf(made))).rejects.toEqual(unavailable);
      expect(calls).toBeGreaterThan(10);
      expect(world.nowMs).toBeLessThanOrEqual(5_000);
      expect(await auditOf(sound().tenancy, made.tenant.ref)).toHaveLength(3);
    });

    test('refused with what its sender judged to be lasting is given up at once', async () => {
      let calls = 0;
      const transactWriteItems = async () => {
        calls += 1;
        const fields = { name: 'ExpiredTokenException', message: 'told', retryable: false, $metadata: {} };
        throw new DynamoError(fields);
      };
      const { tenancy } = storesOver(dynamo, tables, { transactWriteItems });
      const tenant = tenantOf();
      await expect(tenancy.createTenant(tenant, created(tenant))).rejects.toEqual(unavailable);
      expect(calls).toBe(1);
    });

    test('cancelled for a reason that does not pass is given up at once', async () => {
      const made = await stored();
      let calls = 0;
      const transactWriteItems = async () => {
        calls += 1;
        throw cancelled('ValidationError', 'None', 'None');
      };
      const { tenancy } = storesOver(dynamo, tables, { transactWriteItems });
      await expect(tenancy.revokeKey(revocationOf(made))).rejects.toEqual(unavailable);
      expect(calls).toBe(1);
    });
  });

  describe('reading', () => {
    test('asks for consistent answers, and for a credential once', async () => {
      const { tenant, key } = await stored();
      const calls: string[] = [];
      const seen =
        <Input extends { ConsistentRead?: boolean | undefined }, Output>(
          name: string,
          call: (input: Input) => Promise<Output>,
        ) =>
        (input: Input): Promise<Output> => {
          calls.push(`${name} ${input.ConsistentRead}`);
          return call(input);
        };
      const { credentials, tenancy } = storesOver(dynamo, tables, {
        getItem: seen('get', lean.getItem),
        query: seen('query', lean.query),
        batchGetItem: (input) => {
          calls.push(`batch ${Object.values(input.RequestItems ?? {}).map((keys) => keys.ConsistentRead)}`);
          return lean.batchGetItem(input);
        },
      });
      await credentials.readTenantKey(tenant.ref, key.ref);
      expect(calls.splice(0)).toEqual(['batch true']);
      await credentials.readAdminKey(key.ref);
      await tenancy.readTenant(tenant.ref);
      await tenancy.listTenants({ after: tenant.ref, limit: 1 });
      await tenancy.listKeys(tenant.ref, { limit: 1 });
      expect(calls).toEqual(['get true', 'get true', 'get true', 'query true', 'query true']);
    });

    test('answers service_unavailable where the store does not answer', async () => {
      const { tenant, key } = await stored();
      const fail = async () => Promise.reject(lost());
      const { credentials, tenancy } = storesOver(dynamo, tables, {
        batchGetItem: fail,
        getItem: fail,
        query: fail,
      });
      const page = { limit: 1 };
      for (const call of [
        () => credentials.readTenantKey(tenant.ref, key.ref),
        () => credentials.readAdminKey(key.ref),
        () => tenancy.readTenant(tenant.ref),
        () => tenancy.listTenants(page),
        () => tenancy.listTenants({ ...page, after: tenant.ref }),
        () => tenancy.listAccounts(tenant.ref, page),
        () => tenancy.listKeys(tenant.ref, page),
        () => tenancy.listAudit(tenant.ref, page),
        () => tenancy.createTenant(tenantOf(), created(tenant)),
      ]) {
        await expect(call()).rejects.toEqual(unavailable);
      }
    });

    const damages: readonly [string, Record<string, AttributeValue | undefined>][] = [
      ['without a digest', { hash: undefined }],
      ['with a short digest', { hash: { B: new Uint8Array(31) } }],
      ['with a digest as text', { hash: { S: 'x'.repeat(32) } }],
      ['with a short salt', { salt: { B: new Uint8Array(15) } }],
      ['of an unknown digest', { hashAlg: { S: 'plain' } }],
      ['of an unknown status', { status: { S: 'ACTIVE' } }],
      ['of an unknown environment', { environment: { S: 'prod' } }],
      ['without an end', { expiresAtMs: undefined }],
      ['with an end that is no number', { expiresAtMs: { S: '9999999999999' } }],
      ['with a fractional end', { expiresAtMs: { N: '1.5' } }],
      ['with a negative end', { expiresAtMs: { N: '-1' } }],
      ['with an end beyond the integers', { expiresAtMs: { N: '9007199254740993' } }],
      ['with scopes that are no list', { scopes: { S: 'inference' } }],
      ['with a scope that is no text', { scopes: { L: [{ N: '1' }] } }],
      ['without a name', { name: undefined }],
    ];
    test.each(damages)('a key %s lets nobody in and sends nobody away', async (_, damage) => {
      const { tenant, account, key } = await stored();
      await put({ ...toKeyItem(key), ...damage });
      const reading = sound().credentials.readTenantKey(tenant.ref, key.ref);
      await expect(reading).rejects.toEqual(unavailable);
      await expect(sound().tenancy.listAccounts(tenant.ref, { limit: 1 })).resolves.toEqual({
        items: [account],
        hasMore: false,
      });
    });

    test('a malformed tenant, account or admin key answers as an unreachable store does', async () => {
      const one = await stored();
      await put({ ...tenantKey(one.tenant.ref), name: { S: 'nothing else' } });
      await expect(sound().credentials.readTenantKey(one.tenant.ref, one.key.ref)).rejects.toEqual(
        unavailable,
      );
      await expect(sound().tenancy.readTenant(one.tenant.ref)).rejects.toEqual(unavailable);
      const two = await stored();
      await put({ ...toAccountItem(two.account), status: { S: 'asleep' } });
      await expect(sound().credentials.readTenantKey(two.tenant.ref, two.key.ref)).rejects.toEqual(
        unavailable,
      );
      await put({ ...keyKey(ORGANIZATION_REF, two.key.ref), name: { S: 'nothing else' } });
      await expect(sound().credentials.readAdminKey(two.key.ref)).rejects.toEqual(unavailable);
    });

    test('a malformed head of a chain stops the change', async () => {
      const made = await stored();
      const Item = {
        PK: { S: `TENANT#${made.tenant.ref}` },
        SK: { S: 'HEAD' },
        sequence: { N: '3' },
        hash: { S: '' },
      };
      await lean.putItem({ TableName: tables.auditHead, Item });
      await expect(sound().tenancy.revokeKey(revocationOf(made))).rejects.toEqual(unavailable);
      const { key } = await sound().credentials.readTenantKey(made.tenant.ref, made.key.ref);
      expect(key?.status).toBe('active');
    });

    test('a scope that this release does not know grants nothing', async () => {
      const { tenant, key } = await stored();
      await put({ ...toKeyItem(key), scopes: { L: [{ S: 'everything' }, { S: 'usage:read' }] } });
      const read = await sound().credentials.readTenantKey(tenant.ref, key.ref);
      expect(read.key?.scopes).toEqual(['usage:read']);
    });

    const put = (item: Record<string, AttributeValue | undefined>) => {
      const present = Object.entries(item).filter(
        (pair): pair is [string, AttributeValue] => pair[1] !== undefined,
      );
      return lean.putItem({ TableName: tables.config, Item: Object.fromEntries(present) });
    };
  });
}
