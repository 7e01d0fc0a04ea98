import { randomBytes } from 'node:crypto';
import { compactDecrypt, exportJWK, generateKeyPair } from 'jose';
import { DAY_MS } from '../../../shared/domain/tenancy.ts';
import { refusalOf } from '../../support/administration-fixture.ts';
import { type KeyWorld, keyWorld, projectWithKey, tokenOf } from '../../support/key-world.ts';

const KEY = '/organization/projects/{project_id}/api_keys/{api_key_id}';
const newWorld = () => keyWorld({ random: randomBytes });
const pathOf = (of: { readonly project: string; readonly key: string }) => ({
  project_id: of.project,
  api_key_id: of.key,
});
const retrieve = async (world: KeyWorld, of: { readonly project: string; readonly key: string }) =>
  (await world.call(`GET ${KEY}`, { path: pathOf(of) })).body;
const iso = (ms: number) => Math.floor(ms / 1000);

describe('rotating a key on demand', () => {
  test('makes a successor with everything but the secret; both work, the predecessor for 14 days more', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, { scopes: ['chat.completions:write'], models: ['amazon.*'] });
    const rotated = await world.call(`POST ${KEY}/rotate`, { path: pathOf(made) });
    expect(rotated).toMatchObject({
      status: 200,
      headers: { 'cache-control': 'no-store' },
      body: {
        object: 'organization.project.service_account.api_key',
        value: expect.stringMatching(/^bpk_test_/),
        scopes: ['chat.completions:write'],
        models: ['amazon.*'],
        expires_at: iso(world.nowMs() + 90 * DAY_MS),
        predecessor: { id: made.key, expires_at: iso(world.nowMs() + 14 * DAY_MS) },
      },
    });
    expect(await world.use(made.value)).toMatchObject({ kind: 'key', endsAtMs: world.nowMs() + 14 * DAY_MS });
    expect(await world.use(rotated.body.value)).not.toHaveProperty('endsAtMs');
    expect(await retrieve(world, made)).toMatchObject({ successor: rotated.body.id });
    world.advance(14 * DAY_MS);
    expect(await world.use(made.value)).toBeUndefined();
    expect(await world.use(rotated.body.value)).toBeDefined();
  });

  test('never lets a predecessor live longer than it would have', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, { expires_in_seconds: 3600 });
    const rotated = await world.call(`POST ${KEY}/rotate`, { path: pathOf(made) });
    expect(rotated.body).toMatchObject({
      expires_at: iso(world.nowMs()) + 3600,
      predecessor: { expires_at: iso(world.nowMs()) + 3600 },
    });
  });

  test('refuses a second successor, and names the first, until that one is revoked', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    const first = await world.call(`POST ${KEY}/rotate`, { path: pathOf(made) });
    const second = await world.call(`POST ${KEY}/rotate`, { path: pathOf(made) });
    expect(refusalOf(second)).toEqual({ status: 409, code: 'conflict', param: null });
    expect(second.body.error.message).toContain(first.body.id);
    await world.call(`DELETE ${KEY}`, { path: { ...pathOf(made), api_key_id: first.body.id } });
    expect((await world.call(`POST ${KEY}/rotate`, { path: pathOf(made) })).status).toBe(200);
  });

  test('answers a repeated Idempotency-Key with the id of the successor and never its text', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    const once = { path: pathOf(made), headers: { 'Idempotency-Key': 'a1' } };
    const first = await world.call(`POST ${KEY}/rotate`, once);
    const again = await world.call(`POST ${KEY}/rotate`, once);
    expect(refusalOf(again)).toEqual({ status: 409, code: 'conflict', param: null });
    expect(again.headers['x-should-retry']).toBe('false');
    expect(again.body.error.message).toContain(first.body.id);
    expect(JSON.stringify(again.body)).not.toContain('bpk_');
  });

  test('of two at once makes one successor', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    const both = await Promise.all(
      [1, 2].map(() => world.call(`POST ${KEY}/rotate`, { path: pathOf(made) })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  test('refuses an expired key, an unknown one and one of another project alike where it can', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    const other = await projectWithKey(world);
    const foreign = await world.call(`POST ${KEY}/rotate`, {
      path: { ...pathOf(made), api_key_id: other.key },
    });
    expect(refusalOf(foreign)).toEqual({ status: 404, code: 'not_found', param: null });
    world.advance(90 * DAY_MS);
    const expired = await world.call(`POST ${KEY}/rotate`, { path: pathOf(made) });
    expect(refusalOf(expired)).toEqual({ status: 409, code: 'conflict', param: null });
  });
});

describe('the deliveries of a key', () => {
  test.each(['RSA-OAEP-256', 'ECDH-ES'])(
    'seal it to a public JWK with %s, so that only its holder reads it',
    async (alg) => {
      const world = newWorld();
      const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
      const jwk = { ...(await exportJWK(publicKey)), use: 'enc', kid: 'vault-1' };
      const made = await projectWithKey(world, { delivery: { method: 'jwe', jwk } });
      expect(made.value).toBeNull();
      const rotated = await world.call(`POST ${KEY}/rotate`, {
        path: pathOf(made),
        body: { delivery: { method: 'jwe', jwk } },
      });
      expect(rotated.body).toMatchObject({ value: null, delivery: { method: 'jwe' } });
      const { plaintext, protectedHeader } = await compactDecrypt(rotated.body.delivery.jwe, privateKey);
      expect(protectedHeader).toEqual({
        alg,
        enc: 'A256GCM',
        kid: 'vault-1',
        ...(alg === 'ECDH-ES' && { epk: expect.anything() }),
      });
      expect(await world.use(new TextDecoder().decode(plaintext))).toBeDefined();
      const again = await retrieve(world, { project: made.project, key: rotated.body.id });
      expect(again.delivery).toEqual({ method: 'jwe', jwe: rotated.body.delivery.jwe });
      world.advance(14 * DAY_MS);
      expect((await retrieve(world, { project: made.project, key: rotated.body.id })).delivery).toBeNull();
    },
  );

  test('refuse a JWK that is private, too weak, for signatures or no key', async () => {
    const world = newWorld();
    const { publicKey, privateKey } = await generateKeyPair('RSA-OAEP-256', { extractable: true });
    const publicJwk = await exportJWK(publicKey);
    const weak = { kty: 'RSA', e: 'AQAB', n: (publicJwk.n ?? '').slice(0, 171) };
    const jwks = [
      await exportJWK(privateKey),
      weak,
      { ...publicJwk, use: 'sig' },
      { ...publicJwk, alg: 'RSA1_5' },
      { kty: 'oct', k: 'c2VjcmV0' },
      { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA' },
      { kty: 'EC', crv: 'secp256k1', x: 'AAAA', y: 'AAAA' },
      {},
    ];
    const { body: project } = await world.call('POST /organization/projects', { body: { name: 'sealed' } });
    for (const jwk of jwks) {
      const refused = await world.call('POST /organization/projects/{project_id}/service_accounts', {
        path: { project_id: project.id },
        body: { name: 'worker', delivery: { method: 'jwe', jwk } },
      });
      expect(refusalOf(refused)).toEqual({ status: 400, code: 'invalid_value', param: 'delivery.jwk' });
    }
  });

  test('write it to the account’s secret, where the workload reads it, and move on with each rotation', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, { delivery: { method: 'secrets_manager' } });
    const [, tenant = '', account = ''] = /^svc_(.{10})(.{6})$/.exec(made.account) ?? [];
    const read = () => world.vault.currentValue({ tenant: tenant as never, account: account as never }) ?? '';
    expect(made.value).toBeNull();
    expect(await world.use(read())).toBeDefined();
    const rotated = await world.call(`POST ${KEY}/rotate`, {
      path: pathOf(made),
      body: { delivery: { method: 'secrets_manager' } },
    });
    expect(rotated.body.delivery).toEqual({
      method: 'secrets_manager',
      secret_arn: expect.any(String),
      version_id: expect.stringMatching(/^rotation-/),
    });
    expect(await world.use(read())).toMatchObject({ key: rotated.body.id.slice(-10) });
    expect(world.bus.published.map(({ type }) => type)).toEqual(['key.issued', 'key.rotated']);
    expect(JSON.stringify(world.bus.published)).not.toContain(read());
  });

  test('wait to be claimed by a link that works again until the first use, and then is gone', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, { delivery: { method: 'claim' } });
    const [waiting] = (
      await world.call('GET /organization/projects/{project_id}/api_keys', {
        path: { project_id: made.project },
      })
    ).body.data;
    expect(waiting).toMatchObject({
      status: 'pending',
      claim: { expires_at: iso(world.nowMs() + DAY_MS), claimed_at: null },
    });
    const link = await world.call(`POST ${KEY}/claim_link`, { path: pathOf(made) });
    const token = tokenOf(link.body.delivery.claim_url);
    const first = await world.claim(token);
    const lost = await world.claim(token);
    expect([first.status, lost.status]).toEqual([200, 200]);
    expect(await world.use(first.body.value)).toBeUndefined();
    expect(await world.use(lost.body.value)).toBeDefined();
    expect(refusalOf(await world.claim(token))).toEqual({ status: 410, code: 'gone', param: null });
    expect(await world.use(lost.body.value)).toBeDefined();
  });

  test('end a link by the next one that is shown, and every other by the first claim', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, { delivery: { method: 'claim' } });
    const link = async () =>
      tokenOf((await world.call(`POST ${KEY}/claim_link`, { path: pathOf(made) })).body.delivery.claim_url);
    const [first, second] = [await link(), await link()];
    expect((await world.claim(first)).status).toBe(404);
    const claimed = await world.claim(second);
    expect(claimed.status).toBe(200);
    expect(await world.use(claimed.body.value)).toBeDefined();
  });

  test('go the way of the first key when it is renewed, unless told otherwise', async () => {
    const world = newWorld();
    const { publicKey } = await generateKeyPair('ECDH-ES', { extractable: true });
    const jwk = await exportJWK(publicKey);
    const methods = [
      { method: 'secrets_manager' },
      { method: 'jwe', jwk },
      { method: 'claim' },
      { method: 'response' },
    ];
    const renewedBy: string[] = [];
    for (const delivery of methods) {
      const made = await projectWithKey(world, { delivery });
      renewedBy.push((await retrieve(world, made)).rotation.delivery.method);
    }
    expect(renewedBy).toEqual(['secrets_manager', 'jwe', 'claim', 'claim']);
  });

  test('give one secret where a first use races a repeated claim, whichever comes first', async () => {
    const outcomes = new Set<string>();
    for (const turns of [0, 1, 2, 3, 4, 6, 8, 10, 15, 20]) {
      const world = newWorld();
      const made = await projectWithKey(world, { delivery: { method: 'claim' } });
      const link = await world.call(`POST ${KEY}/claim_link`, { path: pathOf(made) });
      const token = tokenOf(link.body.delivery.claim_url);
      const { value } = (await world.claim(token)).body;
      const repeating = world.claim(token);
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      const [repeated] = await Promise.all([repeating, world.use(value)]);
      const [first, second] = [await world.use(value), await world.use(repeated.body.value ?? value)];
      outcomes.add(`${repeated.status} ${first !== undefined}`);
      expect(second).toBeDefined();
    }
    // The repeat replaced a secret that nobody had used, or was refused and the used one works on.
    expect(outcomes).toEqual(new Set(['200 false', '410 true']));
  });

  test('end the right to repeat a claim ten minutes after the first', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, { delivery: { method: 'claim' } });
    const link = await world.call(`POST ${KEY}/claim_link`, { path: pathOf(made) });
    const token = tokenOf(link.body.delivery.claim_url);
    await world.claim(token);
    world.advance(10 * 60_000 - 1);
    expect((await world.claim(token)).status).toBe(200);
    world.advance(1);
    expect((await world.claim(token)).status).toBe(410);
  });

  test('know no link but the right one: a wrong, foreign, malformed or API key’s token gets one 404', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, { delivery: { method: 'claim' } });
    const other = await projectWithKey(world);
    const link = await world.call(`POST ${KEY}/claim_link`, { path: pathOf(made) });
    const token = tokenOf(link.body.delivery.claim_url);
    const answers = await Promise.all(
      [`${token.slice(0, -1)}x`, 'nonsense', '', other.value, token.replace('bpc_', 'bpk_')].map((text) =>
        world.claim(text),
      ),
    );
    expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1);
    expect(answers[0]?.status).toBe(404);
  });

  test('keep the link of a key that was not claimed for 24 hours', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, { delivery: { method: 'claim' } });
    const link = await world.call(`POST ${KEY}/claim_link`, { path: pathOf(made) });
    world.advance(DAY_MS);
    expect((await world.claim(tokenOf(link.body.delivery.claim_url))).status).toBe(410);
  });
});

describe('a workload that renews its own key', () => {
  const scopes = ['chat.completions:write', 'keys:rotate'];

  test('gets a successor, and the same one with a new secret where the answer was lost', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, { scopes });
    const renew = () => world.callWith(made.value, { route: 'POST /api_keys/self/rotate' });
    const [first, again] = [await renew(), await renew()];
    expect([first.status, again.status, again.body.id]).toEqual([200, 200, first.body.id]);
    expect(await world.use(first.body.value)).toBeUndefined();
    expect(await world.use(again.body.value)).toBeDefined();
    expect(refusalOf(await renew())).toEqual({ status: 409, code: 'conflict', param: null });
    expect(again.body.predecessor).toEqual({ id: made.key, expires_at: iso(world.nowMs() + 14 * DAY_MS) });
  });

  test('is told to wait while the key that it was renewed from still works, so that a thief makes no line of keys', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, { scopes });
    const first = await world.callWith(made.value, { route: 'POST /api_keys/self/rotate' });
    const renew = () => world.callWith(first.body.value, { route: 'POST /api_keys/self/rotate' });
    expect(refusalOf(await renew())).toEqual({ status: 409, code: 'conflict', param: null });
    world.advance(14 * DAY_MS);
    expect((await renew()).status).toBe(200);
  });

  test('gets one successor where it asks twice at once', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, { scopes });
    const both = await Promise.all(
      [1, 2].map(() => world.callWith(made.value, { route: 'POST /api_keys/self/rotate' })),
    );
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect(new Set(both.map(({ body }) => body.id)).size).toBe(1);
    const works = await Promise.all(both.map(({ body }) => world.use(body.value)));
    expect(works.filter((principal) => principal !== undefined)).toHaveLength(1);
  });

  test('gets what it asks for or is told that it cannot have it, also of a successor that waits', async () => {
    const world = newWorld();
    const { publicKey, privateKey } = await generateKeyPair('ECDH-ES', { extractable: true });
    const jwk = await exportJWK(publicKey);
    const made = await projectWithKey(world, { scopes });
    world.advance(76 * DAY_MS);
    await world.sweep();
    const renew = (delivery: object) =>
      world.callWith(made.value, { route: 'POST /api_keys/self/rotate', body: { delivery } });
    expect(refusalOf(await renew({ method: 'secrets_manager' }))).toEqual({
      status: 409,
      code: 'conflict',
      param: null,
    });
    const sealed = await renew({ method: 'jwe', jwk });
    expect(sealed.body.value).toBeNull();
    const { plaintext } = await compactDecrypt(sealed.body.delivery.jwe, privateKey);
    expect(await world.use(new TextDecoder().decode(plaintext))).toBeDefined();
  });

  test('does not take a key away from whoever claimed it by a link', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, { scopes });
    const rotated = await world.call(`POST ${KEY}/rotate`, {
      path: pathOf(made),
      body: { delivery: { method: 'claim' } },
    });
    const claimed = await world.claim(tokenOf(rotated.body.delivery.claim_url));
    const renewed = await world.callWith(made.value, { route: 'POST /api_keys/self/rotate' });
    expect(refusalOf(renewed)).toEqual({ status: 409, code: 'conflict', param: null });
    expect(await world.use(claimed.body.value)).toBeDefined();
  });

  test('needs the scope for it', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    expect((await world.callWith(made.value, { route: 'POST /api_keys/self/rotate' })).status).toBe(401);
  });
});

describe('a key that is delivered', () => {
  test('by a link on demand is told of without another link', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    await world.call(`POST ${KEY}/rotate`, { path: pathOf(made), body: { delivery: { method: 'claim' } } });
    expect(world.bus.published.map(({ type, detail }) => [type, detail['claim_url']])).toEqual([
      ['key.rotated', undefined],
    ]);
  });

  test('to Secrets Manager has a secret of its own line: another key of the account changes nothing in it', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, { delivery: { method: 'secrets_manager' } });
    const path = { project_id: made.project, service_account_id: made.account };
    const issue = await world.call(
      'POST /organization/projects/{project_id}/service_accounts/{service_account_id}/api_keys',
      {
        path,
        body: { delivery: { method: 'secrets_manager' }, scopes: ['models:read'], expires_in_seconds: 60 },
      },
    );
    const [, tenant = '', account = ''] = /^svc_(.{10})(.{6})$/.exec(made.account) ?? [];
    const value = world.vault.currentValue({ tenant: tenant as never, account: account as never }) ?? '';
    expect(issue.body.delivery.secret_arn).not.toContain(made.key.slice(-10));
    expect(await world.use(value)).toMatchObject({ key: made.key.slice(-10) });
  });

  test('nowhere, because its project is archived, leaves nothing in Secrets Manager either', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    await world.call('POST /organization/projects/{project_id}/archive', { path: pathOf(made) });
    const path = { ...pathOf(made), service_account_id: made.account };
    const refused = await world.call(
      'POST /organization/projects/{project_id}/service_accounts/{service_account_id}/api_keys',
      {
        path,
        body: { delivery: { method: 'secrets_manager' } },
      },
    );
    const rotated = await world.call(`POST ${KEY}/rotate`, {
      path,
      body: { delivery: { method: 'secrets_manager' } },
    });
    expect([refusalOf(refused).status, refusalOf(rotated).status]).toEqual([409, 409]);
    const [, tenant = '', account = ''] = /^svc_(.{10})(.{6})$/.exec(made.account) ?? [];
    expect(world.vault.currentValue({ tenant: tenant as never, account: account as never })).toBeUndefined();
  });
});

describe('revoking a key', () => {
  test('stops the rotation that waits to be claimed', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    const rotated = await world.call(`POST ${KEY}/rotate`, {
      path: pathOf(made),
      body: { delivery: { method: 'claim' } },
    });
    await world.call(`DELETE ${KEY}`, { path: pathOf(made) });
    expect((await world.claim(tokenOf(rotated.body.delivery.claim_url))).status).toBe(410);
  });

  test('leaves a successor that works, unless the revocation cascades', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    const rotated = await world.call(`POST ${KEY}/rotate`, { path: pathOf(made) });
    await world.call(`DELETE ${KEY}`, { path: pathOf(made) });
    expect([await world.use(made.value), await world.use(rotated.body.value)]).toEqual([
      undefined,
      expect.anything(),
    ]);
    await world.call(`DELETE ${KEY}`, { path: pathOf(made), query: { cascade: ['true'] } });
    expect(await world.use(rotated.body.value)).toBeUndefined();
  });
});

describe('a cascading revocation', () => {
  const scopes = ['chat.completions:write', 'keys:rotate'];
  const cascade = { query: { cascade: ['true'] } };

  test('reaches every descendant, however long the line', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, { scopes });
    const values = [made.value];
    let last = made.key;
    for (let index = 0; index < 45; index += 1) {
      const rotated = await world.call(`POST ${KEY}/rotate`, { path: { ...pathOf(made), api_key_id: last } });
      values.push(rotated.body.value);
      last = rotated.body.id;
    }
    await world.call(`DELETE ${KEY}`, { path: pathOf(made), ...cascade });
    expect(await Promise.all(values.map((value) => world.use(value)))).toEqual(values.map(() => undefined));
  });

  test('reaches what descends from a key that was revoked before', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    const rotate = async (key: string) =>
      (await world.call(`POST ${KEY}/rotate`, { path: { ...pathOf(made), api_key_id: key } })).body;
    const second = await rotate(made.key);
    const third = await rotate(second.id);
    await world.call(`DELETE ${KEY}`, { path: { ...pathOf(made), api_key_id: second.id } });
    const other = await rotate(made.key);
    await world.call(`DELETE ${KEY}`, { path: pathOf(made), ...cascade });
    expect(await world.use(third.value)).toBeUndefined();
    expect(await world.use(other.value)).toBeUndefined();
  });
});

describe('the hourly sweep of keys', () => {
  const DUE_MS = 76 * DAY_MS;

  test.each([
    [DUE_MS - 1, 0],
    [DUE_MS, 1],
    [DUE_MS + 1, 1],
    [DUE_MS + 3 * DAY_MS, 1],
    [90 * DAY_MS - 1, 1],
    [90 * DAY_MS, 0],
  ])('at %i ms of a key’s life makes %i successors', async (age, rotated) => {
    const world = newWorld();
    const made = await projectWithKey(world);
    const bornMs = world.nowMs();
    world.goTo(bornMs + age);
    expect((await world.sweep()).rotated).toBe(rotated);
    expect((await world.sweep()).rotated).toBe(0);
    const { data } = (
      await world.call('GET /organization/projects/{project_id}/api_keys', {
        path: { project_id: made.project },
      })
    ).body;
    expect(data).toHaveLength(1 + rotated);
    expect(data.find(({ id }: { id: string }) => id === made.key).expires_at).toBe(iso(bornMs + 90 * DAY_MS));
  });

  test('run twice at once makes one successor, one message and one audit event', async () => {
    const world = newWorld();
    await projectWithKey(world);
    world.advance(DUE_MS);
    await Promise.all([world.sweep(), world.sweep(), world.sweep()]);
    const events = [...world.chains.values()].flat().map(({ canonical }) => JSON.parse(canonical).type);
    expect(events.filter((type) => type === 'api_key.rotated')).toHaveLength(1);
    expect(new Set(world.bus.published.map(({ id }) => id)).size).toBe(1);
  });

  test('tells the claim link, and reminds at 14, 7 and 1 days with a link that works', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    for (const day of [76, 80, 83, 85, 89]) {
      world.goTo(Date.UTC(2026, 10, 20, 12) + day * DAY_MS);
      await world.sweep();
      await world.sweep();
    }
    expect(world.bus.published.map(({ type, detail }) => [type, detail['days_left']])).toEqual([
      ['key.claim_pending', undefined],
      ['key.expiring', 7],
      ['key.expiring', 1],
    ]);
    const links = world.bus.published.map(({ detail }) => tokenOf(String(detail['claim_url'])));
    const claimed = await world.claim(links[2] ?? '');
    expect(claimed.status).toBe(200);
    expect(await world.use(claimed.body.value)).toBeDefined();
    expect(await retrieve(world, made)).toMatchObject({ successor: claimed.body.id });
  });

  test('makes another successor where the first was revoked, so that nobody is locked out', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    world.advance(DUE_MS);
    await world.sweep();
    const { successor } = await retrieve(world, made);
    await world.call(`DELETE ${KEY}`, { path: { ...pathOf(made), api_key_id: successor } });
    expect(await world.sweep()).toMatchObject({ rotated: 1 });
    expect((await retrieve(world, made)).successor).not.toBe(successor);
  });

  test('gives a successor no more life than an administrator left its predecessor', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, { scopes: ['keys:rotate', 'chat.completions:write'] });
    await world.call(`POST ${KEY}`, { path: pathOf(made), body: { expires_in_seconds: 7200 } });
    expect(await world.sweep()).toMatchObject({ rotated: 0 });
    const renewed = await world.callWith(made.value, { route: 'POST /api_keys/self/rotate' });
    expect(renewed.body.expires_at).toBe(iso(world.nowMs()) + 7200);
  });

  test('keeps the overlap that a key asks for, and refuses one that would renew it for ever', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, { rotation: { overlap_seconds: 7 * 86_400 } });
    world.advance(83 * DAY_MS - 1);
    expect((await world.sweep()).rotated).toBe(0);
    world.advance(1);
    expect((await world.sweep()).rotated).toBe(1);
    const long = await world.call('POST /organization/projects/{project_id}/service_accounts', {
      path: pathOf(made),
      body: { name: 'long', expires_in_seconds: 30 * 86_400, rotation: { overlap_seconds: 20 * 86_400 } },
    });
    expect(refusalOf(long)).toEqual({
      status: 400,
      code: 'invalid_value',
      param: 'rotation.overlap_seconds',
    });
  });

  test('tells one link a message, however often it is tried, and kills none that was shown', async () => {
    const bus = { isDown: true };
    const world = keyWorld({
      random: randomBytes,
      over: (ports) => ({
        ...ports,
        events: {
          publish: async (event) => {
            if (bus.isDown) throw new Error('down');
            await ports.events.publish(event);
          },
        },
      }),
    });
    const made = await projectWithKey(world);
    world.advance(DUE_MS);
    await world.sweep();
    const { successor } = await retrieve(world, made);
    const shown = await world.call(`POST ${KEY}/claim_link`, {
      path: { ...pathOf(made), api_key_id: successor },
    });
    for (let hour = 0; hour < 6; hour += 1) await world.sweep();
    bus.isDown = false;
    await world.sweep();
    const told = tokenOf(String(world.bus.published[0]?.detail['claim_url']));
    expect((await world.claim(told)).status).toBe(200);
    expect((await world.claim(tokenOf(shown.body.delivery.claim_url))).status).toBe(404);
  });

  test('does not remind of the end of a key that was made for a day', async () => {
    const world = newWorld();
    await projectWithKey(world, { expires_in_seconds: 86_400 });
    world.advance(DAY_MS / 2);
    expect(await world.sweep()).toMatchObject({ reminded: 0 });
  });

  test('reminds of a key that does not rotate at 14, 7 and 1 days', async () => {
    const world = newWorld();
    await projectWithKey(world, { rotation: { automatic: false } });
    const bornMs = world.nowMs();
    for (const day of [75.999, 76, 82.999, 83, 88.999, 89, 89.5]) {
      world.goTo(bornMs + day * DAY_MS);
      await world.sweep();
    }
    expect(world.bus.published.map(({ detail }) => detail['days_left'])).toEqual([14, 7, 1]);
  });

  test('gives keys of secrets_manager to their workloads without anybody’s help, for years', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, {
      delivery: { method: 'secrets_manager' },
      rotation: { delivery: { method: 'secrets_manager' } },
    });
    const [, tenant = '', account = ''] = /^svc_(.{10})(.{6})$/.exec(made.account) ?? [];
    for (let day = 0; day < 500; day += 1) {
      world.advance(DAY_MS);
      await world.sweep();
      const value = world.vault.currentValue({ tenant: tenant as never, account: account as never });
      expect(await world.use(value ?? '')).toBeDefined();
    }
  });

  test('tells once of a key that is overdue for a day, and raises the alarm every hour until it is renewed', async () => {
    let isDown = true;
    const world = keyWorld({
      random: randomBytes,
      over: (ports) => ({
        ...ports,
        vault: {
          ...ports.vault,
          putPending: (version, value) =>
            isDown ? Promise.reject(new Error('down')) : ports.vault.putPending(version, value),
        },
      }),
    });
    const made = await projectWithKey(world, { rotation: { delivery: { method: 'secrets_manager' } } });
    const alarms = () => world.log.events.filter(({ event }) => event === 'rotation-overdue');
    world.advance(DUE_MS + DAY_MS - 1);
    expect([(await world.sweep()).failed, alarms()]).toEqual([1, []]);
    world.advance(1);
    for (let hour = 0; hour < 2; hour += 1) await world.sweep();
    const alarm = { level: 'error', event: 'rotation-overdue', tenant: expect.anything(), key: made.key };
    expect(alarms()).toEqual([alarm, alarm]);
    isDown = false;
    expect(await world.sweep()).toMatchObject({ rotated: 1, failed: 0 });
    expect(alarms()).toHaveLength(2);
    const told = world.bus.published.filter(({ type }) => type === 'key.rotation_overdue');
    expect(told.map(({ detail }) => detail['key_id'])).toEqual([made.key]);
  });

  test('leaves keys of archived projects and deleted accounts to end', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    await world.call('DELETE /organization/projects/{project_id}/service_accounts/{service_account_id}', {
      path: { project_id: made.project, service_account_id: made.account },
    });
    world.advance(DUE_MS);
    expect(await world.sweep()).toMatchObject({ rotated: 0, reminded: 0, failed: 0 });
  });
});
