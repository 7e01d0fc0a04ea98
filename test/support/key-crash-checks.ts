/** What must hold of a key and its successors whatever befell the workers: at every moment, and after a rerun. */
import { verifyAuditChain } from '../../shared/domain/audit.ts';
import { keyId } from '../../shared/domain/ids.ts';
import type { ApiKey } from '../../shared/domain/tenancy.ts';
import type { CrashWorld } from './key-crash-world.ts';
import { fail, KEY, open } from './key-life.ts';
import { tokenOf } from './key-world.ts';

/** A key on day 76 of its 90, and what was seen of its successors. */
export interface Renewal {
  readonly world: CrashWorld;
  readonly delivery: 'claim' | 'jwe' | 'secrets_manager';
  /** Of the key, in calls. */
  readonly path: { readonly project_id: string; readonly api_key_id: string };
  readonly value: string;
  /** Its end, as it was made. */
  readonly endsAtMs: number;
  /** Whether the key, or all that follows it too, was to end. */
  readonly ends: 'renewed' | 'revoked' | 'all revoked';
  /** Secrets and link tokens that somebody was shown. */
  readonly shown: string[];
  readonly tokens: string[];
}

const LONGEST_LIFE = 90 * 86_400_000;
const PLAINTEXT = /bp[kac]_(test|live)_[0-9A-Za-z]{20}_/;

/** At most one live successor, each with one event; nothing outlives its end; nothing secret is at rest. */
export async function checkMoment({ world, path, endsAtMs }: Renewal): Promise<void> {
  const [first = fail('no key'), ...successors] = await keysOf({ world, path });
  const live = successors.filter(({ status }) => status !== 'revoked');
  if (live.length > 1) fail(`${live.length} live successors`);
  if (first.status === 'revoked' && live.some(({ status }) => status === 'pending')) {
    fail('the rotation of a revoked key goes on');
  }
  const told = await rotatedEvents(world);
  const made = successors.map(({ tenant, ref }) => keyId(tenant, ref));
  if (String([...told].sort()) !== String([...made].sort())) fail(`events of ${told} for ${made}`);
  if (first.expiresAtMs > endsAtMs) fail('the predecessor was given more time');
  const isTooOld = (key: ApiKey): boolean => key.expiresAtMs > key.createdAtMs + LONGEST_LIFE;
  if ([first, ...successors].some(isTooOld)) fail('a key lives too long');
}

/** The key, then its successors. */
async function keysOf({ world, path }: Pick<Renewal, 'world' | 'path'>): Promise<readonly ApiKey[]> {
  const keys = await world.keys();
  const first = keys.filter(({ tenant, ref }) => keyId(tenant, ref) === path.api_key_id);
  return [...first, ...keys.filter(({ predecessor }) => predecessor === first[0]?.ref)];
}

const rotatedEvents = async (world: CrashWorld): Promise<readonly string[]> =>
  (await world.records())
    .filter(({ canonical }) => canonical.includes('api_key.rotated'))
    .map(({ canonical }) => JSON.parse(canonical).subject.successor);

/** After everybody came back: told at least once, nobody locked out, and what was to end has ended. */
export async function checkEnd(of: Renewal): Promise<void> {
  const { world } = of;
  await checkMoment(of);
  const broken = verifyAuditChain(await world.records());
  if (broken !== undefined) fail(`the chain is broken: ${broken.reason}`);
  await checkTold(world);
  if (PLAINTEXT.test(await world.atRest())) fail('a secret is at rest');
  const published = world.bus.published.map(({ detail }) => detail);
  if (/bpk_test_[0-9A-Za-z]{20}_/.test(JSON.stringify(published))) fail('a key was published');
  if (of.ends === 'renewed') await checkRenewed(of);
  else await checkRevoked(of);
}

/** Every message was sent, and published unless its key was revoked before. */
async function checkTold(world: CrashWorld): Promise<void> {
  const published = new Set(world.bus.published.map(({ id }) => id));
  const revoked = new Set(
    (await world.keys()).flatMap(({ status, ref }) => (status === 'revoked' ? [ref] : [])),
  );
  for (const { id, state, key } of await world.messages()) {
    if (state !== 'sent') fail(`${id} is not sent`);
    if (!published.has(id) && !(key !== undefined && revoked.has(key))) fail(`${id} was not told`);
  }
}

/** The old secret works to its end, a new one that somebody can get works now and then. */
async function checkRenewed(of: Renewal): Promise<void> {
  const { world, value } = of;
  if (!(await world.admits(value))) fail('the predecessor was locked out');
  if (of.delivery === 'secrets_manager' && !(await world.admits(world.currentValue() ?? ''))) {
    fail('the current secret opens nothing');
  }
  const secrets = await newSecrets(of);
  const isIn = async (): Promise<readonly boolean[]> =>
    Promise.all(secrets.map((secret) => world.admits(secret)));
  if (!(await isIn()).includes(true)) return checkRecovery(of);
  const [first = fail('no key')] = await keysOf(of);
  world.goTo(first.expiresAtMs);
  if (await world.admits(value)) fail('the predecessor outlived its end');
  if (!(await isIn()).includes(true)) fail('locked out at the end of the predecessor');
}

/** What workloads find: answers, the secret, what is sealed to them, links. */
async function newSecrets(of: Renewal): Promise<readonly string[]> {
  const { world, path } = of;
  const secrets = [...of.shown];
  if (of.delivery === 'secrets_manager') secrets.push(world.currentValue() ?? '');
  const [, ...successors] = await keysOf(of);
  for (const { tenant, ref, status, sealed } of successors) {
    if (status === 'revoked' || sealed === undefined) continue;
    const found = { ...path, api_key_id: keyId(tenant, ref) };
    const { body } = await world.call(`GET ${KEY}`, { path: found });
    const secret = await open(body.delivery.jwe);
    if (!(await world.admits(secret))) fail('what is sealed opens nothing');
    secrets.push(secret);
  }
  const links = world.bus.published.map(({ detail }) => detail['claim_url']);
  const tokens = links.flatMap((url) => (typeof url === 'string' ? [tokenOf(url)] : []));
  const isPending = successors.some(({ status }) => status === 'pending');
  for (const token of isPending ? [...of.tokens, ...tokens] : []) {
    const { status, body } = await world.claim(token);
    if (status === 200) return [body.value];
  }
  return secrets.filter((secret) => secret !== of.value);
}

/** An answer that showed a key was lost: its caller is told the id, revokes it and rotates again. */
async function checkRecovery({ world, path, shown }: Renewal): Promise<void> {
  if (shown.length > 0) fail('a secret that was shown opens nothing');
  const refused = await world.call(`POST ${KEY}/rotate`, { path });
  const id = /key_[0-9A-Za-z]{20}(?=\. Revoke)/.exec(refused.body.error?.message ?? '')?.[0];
  if (refused.status !== 409 || id === undefined) fail(`${refused.status}, and no successor named`);
  await world.call(`DELETE ${KEY}`, { path: { ...path, api_key_id: id } });
  const again = await world.call(`POST ${KEY}/rotate`, { path });
  if (!(await world.admits(again.body.value ?? ''))) fail('no way back from a lost answer');
}

async function checkRevoked(of: Renewal): Promise<void> {
  const { world } = of;
  const [first = fail('no key'), ...successors] = await keysOf(of);
  if (first.status !== 'revoked' || (await world.admits(of.value))) fail('the key was not revoked');
  if (successors.some(({ status }) => status === 'pending')) fail('its rotation goes on');
  if (of.ends === 'revoked') return;
  if (successors.some(({ status }) => status !== 'revoked')) fail('the revocation did not cascade');
  for (const secret of of.shown) if (await world.admits(secret)) fail('a successor works on');
}
