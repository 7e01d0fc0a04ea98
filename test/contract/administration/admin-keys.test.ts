import { authenticate } from '../../../functions/authorizer/authenticate.ts';
import { parseKey } from '../../../shared/domain/api-key.ts';
import type { CommitResult } from '../../../shared/domain/change.ts';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import { keyId, ORGANIZATION_REF, parseKeyId } from '../../../shared/domain/ids.ts';
import { ADMIN_ANCESTORS_MAX, ADMIN_SCOPES, type AdminPrincipal } from '../../../shared/domain/principal.ts';
import type { TenancyStore } from '../../../shared/ports.ts';
import {
  type Administration,
  type Answer,
  administration,
  refusalOf,
} from '../../support/administration-fixture.ts';
import { keyPrincipal, NOON_MS } from '../../support/gateway-event.ts';

const KEYS = '/organization/admin_api_keys';
const KEY = `${KEYS}/{key_id}`;
const NOON = NOON_MS / 1000;
const unknown = { status: 404, code: 'not_found', param: null };

const idOf = ({ key }: AdminPrincipal): string => keyId(ORGANIZATION_REF, key);

/** Makes a child of the grantor's key. */
const create = (plane: Administration, principal: AdminPrincipal, body: object = {}) =>
  plane.call(`POST ${KEYS}`, { principal, body: { name: 'ci', ...body } });

const remove = (plane: Administration, principal: AdminPrincipal, key_id: string) =>
  plane.call(`DELETE ${KEY}`, { principal, path: { key_id } });

/** Who presents the key of an answer now, as the authorizer finds. */
async function principalOf(plane: Administration, answer: Answer, nowMs = NOON_MS): Promise<AdminPrincipal> {
  const principal = await presented(plane, answer, nowMs);
  if (principal?.kind !== 'admin') throw new Error(`No admin key: ${JSON.stringify(answer.body)}`);
  return principal;
}

async function presented(plane: Administration, answer: Answer, nowMs = NOON_MS) {
  const key = parseKey(answer.body.value);
  if (key === undefined) throw new Error('The key does not parse.');
  return authenticate({ credentials: plane.credentials, clock: () => nowMs }, key);
}

describe('POST /organization/admin_api_keys', () => {
  test('makes a key of 8 hours with the grantor’s scopes, which works and is shown once', async () => {
    const plane = administration();
    const grantor = await plane.newAdmin();
    const answer = await create(plane, grantor);
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store']);
    const { value, ...shown } = answer.body;
    expect(shown).toEqual({
      id: expect.stringMatching(/^key_0{10}[0-9A-Za-z]{10}$/),
      object: 'organization.admin_api_key',
      name: 'ci',
      created_at: NOON,
      expires_at: NOON + 8 * 3600,
      last_used_at: null,
      redacted_value: expect.stringMatching(/^bpa_test_/),
      owner: { type: 'user', object: 'organization.user', role: 'owner', name: 'administration' },
      scopes: ADMIN_SCOPES,
    });
    const key = parseKeyId(shown.id)?.key;
    expect(await principalOf(plane, answer)).toEqual({
      kind: 'admin',
      key,
      scopes: ADMIN_SCOPES,
      expiresAtMs: NOON_MS + 8 * 3_600_000,
      ancestors: [grantor.key],
    });
    const retrieved = await plane.call(`GET ${KEY}`, { path: { key_id: shown.id } });
    expect(retrieved.body).toEqual(shown);
    expect(plane.audit()[1]).toEqual({
      type: 'tenant.admin_api_key.created',
      subject: {
        id: shown.id,
        name: 'ci',
        scopes: ADMIN_SCOPES,
        expires_at: NOON + 8 * 3600,
        parent: idOf(grantor),
      },
    });
    expect(JSON.stringify([...plane.chains])).not.toContain(value.slice(30));
  });

  test('makes a child of fewer scopes, a read among them where the grantor may write', async () => {
    const plane = administration();
    const grantor = { ...(await plane.newAdmin()), scopes: ['projects:write', 'admin_keys:write'] as const };
    const child = await create(plane, grantor, { scopes: ['projects:read', 'projects:read'] });
    expect(child.body.scopes).toEqual(['projects:read']);
    for (const scopes of [['keys:read'], ['projects:read', 'usage:read']]) {
      const refused = await create(plane, grantor, { scopes });
      expect(refusalOf(refused)).toEqual({ status: 400, code: 'invalid_value', param: 'scopes' });
    }
  });

  test('lets no child outlive its grantor: a default is shortened, an order is refused', async () => {
    const plane = administration();
    const grantor = await plane.newAdmin({ expiresInDays: 0.25 });
    const seconds = 0.25 * 86_400;
    expect((await create(plane, grantor)).body.expires_at).toBe(NOON + seconds);
    const exactly = await create(plane, grantor, { expires_in_seconds: seconds });
    expect(exactly.body.expires_at).toBe(NOON + seconds);
    const refused = await create(plane, grantor, { expires_in_seconds: seconds + 1 });
    expect(refusalOf(refused)).toEqual({ status: 400, code: 'invalid_value', param: 'expires_in_seconds' });
  });

  test('makes keys of up to 30 days', async () => {
    const plane = administration();
    const grantor = await plane.newAdmin({ expiresInDays: 30 });
    const days = (count: number) => create(plane, grantor, { expires_in_seconds: count * 86_400 });
    expect((await days(30)).body.expires_at).toBe(NOON + 30 * 86_400);
    expect(refusalOf(await days(31))).toEqual({
      status: 400,
      code: 'invalid_value',
      param: 'expires_in_seconds',
    });
  });

  test('makes descendants as far as an identity can carry their line, and no further', async () => {
    const plane = administration();
    let grantor: AdminPrincipal = await plane.newAdmin();
    const line = [grantor.key];
    for (let degree = 1; degree <= ADMIN_ANCESTORS_MAX; degree += 1) {
      grantor = await principalOf(plane, await create(plane, grantor));
      expect(grantor.ancestors).toEqual(line);
      line.push(grantor.key);
    }
    expect(refusalOf(await create(plane, grantor))).toEqual({ status: 409, code: 'conflict', param: null });
  });

  test('makes one key of calls that carry the same Idempotency-Key, and never shows it again', async () => {
    const plane = administration();
    const principal = await plane.newAdmin();
    const call = () =>
      plane.call(`POST ${KEYS}`, {
        principal,
        body: { name: 'ci' },
        headers: { 'Idempotency-Key': 'deploy-7' },
      });
    const answers = await Promise.all([call(), call()]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const made = answers.find(({ status }) => status === 200)?.body;
    const again = await call();
    expect(again.body.error.message).toContain(made.id);
    expect(JSON.stringify(again.body)).not.toContain(made.value);
  });

  test('is refused to a key that was revoked meanwhile, it or one that it descends from', async () => {
    const faults = { left: 0 };
    const plane = administration((store) => ({ commit: failing(store, faults) }));
    const parent = await plane.newAdmin();
    const child = await principalOf(plane, await create(plane, parent));
    // The parent's revocation commits, the child's own does not.
    faults.left = 2;
    await remove(plane, parent, idOf(parent));
    expect(await plane.tenancy.readAdminKey(child.key)).toMatchObject({ status: 'active' });
    const events = plane.audit().length;
    for (const grantor of [parent, child]) {
      expect(refusalOf(await create(plane, grantor))).toMatchObject({ status: 401, code: 'key_revoked' });
    }
    expect(plane.audit()).toHaveLength(events);
    expect((await plane.tenancy.listAdminKeys({ limit: 10 })).items).toHaveLength(1);
  });

  test.each<[object, string, string]>([
    [{ name: '' }, 'invalid_value', 'name'],
    [{ name: undefined }, 'missing_required_parameter', 'name'],
    [{ expires_in_seconds: 0 }, 'invalid_value', 'expires_in_seconds'],
    [{ expires_in_seconds: 1.5 }, 'invalid_type', 'expires_in_seconds'],
    [{ scopes: [] }, 'invalid_value', 'scopes'],
    [{ scopes: ['chat.completions:write'] }, 'invalid_value', 'scopes[0]'],
    [{ scopes: ['*'] }, 'invalid_value', 'scopes[0]'],
    [{ ancestors: [] }, 'unsupported_parameter', 'ancestors'],
  ])('refuses %j by name and without effect', async (body, code, param) => {
    const plane = administration();
    const grantor = await plane.newAdmin();
    expect(refusalOf(await create(plane, grantor, body))).toEqual({ status: 400, code, param });
    expect(plane.audit()).toHaveLength(1);
  });

  test('is closed to a tenant’s key, and to an admin key without the scope', async () => {
    const plane = administration();
    const grantor = await plane.newAdmin();
    const scopes = ADMIN_SCOPES.filter((scope) => scope !== 'admin_keys:write');
    for (const principal of [keyPrincipal(), { ...grantor, scopes }]) {
      const refused = await plane.call(`POST ${KEYS}`, { principal, body: { name: 'ci' } });
      expect(refused.status).toBe(403);
    }
  });
});

describe('GET /organization/admin_api_keys', () => {
  test('lists by creation, in both orders, by pages, without a secret', async () => {
    const plane = administration();
    const grantor = await plane.newAdmin();
    const made = [idOf(grantor)];
    for (let count = 0; count < 3; count += 1) {
      plane.advance(1_000);
      made.push((await create(plane, grantor)).body.id);
    }
    const list = async (query: Record<string, string[]> = {}) => {
      const { body } = await plane.call(`GET ${KEYS}`, { query });
      return { ids: body.data.map(({ id }: { id: string }) => id), more: body.has_more, body };
    };
    const all = await list();
    expect(all).toMatchObject({ ids: made, more: false, body: { object: 'list', last_id: made[3] } });
    expect(JSON.stringify(all.body)).not.toMatch(/value":"bpa_test_[0-9A-Za-z]{20}_/);
    expect(await list({ limit: ['3'] })).toMatchObject({ ids: made.slice(0, 3), more: true });
    expect(await list({ after: [made[2] ?? ''] })).toMatchObject({ ids: [made[3]], more: false });
    expect(await list({ order: ['desc'], limit: ['1'] })).toMatchObject({ ids: [made[3]], more: true });
    // The SDK writes `after: null` so.
    expect(await list({ after: [''] })).toMatchObject({ ids: made });
  });

  test('lists more keys than the store gives at once', async () => {
    const plane = administration();
    const grantor = await plane.newAdmin();
    for (let count = 0; count < 105; count += 1) await create(plane, grantor);
    const { body } = await plane.call(`GET ${KEYS}`, { query: { limit: ['100'] } });
    const rest = await plane.call(`GET ${KEYS}`, { query: { after: [body.last_id] } });
    expect([body.data.length, rest.body.data.length, rest.body.has_more]).toEqual([100, 6, false]);
  });

  test.each<[Record<string, string[]>, string, string]>([
    [{ before: ['key_x'] }, 'unsupported_parameter', 'before'],
    [{ order: ['up'] }, 'invalid_value', 'order'],
    [{ limit: ['0'] }, 'invalid_value', 'limit'],
    [{ after: [`key_${'0'.repeat(20)}`] }, 'invalid_value', 'after'],
  ])('refuses %j by name', async (query, code, param) => {
    const { call } = administration();
    expect(refusalOf(await call(`GET ${KEYS}`, { query }))).toEqual({ status: 400, code, param });
  });
});

describe('DELETE /organization/admin_api_keys/{key_id}', () => {
  test('ends a key and all that descend from it, each with its event, and nobody else', async () => {
    const plane = administration();
    const root = await plane.newAdmin();
    const other = await plane.newAdmin();
    const child = await create(plane, root);
    const grandchild = await create(plane, await principalOf(plane, child));
    const sibling = await create(plane, other);
    const events = plane.audit().length;
    const answer = await remove(plane, other, idOf(root));
    expect([answer.status, answer.body]).toEqual([
      200,
      { id: idOf(root), object: 'organization.admin_api_key.deleted', deleted: true },
    ]);
    const because_of = idOf(root);
    expect(plane.audit().slice(events)).toEqual(
      expect.arrayContaining([
        { type: 'tenant.admin_api_key.deleted', subject: { id: idOf(root) } },
        { type: 'tenant.admin_api_key.deleted', subject: { id: child.body.id, because_of } },
        { type: 'tenant.admin_api_key.deleted', subject: { id: grandchild.body.id, because_of } },
      ]),
    );
    expect(plane.audit()).toHaveLength(events + 3);
    expect(await presented(plane, child)).toBeUndefined();
    expect(await presented(plane, grandchild)).toBeUndefined();
    expect(await presented(plane, sibling)).toBeDefined();
    const { body } = await plane.call(`GET ${KEYS}`);
    expect(body.data.map(({ id }: { id: string }) => id).sort()).toEqual(
      [idOf(other), sibling.body.id].sort(),
    );
    expect(refusalOf(await plane.call(`GET ${KEY}`, { path: { key_id: idOf(root) } }))).toEqual(unknown);
  });

  test('may be repeated without a second event', async () => {
    const plane = administration();
    const [root, other] = [await plane.newAdmin(), await plane.newAdmin()];
    const first = await remove(plane, other, idOf(root));
    const events = plane.audit().length;
    expect(await remove(plane, other, idOf(root))).toMatchObject({ status: 200, body: first.body });
    expect(plane.audit()).toHaveLength(events);
  });

  test('ends every descendant at once where it is cut short, and a repeat finishes it', async () => {
    const faults = { left: 0 };
    const plane = administration((store) => ({ commit: failing(store, faults) }));
    const root = await plane.newAdmin();
    const other = await plane.newAdmin();
    const child = await create(plane, root);
    faults.left = 2;
    expect((await remove(plane, other, idOf(root))).status).toBe(503);
    expect(await presented(plane, child)).toBeUndefined();
    expect((await remove(plane, other, idOf(root))).status).toBe(200);
    expect((await plane.tenancy.listAdminKeys({ limit: 10 })).items.map(({ ref }) => ref)).toEqual([
      other.key,
    ]);
  });

  test('lets a key that another made end itself and its descendants, and nobody else', async () => {
    const plane = administration();
    const root = await plane.newAdmin();
    const caller = await principalOf(plane, await create(plane, root));
    const descendant = await create(plane, caller);
    const sibling = await create(plane, root);
    const cousin = await create(plane, await principalOf(plane, sibling));
    const stranger = await plane.newAdmin();
    const before = await plane.tenancy.listAdminKeys({ limit: 10 });
    for (const id of [idOf(root), sibling.body.id, cousin.body.id, idOf(stranger)]) {
      const refused = await remove(plane, caller, id);
      expect(refusalOf(refused)).toEqual({ status: 403, code: 'insufficient_scope', param: null });
      expect(refused.body.error.message).toContain('revokes only itself');
    }
    expect(await plane.tenancy.listAdminKeys({ limit: 10 })).toEqual(before);
    expect((await remove(plane, caller, descendant.body.id)).status).toBe(200);
    expect((await remove(plane, caller, idOf(caller))).status).toBe(200);
    const left = [idOf(root), sibling.body.id, cousin.body.id, idOf(stranger)].sort();
    const { body } = await plane.call(`GET ${KEYS}`);
    expect(body.data.map(({ id }: { id: string }) => id).sort()).toEqual(left);
  });

  test('leaves expired keys to their end: neither listed nor ended a second time', async () => {
    const plane = administration();
    const root = await plane.newAdmin();
    const brief = await create(plane, root, { expires_in_seconds: 60 });
    const lasting = await create(plane, root, { expires_in_seconds: 3600 });
    const listed = async () =>
      (await plane.call(`GET ${KEYS}`)).body.data.map(({ id }: { id: string }) => id).sort();
    plane.advance(59_999);
    expect(await listed()).toContain(brief.body.id);
    plane.advance(1);
    expect(await listed()).toEqual([idOf(root), lasting.body.id].sort());
    const events = plane.audit().length;
    expect((await remove(plane, root, idOf(root))).status).toBe(200);
    expect(plane.audit().slice(events)).toEqual([
      { type: 'tenant.admin_api_key.deleted', subject: { id: idOf(root) } },
      {
        type: 'tenant.admin_api_key.deleted',
        subject: { id: lasting.body.id, because_of: idOf(root) },
      },
    ]);
  });

  test('finds no other: unknown, malformed or a tenant’s', async () => {
    const plane = administration();
    for (const key_id of [`key_${'0'.repeat(20)}`, `key_${'a'.repeat(20)}`, 'key_x', '']) {
      for (const method of ['GET', 'DELETE']) {
        expect(refusalOf(await plane.call(`${method} ${KEY}`, { path: { key_id } }))).toEqual(unknown);
      }
    }
    expect(plane.audit()).toEqual([]);
  });
});

/** A store whose commit fails when `left` commits have been counted down to the last. */
const failing =
  (store: TenancyStore, faults: { left: number }): TenancyStore['commit'] =>
  async (change): Promise<CommitResult> => {
    faults.left -= 1;
    if (faults.left === 0) throw new GatewayError('service_unavailable', 'The store is away.');
    return store.commit(change);
  };
