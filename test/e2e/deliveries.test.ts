/** How keys reach their workloads and are renewed, over the whole stack: by the official client, and by plain calls for what its API has nothing of. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { compactDecrypt, exportJWK, generateKeyPair } from 'jose';
import type OpenAI from 'openai';
import { apiRefusalOf } from '../support/api-refusal.ts';
import { sdkAccess } from '../support/aws-emulator.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
let projects: OpenAI['admin']['organization']['projects'];
let secrets: SecretsManagerClient;
beforeAll(async () => {
  stack = await startTestStack();
  projects = stack.admin.projects;
  secrets = new SecretsManagerClient(sdkAccess(stack.stack.endpoints.secretsManager));
}, 180_000);
afterAll(async () => {
  secrets?.destroy();
  await stack?.close();
});

const DAY = 86_400;
const gone = { status: 410, code: 'gone' };
const notFound = { status: 404, code: 'not_found' };

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the test stack holds each body to its schema.
  readonly body: any;
}

/** A plain call, by an administrator unless a key is given; without one where it is empty. */
async function post(
  path: string,
  of: { readonly body?: object; readonly key?: string } = {},
): Promise<Answer> {
  const { body, key = stack.adminKey } = of;
  const response = await stack.fetch(stack.baseUrl + path, {
    method: 'POST',
    headers: {
      ...(key !== '' && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const answer = JSON.parse(await response.text());
  return { status: response.status, code: answer.error?.code, headers: response.headers, body: answer };
}

const keyPath = (key: string) => `/organization/projects/${stack.projectId}/api_keys/${key}`;
const rotate = (key: string, body: object = {}) => post(`${keyPath(key)}/rotate`, { body });
const claim = (token: string) => post('/api_keys/claim', { body: { token }, key: '' });
const refusal = ({ status, code }: Answer) => ({ status, code });

/** An account whose first key is delivered so. */
async function deliver(of: object) {
  const order = { name: 'worker', ...of };
  const { id, api_key } = await projects.serviceAccounts.create(stack.projectId, order);
  if (api_key === null) throw new Error('The account came without a key.');
  const { delivery } = api_key as unknown as { readonly delivery: Readonly<Record<string, string>> };
  return { account: id, key: api_key.id, value: api_key.value, delivery };
}

/** What models.list answers to a key. */
async function use(key: string) {
  const response = await stack.fetch(`${stack.baseUrl}/models`, {
    headers: { authorization: `Bearer ${key}` },
  });
  await response.body?.cancel();
  return { status: response.status, endsAt: response.headers.get('x-api-key-expires-at') };
}

const works = { status: 200, endsAt: null };
const retrieve = (key: string) => projects.apiKeys.retrieve(key, { project_id: stack.projectId });
const iso = (seconds: number) => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
const tokenOf = (url: string | undefined) => url?.split('#')[1] ?? '';

/** What was published about a key. */
const eventsOf = (key: string) =>
  (stack.stack.eventBridge?.events() ?? [])
    .filter(({ detail }) => detail['key_id'] === key)
    .map(({ source, detail, 'detail-type': type }) => ({ source, type, detail }));

describe('a key is delivered', () => {
  test('in the answer, which nothing on the way may keep', async () => {
    const answer = await post(`/organization/projects/${stack.projectId}/service_accounts`, {
      body: { name: 'worker' },
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body.api_key.delivery).toEqual({ method: 'response' });
    expect(await use(answer.body.api_key.value)).toEqual(works);
  });

  test.each(['RSA-OAEP-256', 'ECDH-ES'])('sealed to a public key, by %s', async (algorithm) => {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
    const jwk = await exportJWK(publicKey);
    const sealed = await deliver({ delivery: { method: 'jwe', jwk } });
    expect(sealed.value).toBeNull();
    const { plaintext, protectedHeader } = await compactDecrypt(sealed.delivery['jwe'] ?? '', privateKey);
    expect(protectedHeader).toMatchObject({ alg: algorithm, enc: 'A256GCM' });
    expect(await use(new TextDecoder().decode(plaintext))).toEqual(works);
    const refused = deliver({ delivery: { method: 'jwe', jwk: await exportJWK(privateKey) } });
    expect(await apiRefusalOf(refused)).toEqual({
      status: 400,
      code: 'invalid_value',
      param: 'delivery.jwk',
    });
  });

  test('into Secrets Manager, where its workload reads it, and nowhere else', async () => {
    const stored = await deliver({ delivery: { method: 'secrets_manager' } });
    expect(stored.value).toBeNull();
    const read = async () =>
      (await secrets.send(new GetSecretValueCommand({ SecretId: stored.delivery['secret_arn'] })))
        .SecretString ?? '';
    const first = await read();
    expect(await use(first)).toEqual(works);
    expect(eventsOf(stored.key)).toEqual([
      {
        source: 'bedrock-proxy',
        type: 'key.issued',
        detail: expect.objectContaining({ service_account_id: stored.account, key_id: stored.key }),
      },
    ]);
    const rotated = await rotate(stored.key, { delivery: { method: 'secrets_manager' } });
    expect(rotated.body.delivery.secret_arn).toBe(stored.delivery['secret_arn']);
    const second = await read();
    expect(second).not.toBe(first);
    expect([(await use(first)).status, await use(second)]).toEqual([200, works]);
    expect(eventsOf(rotated.body.id)).toMatchObject([
      { type: 'key.rotated', detail: { predecessor: stored.key, delivery: 'secrets_manager' } },
    ]);
    const told = JSON.stringify(stack.stack.eventBridge?.events());
    for (const secret of [first, second]) expect(told).not.toContain(secret.slice(30, 60));
  });

  test('behind a link, which works again until the key’s first use, and then is gone', async () => {
    const waiting = await deliver({ delivery: { method: 'claim' } });
    expect(waiting.value).toBeNull();
    const { claim_url = '' } = waiting.delivery;
    expect(claim_url.startsWith(`${stack.baseUrl}/api_keys/claim#`)).toBe(true);
    expect(await retrieve(waiting.key)).toMatchObject({ status: 'pending', claim: { claimed_at: null } });
    expect(refusal(await rotate(waiting.key))).toEqual({ status: 409, code: 'conflict' });
    const another = await post(`${keyPath(waiting.key)}/claim_link`);
    const token = tokenOf(another.body.delivery.claim_url);
    expect((await claim(tokenOf(claim_url))).status).toBe(404);
    const lost = await claim(token);
    const second = await claim(token);
    expect([lost.status, second.status]).toEqual([200, 200]);
    expect(second.headers.get('cache-control')).toBe('no-store');
    expect(second.body).toMatchObject({ id: waiting.key, delivery: { method: 'response' } });
    expect((await use(lost.body.value)).status).toBe(401);
    expect(await use(second.body.value)).toEqual(works);
    expect(refusal(await claim(token))).toEqual(gone);
    expect(await use(second.body.value)).toEqual(works);
    expect(refusal(await post(`${keyPath(waiting.key)}/claim_link`))).toEqual({
      status: 409,
      code: 'conflict',
    });
  });

  test('to nobody whose token is not right, and nobody learns why', async () => {
    const { key, value, delivery } = await deliver({ delivery: { method: 'claim' } });
    const token = tokenOf(delivery['claim_url']);
    const wrong = token.slice(0, 40) + (token.charAt(40) === 'A' ? 'B' : 'A') + token.slice(41);
    const foreign = tokenOf((await deliver({ delivery: { method: 'claim' } })).delivery['claim_url']);
    const answers = [wrong, token.slice(0, -1), '', 'nonsense', stack.apiKey, key].map(claim);
    for (const answer of await Promise.all(answers)) {
      expect([refusal(answer), answer.body]).toEqual([
        notFound,
        {
          error: {
            message: 'No such claim link.',
            type: 'invalid_request_error',
            param: null,
            code: 'not_found',
          },
        },
      ]);
    }
    expect(value).toBeNull();
    expect((await claim(foreign)).body.id).not.toBe(key);
    expect(refusal(await post('/api_keys/claim', { key: '', body: {} }))).toEqual({
      status: 400,
      code: 'missing_required_parameter',
    });
  });
});

describe('a key is rotated', () => {
  test('by an administrator: both work, the old one says when it ends, and is to be rotated once', async () => {
    const first = await stack.newKey({ scopes: ['models:read'] });
    expect(await use(first.value)).toEqual(works);
    const rotated = await rotate(first.id, { overlap_seconds: 3600 });
    const { predecessor, value, id } = rotated.body;
    expect(predecessor.id).toBe(first.id);
    expect(predecessor.expires_at - rotated.body.created_at).toBe(3600);
    expect(await use(value)).toEqual(works);
    expect(await use(first.value)).toEqual({ status: 200, endsAt: iso(predecessor.expires_at) });
    expect(await retrieve(first.id)).toMatchObject({ successor: id, expires_at: predecessor.expires_at });
    expect(await retrieve(id)).toMatchObject({ predecessor: first.id, scopes: ['models:read'] });
    const again = await rotate(first.id);
    expect(refusal(again)).toEqual({ status: 409, code: 'conflict' });
    expect(again.body.error.message).toContain(id);
    expect(eventsOf(id)).toMatchObject([{ type: 'key.rotated', detail: { predecessor: first.id } }]);
  });

  test('and refusals of the old one tell its end too', async () => {
    const first = await stack.newKey({ scopes: ['chat.completions:write'] });
    const { predecessor } = (await rotate(first.id)).body;
    const refused = await post('/chat/completions', { key: first.value, body: {} });
    expect([refused.status, refused.headers.get('x-api-key-expires-at')]).toEqual([
      400,
      iso(predecessor.expires_at),
    ]);
  });

  test('once for each Idempotency-Key, whose repeat is told the successor and not its secret', async () => {
    const first = await stack.newKey();
    const send = () =>
      stack.fetch(`${stack.baseUrl}${keyPath(first.id)}/rotate`, {
        method: 'POST',
        headers: { authorization: `Bearer ${stack.adminKey}`, 'idempotency-key': 'rotate-once' },
      });
    const made = JSON.parse(await (await send()).text());
    const repeat = await send();
    const words = await repeat.text();
    expect(repeat.status).toBe(409);
    expect(words).toContain(made.id);
    expect(words).not.toContain(made.value.slice(30, 60));
  });

  test('with a link: the overlap begins when it is claimed, and a revocation before that stops it', async () => {
    const first = await stack.newKey();
    const before = await retrieve(first.id);
    const rotated = await rotate(first.id, { delivery: { method: 'claim' }, overlap_seconds: 60 });
    expect(rotated.body.value).toBeNull();
    expect((await retrieve(first.id)).expires_at).toBe(before.expires_at);
    const claimed = await claim(tokenOf(rotated.body.delivery.claim_url));
    expect(claimed.status).toBe(200);
    expect((await retrieve(first.id)).expires_at).toBeLessThan((before.expires_at ?? 0) - 80 * DAY);
    expect((await use(first.value)).endsAt).not.toBeNull();
    const stopped = await stack.newKey();
    const pending = await rotate(stopped.id, { delivery: { method: 'claim' } });
    await projects.apiKeys.delete(stopped.id, { project_id: stack.projectId });
    expect(refusal(await claim(tokenOf(pending.body.delivery.claim_url)))).toEqual(gone);
    expect(await apiRefusalOf(retrieve(pending.body.id))).toMatchObject(notFound);
  });

  test('by its own workload, which gets the same successor again where the answer was lost', async () => {
    const first = await stack.newKey({ scopes: ['models:read', 'keys:rotate'] });
    const renew = () => post('/api_keys/self/rotate', { key: first.value });
    const lost = await renew();
    const second = await renew();
    expect([lost.status, second.status, second.body.id]).toEqual([200, 200, lost.body.id]);
    expect(second.headers.get('cache-control')).toBe('no-store');
    expect((await use(lost.body.value)).status).toBe(401);
    expect(await use(second.body.value)).toEqual(works);
    expect((await use(first.value)).endsAt).toBe(iso(second.body.predecessor.expires_at));
    expect(refusal(await renew())).toEqual({ status: 409, code: 'conflict' });
    const early = await post('/api_keys/self/rotate', { key: second.body.value });
    expect(refusal(early)).toEqual({ status: 409, code: 'conflict' });
    const other = await stack.newKey();
    const unscoped = await post('/api_keys/self/rotate', { key: other.value });
    expect(refusal(unscoped)).toEqual({ status: 403, code: 'insufficient_scope' });
    expect(unscoped.body.error.message).toContain('it needs keys:rotate.');
  });

  test('never where it is unknown, another project’s, revoked, or asked for wrongly', async () => {
    const first = await stack.newKey();
    const other = await projects.create({ name: 'another' });
    const foreign = `/organization/projects/${other.id}/api_keys/${first.id}`;
    for (const path of [foreign, keyPath(`${first.id.slice(0, -4)}zzzz`), keyPath('key_nonsense')]) {
      expect(refusal(await post(`${path}/rotate`))).toEqual(notFound);
      expect(refusal(await post(`${path}/claim_link`))).toEqual(notFound);
    }
    for (const [body, param] of [
      [{ overlap_seconds: 30 * DAY + 1 }, 'overlap_seconds'],
      [{ overlap: 1 }, 'overlap'],
      [{ delivery: { method: 'mail' } }, 'delivery.method'],
    ] as const) {
      const refused = await rotate(first.id, body);
      expect([refused.status, refused.body.error.param]).toEqual([400, param]);
    }
    await projects.apiKeys.delete(first.id, { project_id: stack.projectId });
    expect(refusal(await rotate(first.id))).toEqual(notFound);
  });

  test('and its revocation reaches the successor that works only where that is asked for', async () => {
    const [kept, cascaded] = [await stack.newKey(), await stack.newKey()];
    const successorOfKept = (await rotate(kept.id)).body;
    const successorOfCascaded = (await rotate(cascaded.id)).body;
    await projects.apiKeys.delete(kept.id, { project_id: stack.projectId });
    expect(await use(successorOfKept.value)).toEqual(works);
    const cascade = { query: { cascade: true } };
    await projects.apiKeys.delete(cascaded.id, { project_id: stack.projectId }, cascade);
    expect((await use(successorOfCascaded.value)).status).toBe(401);
    const unknown = projects.apiKeys.delete(
      kept.id,
      { project_id: stack.projectId },
      { query: { force: true } },
    );
    expect(await apiRefusalOf(unknown)).toMatchObject({ status: 400, param: 'force' });
  });
});

test('a key with less than 14 days left says so on every answer', async () => {
  const brief = await deliver({ expires_in_seconds: 2 * DAY });
  const { expires_at } = await retrieve(brief.key);
  expect(await use(brief.value)).toEqual({ status: 200, endsAt: iso(expires_at ?? 0) });
  const long = await deliver({ expires_in_seconds: 20 * DAY });
  expect(await use(long.value)).toEqual(works);
});
