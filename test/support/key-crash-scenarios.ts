/**
 * What the crash test explores: two workers on one key that is to be renewed, claimed or revoked, and what their
 * callers do again after an error. What must hold is in key-crash-checks.ts.
 */
import { insert, replace } from '../../shared/domain/change.ts';
import { accountOfKey, keyId, newKeyRef, parseKeyId } from '../../shared/domain/ids.ts';
import { changed, successorOf } from '../../shared/domain/key-lifecycle.ts';
import { auditsBy } from '../../shared/keys/audit-of.ts';
import type { Gate, Outcome, Subject } from './crash-explorer.ts';
import { checkEnd, checkMoment, type Renewal } from './key-crash-checks.ts';
import { type CrashWorld, crashWorld } from './key-crash-world.ts';
import { fail, JWK, KEY, open as unseal } from './key-life.ts';
import { projectWithKey, tokenOf } from './key-world.ts';

const DAY = 86_400_000;

type Work = (of: Renewal) => Promise<unknown>;

export interface CrashScenario {
  readonly name: string;
  /** How the key is renewed on schedule; `secrets_manager`: how it was delivered at first, too. */
  readonly delivery?: 'claim' | 'jwe' | 'secrets_manager';
  /** What happens before the workers begin. */
  readonly before?: Work;
  readonly workers: Readonly<Record<string, Work>>;
  readonly ends: Renewal['ends'];
}

/** The scenario on a key on its day 76, as the explorer takes it. */
export const subjectOf =
  (scenario: CrashScenario, open: (gate: Gate) => CrashWorld | Promise<CrashWorld> = crashWorld) =>
  async (gate: Gate): Promise<Subject> => {
    const world = await open(gate);
    const of = await renewalOf(world, scenario);
    world.advance(76 * DAY);
    await scenario.before?.(of);
    const workers = Object.entries(scenario.workers);
    let checked = -1;
    return {
      workers: Object.fromEntries(workers.map(([name, work]) => [name, () => work(of)])),
      fingerprint: world.fingerprint,
      check: async () => {
        if (checked === world.version()) return;
        checked = world.version();
        await checkMoment(of);
      },
      finish: async (outcomes) => {
        world.advance(1);
        for (const [name, work] of workers) await rerun(of, { work, outcome: outcomes.get(name) });
        await world.sweep();
        await checkEnd(of);
      },
    };
  };

async function renewalOf(world: CrashWorld, { delivery = 'claim', ends }: CrashScenario): Promise<Renewal> {
  const method = delivery === 'jwe' ? { method: delivery, jwk: JWK } : { method: delivery };
  const body = {
    scopes: ['chat.completions:write', 'keys:rotate'],
    rotation: { delivery: method },
    ...(delivery === 'secrets_manager' && { delivery: method }),
  };
  const made = await projectWithKey(world, body);
  const [key = fail('no key')] = await world.keys();
  const kept = delivery === 'secrets_manager' ? world.currentValue() : undefined;
  return {
    ...{ world, ends, delivery, shown: [], tokens: [] },
    path: { project_id: made.project, api_key_id: keyId(key.tenant, key.ref) },
    value: kept ?? made.value,
    endsAtMs: key.expiresAtMs,
  };
}

/** Who got an error, or no answer because a process died, does the same again. */
async function rerun(
  of: Renewal,
  { work, outcome }: { readonly work: Work; readonly outcome: Outcome | undefined },
): Promise<void> {
  const answer = Object(outcome?.value);
  const isAnswered = outcome !== undefined && 'value' in outcome && !(answer.status >= 500);
  await take(of, isAnswered ? answer : Object(await work(of)));
}

/** What an answer shows. */
async function take(of: Renewal, { status, body }: { status?: number; body?: unknown }): Promise<void> {
  if (status !== 200) return;
  const { value, delivery } = Object(body);
  if (typeof value === 'string') of.shown.push(value);
  if (typeof delivery?.jwe === 'string') of.shown.push(await unseal(delivery.jwe));
  if (typeof delivery?.claim_url === 'string') of.tokens.push(tokenOf(delivery.claim_url));
}

const sweep: Work = ({ world }) => world.sweep();
const rotate =
  (method: 'response' | 'claim'): Work =>
  ({ world, path }) =>
    world.call(`POST ${KEY}/rotate`, { path, body: { delivery: { method } } });
const rotateSelf: Work = ({ world, value }) => world.callWith(value, { route: 'POST /api_keys/self/rotate' });
const revoke: Work = ({ world, path }) => world.call(`DELETE ${KEY}`, { path });
const cascade: Work = ({ world, path }) =>
  world.call(`DELETE ${KEY}`, { path, query: { cascade: ['true'] } });
const claim: Work = (of) =>
  of.world.claim(tokenOf(String(of.world.bus.published.at(-1)?.detail['claim_url'])));
const claimedOnce: Work = async (of) => {
  await of.world.sweep();
  await claim(of);
};
const notTold: Work = ({ world }) => world.withoutEvents(world.sweep);

/** Long calls: the sweep makes up to twenty. */
/** A sweep makes some twenty calls, a self-rotation ten. */
export const LONG: readonly CrashScenario[] = [
  { name: 'two sweeps, delivery by claim', workers: { a: sweep, b: sweep }, ends: 'renewed' },
  { name: 'two sweeps, delivery by jwe', delivery: 'jwe', workers: { a: sweep, b: sweep }, ends: 'renewed' },
  {
    name: 'two sweeps, delivery by secrets_manager',
    delivery: 'secrets_manager',
    workers: { a: sweep, b: sweep },
    ends: 'renewed',
  },
  { name: 'a rotation on demand and a sweep', workers: { a: rotate('claim'), b: sweep }, ends: 'renewed' },
  { name: 'a workload renews itself twice', workers: { a: rotateSelf, b: rotateSelf }, ends: 'renewed' },
  { name: 'a workload renews itself and a sweep', workers: { a: rotateSelf, b: sweep }, ends: 'renewed' },
  { name: 'a revocation and a sweep', workers: { a: revoke, b: sweep }, ends: 'revoked' },
  {
    name: 'a cascade and a sweep, delivery by secrets_manager',
    delivery: 'secrets_manager',
    workers: { a: cascade, b: sweep },
    ends: 'all revoked',
  },
  {
    name: 'two deliveries of a link that was not told',
    before: notTold,
    workers: { a: sweep, b: sweep },
    ends: 'renewed',
  },
  {
    name: 'two deliveries of a secret that was not made current',
    delivery: 'secrets_manager',
    before: notTold,
    workers: { a: sweep, b: sweep },
    ends: 'renewed',
  },
];

export const SHORT: readonly CrashScenario[] = [
  {
    name: 'two rotations on demand',
    workers: { a: rotate('response'), b: rotate('response') },
    ends: 'renewed',
  },
  { name: 'two first claims', before: sweep, workers: { a: claim, b: claim }, ends: 'renewed' },
  { name: 'two repeated claims', before: claimedOnce, workers: { a: claim, b: claim }, ends: 'renewed' },
  {
    name: 'a claim and a self-rotation',
    before: sweep,
    workers: { a: claim, b: rotateSelf },
    ends: 'renewed',
  },
  { name: 'a revocation and a claim', before: sweep, workers: { a: revoke, b: claim }, ends: 'revoked' },
  { name: 'a cascade and a claim', before: sweep, workers: { a: cascade, b: claim }, ends: 'all revoked' },
  {
    name: 'a cascade and a repeated claim',
    before: claimedOnce,
    workers: { a: cascade, b: claim },
    ends: 'all revoked',
  },
];

/** Rotation as one writes it first: read, create the successor, then link it, whatever was written meanwhile. */
const naively: Work = async ({ world, path }) => {
  const { tenancy, random } = world.ports;
  const { tenant, key } = parseKeyId(path.api_key_id) ?? fail('not a key');
  const predecessor = (await tenancy.readKey(tenant, key)) ?? fail('no key');
  if (predecessor.successor !== undefined) return;
  const nowMs = world.nowMs();
  const ref = newKeyRef(random, accountOfKey(key));
  const successor = { ...successorOf(predecessor, { ref, nowMs }), status: 'active' as const };
  const subject = { id: path.api_key_id, successor: keyId(tenant, ref) };
  const auditOf = auditsBy({ actor: { kind: 'key-rotation' }, request: 'naive', atMs: nowMs });
  const audit = [auditOf({ type: 'api_key.rotated', chain: tenant, step: 1, subject })];
  await tenancy.commit({ writes: [insert({ type: 'key', value: successor })], audit });
  for (;;) {
    const read = (await tenancy.readKey(tenant, key)) ?? fail('no key');
    const linked = changed(read, { successor: ref });
    const writes = [replace({ type: 'key', value: linked })];
    if ((await tenancy.commit({ writes, audit: [] })) === 'committed') return;
  }
};

export const NAIVE: CrashScenario = {
  name: 'two naive rotations',
  workers: { a: naively, b: naively },
  ends: 'renewed',
};
