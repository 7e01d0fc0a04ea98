/** What may happen to keys, as commands of fast-check: each is done to the product and told to the model. */
import type fc from 'fast-check';
import type { Answer } from './administration-fixture.ts';
import { fail, JWK, KEY, type KeyLife, open } from './key-life.ts';
import {
  admits,
  askForLink,
  claim,
  claimStatus,
  DAY,
  isRenewedLately,
  issue,
  type KeyModel,
  link,
  linkStatus,
  type Method,
  type ModelAccount,
  type ModelKey,
  OVERLAP,
  revoke,
  rotate,
  rotationStatus,
  see,
  type Update,
  update,
  updateStatus,
  use,
} from './key-model.ts';
import { tokenOf } from './key-world.ts';

export type KeyCommand = fc.AsyncCommand<KeyModel, KeyLife>;
type Act = (model: KeyModel, life: KeyLife) => Promise<void>;

export const command = (name: string, of: object, act: Act): KeyCommand => ({
  check: () => true,
  run: async (model, life) => {
    await act(model, life);
    life.takeNews(model);
    await life.check(model);
  },
  toString: () => `${name}(${JSON.stringify(of)})`,
});

export function at<Item>(items: readonly Item[], index: number): Item | undefined {
  return items.length === 0 ? undefined : items[index % items.length];
}

export function expectStatus(answers: readonly Answer[], wanted: readonly number[]): void {
  const is = answers.map(({ status }) => status).sort();
  if (String(is) === String(wanted)) return;
  fail(`${is} instead of ${wanted}: ${JSON.stringify(answers.map(({ body }) => body.error))}`);
}

const deliveryBody = (method: Method) => (method === 'jwe' ? { method, jwk: JWK } : { method });

/** What the answer to a making call lets its caller see. */
async function seeAnswer(model: KeyModel, key: ModelKey, { body }: Answer): Promise<void> {
  const made = body.api_key ?? body;
  if (made.value !== null) see(model, key, made.value);
  if (made.delivery?.jwe !== undefined) see(model, key, await open(made.delivery.jwe));
  if (typeof made.delivery?.claim_url === 'string')
    link(model, key, { token: tokenOf(made.delivery.claim_url), toldBy: undefined });
}

/** A call with an Idempotency-Key happens once a day. */
interface Once {
  readonly header: string | undefined;
  readonly to: string;
}
const headersOf = ({ header }: Once): Record<string, string> =>
  header === undefined ? {} : { 'Idempotency-Key': header };
const isRepeat = (model: KeyModel, { header, to }: Once): boolean =>
  header !== undefined && model.now < (model.remembered.get(`${header} ${to}`) ?? -DAY) + DAY;
function remember(model: KeyModel, { header, to }: Once): void {
  if (header !== undefined) model.remembered.set(`${header} ${to}`, model.now);
}

export interface Order {
  readonly days: number;
  readonly delivery: Method;
  readonly scheduled: ModelKey['scheduled'];
  readonly automatic: boolean;
  readonly header: string | undefined;
}

const ACCOUNT_SCOPES = ['chat.completions:write', 'keys:rotate'];

const keyBody = (of: Order) => ({
  expires_in_seconds: of.days * 86_400,
  delivery: deliveryBody(of.delivery),
  rotation: { automatic: of.automatic, delivery: deliveryBody(of.scheduled) },
});

const issueOf = (order: Order, of: { readonly id: string; readonly account: ModelAccount }) => ({
  ...{ delivery: order.delivery, scheduled: order.scheduled, automatic: order.automatic, ...of },
  lifetime: order.days * DAY,
  scopes: ACCOUNT_SCOPES,
});

export const createAccount = (order: Order): KeyCommand =>
  command('create account', order, async (model, life) => {
    const once = { header: order.header, to: 'project' };
    const answer = await life.world.call('POST /organization/projects/{project_id}/service_accounts', {
      path: life.pathOf(''),
      headers: headersOf(once),
      body: { name: 'worker', scopes: ACCOUNT_SCOPES, ...keyBody(order) },
    });
    expectStatus([answer], [model.archived || isRepeat(model, once) ? 409 : 200]);
    if (answer.status !== 200) return;
    remember(model, once);
    const account = { id: answer.body.id, deleted: false, meddledWith: false };
    model.accounts.push(account);
    const id = answer.body.api_key.id;
    await seeAnswer(model, issue(model, issueOf(order, { id, account })), answer);
  });

export const createKey = (of: { readonly account: number; readonly order: Order }): KeyCommand =>
  command('create key', of, async (model, life) => {
    const account = at(model.accounts, of.account);
    if (account === undefined) return;
    const once = { header: of.order.header, to: account.id };
    const answer = await life.world.call(
      'POST /organization/projects/{project_id}/service_accounts/{service_account_id}/api_keys',
      { path: life.pathOf(account.id), headers: headersOf(once), body: keyBody(of.order) },
    );
    const refusal = model.archived || isRepeat(model, once) ? 409 : 200;
    expectStatus([answer], [account.deleted ? 404 : refusal]);
    if (answer.status !== 200) return;
    remember(model, once);
    await seeAnswer(model, issue(model, issueOf(of.order, { id: answer.body.id, account })), answer);
  });

export interface RotateOrder {
  readonly key: number;
  readonly delivery: Method;
  readonly overlapSeconds: number | undefined;
  readonly header: string | undefined;
  /** So many at once. */
  readonly times: number;
}

export const rotateOnDemand = (of: RotateOrder): KeyCommand =>
  command('rotate', of, async (model, life) => {
    const key = at(model.keys, of.key);
    if (key === undefined) return;
    const once = { header: of.header, to: key.id };
    const calls = Array.from({ length: of.times }, () =>
      life.world.call(`POST ${KEY}/rotate`, {
        path: life.pathOf(key.id),
        headers: headersOf(once),
        body: { delivery: deliveryBody(of.delivery), overlap_seconds: of.overlapSeconds },
      }),
    );
    const answers = await Promise.all(calls);
    const status = isRepeat(model, once) ? 409 : rotationStatus(model, key);
    expectStatus(answers, [status, ...Array(of.times - 1).fill(status === 200 ? 409 : status)]);
    const made = answers.find((answer) => answer.status === 200);
    if (made === undefined) return;
    remember(model, once);
    const overlap = of.overlapSeconds === undefined ? OVERLAP : of.overlapSeconds * 1000;
    await seeAnswer(model, rotate(model, key, { id: made.body.id, delivery: of.delivery, overlap }), made);
  });

export const rotateSelf = (of: { readonly secret: number }): KeyCommand =>
  command('rotate self', of, async (model, life) => {
    const [secret, key] = at([...model.secrets], of.secret) ?? [];
    if (secret === undefined || key === undefined) return;
    const isAdmitted = admits(model, secret, 'keys:rotate');
    const answer = await life.world.callWith(secret, { route: 'POST /api_keys/self/rotate' });
    use(model, secret);
    const { successor } = key;
    if (!isAdmitted) return expectStatus([answer], [401]);
    if (successor !== undefined && successor.state !== 'revoked') return seeRepeat(model, successor, answer);
    if (isRenewedLately(model, key)) return expectStatus([answer], [409]);
    expectStatus([answer], [200]);
    const made = rotate(model, key, { id: answer.body.id, delivery: 'claim', overlap: OVERLAP });
    claim(model, made, { secret: answer.body.value, token: undefined });
  });

/** A repeat gives the successor again, where it is sealed or can be claimed. */
async function seeRepeat(model: KeyModel, successor: ModelKey, answer: Answer): Promise<void> {
  if (successor.delivery === 'jwe') {
    expectStatus([answer], [200]);
    if ((await open(answer.body.delivery.jwe)) !== successor.secret) fail('another secret is sealed');
    return;
  }
  const isOthers = successor.claim === undefined || successor.claim.claimedBy === 'link';
  const isGone = isOthers || claimStatus(model, successor, undefined) === 410;
  expectStatus([answer], [isGone ? 409 : 200]);
  if (answer.status === 200) claim(model, successor, { secret: answer.body.value, token: undefined });
}

export const useKey = (of: { readonly secret: number }): KeyCommand =>
  command('use', of, async (model, life) => {
    const [secret] = at([...model.secrets], of.secret) ?? [];
    if (secret === undefined) return;
    await life.world.use(secret);
    use(model, secret);
  });

export const claimWith = (of: { readonly token: number; readonly times: number }): KeyCommand =>
  command('claim', of, async (model, life) => {
    const [token, key] = at([...model.tokens], of.token) ?? [];
    if (token !== undefined && key !== undefined)
      await claimNow(model, life, { token, key, times: of.times });
  });

/** Of claims at once each gets a secret, and the last one's holds. */
export async function claimNow(
  model: KeyModel,
  { world, stored }: KeyLife,
  of: { readonly token: string; readonly key: ModelKey; readonly times: number },
): Promise<void> {
  const status = claimStatus(model, of.key, of.token);
  const answers = await Promise.all(Array.from({ length: of.times }, () => world.claim(of.token)));
  expectStatus(answers, Array(of.times).fill(status));
  if (status !== 200) return;
  const values: readonly string[] = answers.map(({ body }) => body.value);
  const scopes = (await stored(of.key))?.grant.scopes ?? [];
  const route = scopes.includes('chat.completions:write')
    ? 'POST /chat/completions'
    : 'POST /api_keys/self/rotate';
  const verdicts = await Promise.all(values.map((value) => world.admits(value, route)));
  if (verdicts.filter(Boolean).length !== 1) fail(`${verdicts} of secrets that were claimed at once`);
  const { token } = of;
  for (const secret of values) claim(model, of.key, { secret, token });
  claim(model, of.key, { secret: values[verdicts.indexOf(true)] ?? '', token });
}

export const newLink = (of: { readonly key: number }): KeyCommand =>
  command('claim link', of, async (model, life) => {
    const key = at(model.keys, of.key);
    if (key === undefined) return;
    const answer = await life.world.call(`POST ${KEY}/claim_link`, { path: life.pathOf(key.id) });
    expectStatus([answer], [linkStatus(model, key)]);
    if (answer.status === 200) askForLink(model, key, tokenOf(answer.body.delivery.claim_url));
  });

export const revokeKey = (of: { readonly key: number; readonly cascade: boolean }): KeyCommand =>
  command('revoke', of, async (model, life) => {
    const key = at(model.keys, of.key);
    if (key === undefined) return;
    const query = of.cascade ? { cascade: ['true'] } : {};
    expectStatus([await life.world.call(`DELETE ${KEY}`, { path: life.pathOf(key.id), query })], [200]);
    revoke(model, key, of.cascade ? 'cascade' : 'alone');
  });

export const updateKey = (of: { readonly key: number; readonly change: Update }): KeyCommand =>
  command('update', of, async (model, life) => {
    const key = at(model.keys, of.key);
    if (key === undefined) return;
    const { seconds, scopes, automatic } = of.change;
    const answer = await life.world.call(`POST ${KEY}`, {
      path: life.pathOf(key.id),
      body: {
        expires_in_seconds: seconds,
        scopes,
        ...(automatic !== undefined && { rotation: { automatic } }),
      },
    });
    expectStatus([answer], [updateStatus(model, key, of.change)]);
    if (answer.status === 200) update(model, key, of.change);
  });

export const deleteAccount = (of: { readonly account: number }): KeyCommand =>
  command('delete account', of, async (model, life) => {
    const account = at(model.accounts, of.account);
    if (account === undefined) return;
    const answer = await life.world.call(
      'DELETE /organization/projects/{project_id}/service_accounts/{service_account_id}',
      { path: life.pathOf(account.id) },
    );
    expectStatus([answer], [account.deleted ? 404 : 200]);
    account.deleted = true;
  });

export const archive = (): KeyCommand =>
  command('archive', {}, async (model, life) => {
    const path = life.pathOf('');
    expectStatus(
      [await life.world.call('POST /organization/projects/{project_id}/archive', { path })],
      [200],
    );
    model.archived = true;
  });
