/** One project whose keys are watched: the real world of the lifecycle test, and everything that must always hold. */
import { compactDecrypt, exportJWK, generateKeyPair } from 'jose';
import { walkAuditChain } from '../../shared/domain/audit.ts';
import {
  parseKeyId,
  parseProjectId,
  parseServiceAccountId,
  type TenantRef,
} from '../../shared/domain/ids.ts';
import type { ApiKey } from '../../shared/domain/tenancy.ts';
import { admits, type KeyModel, LONGEST_LIFE, link, liveSuccessor, type ModelKey, see } from './key-model.ts';
import { type KeyWorld, keyWorld, tokenOf } from './key-world.ts';
import { seededRandom } from './random.ts';

export const KEY = '/organization/projects/{project_id}/api_keys/{api_key_id}';
export const SCOPES = {
  'chat.completions:write': 'POST /chat/completions',
  'keys:rotate': 'POST /api_keys/self/rotate',
};

const pair = await generateKeyPair('ECDH-ES', { extractable: true });
/** The workloads' public key, and what reads what is sealed to it. */
export const JWK = { ...(await exportJWK(pair.publicKey)), use: 'enc' };
export const open = async (jwe: string): Promise<string> =>
  new TextDecoder().decode((await compactDecrypt(jwe, pair.privateKey)).plaintext);

export interface KeyLife {
  readonly world: KeyWorld;
  readonly tenant: TenantRef;
  /** The path of a key or an account. */
  pathOf(id: string): Record<string, string>;
  stored(key: Pick<ModelKey, 'id'>): Promise<ApiKey | undefined>;
  /** Adds to the model what workloads get to see without asking: events, secrets that became current. */
  takeNews(model: KeyModel): void;
  /** Rejects where anything is not as the model says, or as it must always be. */
  check(model: KeyModel): Promise<void>;
}

export async function newKeyLife(seed: string): Promise<KeyLife> {
  const world = keyWorld({ random: seededRandom(seed) });
  const { body } = await world.call('POST /organization/projects', { body: { name: 'watched' } });
  const project: string = body.id;
  const tenant = parseProjectId(project) ?? fail('no project');
  const stored = ({ id }: Pick<ModelKey, 'id'>) =>
    world.tenancy.readKey(tenant, parseKeyId(id)?.key ?? fail(`not a key: ${id}`));
  const watched = { world, tenant, stored };
  const checkChain = chainCheck(watched);
  const checkKeys = keysCheck(watched);
  return {
    ...watched,
    pathOf: (id) => ({
      project_id: project,
      ...(id.startsWith('svc_') ? { service_account_id: id } : { api_key_id: id }),
    }),
    takeNews: newsTaker(watched),
    async check(model) {
      await checkVerdicts(world, model);
      await checkKeys(model);
      checkChain(model);
    },
  };
}

type Watched = Pick<KeyLife, 'world' | 'tenant' | 'stored'>;

export function fail(message: string): never {
  throw new Error(message);
}

/** The key that a secret or token names. */
const keyIn = (model: KeyModel, text: string): ModelKey | undefined =>
  model.keys.find(({ id }) => id.slice('key_'.length) === text.split('_')[2]);

function newsTaker(watched: Watched): KeyLife['takeNews'] {
  const { bus } = watched.world;
  let told = 0;
  return (model) => {
    for (const { id, detail } of bus.published.slice(told)) {
      const url = detail['claim_url'];
      if (typeof url !== 'string') continue;
      const token = tokenOf(url);
      link(model, keyIn(model, token) ?? fail('a link to no key'), { token, toldBy: id });
    }
    told = bus.published.length;
    const kept = model.keys.filter(({ delivery }) => delivery === 'secrets_manager');
    for (const line of new Set(kept.map(lineOf))) {
      takeCurrent(watched, { model, line, kept: kept.filter((key) => lineOf(key) === line) });
    }
  };
}

/** The first key of the line of successors. */
const lineOf = (key: ModelKey): ModelKey => (key.predecessor === undefined ? key : lineOf(key.predecessor));

/** The line's secret holds its newest key, which its workload reads. */
function takeCurrent(
  { world, tenant }: Watched,
  of: { readonly model: KeyModel; readonly line: ModelKey; readonly kept: readonly ModelKey[] },
): void {
  const { model, kept } = of;
  const account = parseServiceAccountId(of.line.account.id)?.account ?? fail(of.line.account.id);
  const line = parseKeyId(of.line.id)?.key ?? fail(of.line.id);
  const value = world.vault.currentValue({ tenant, account, line }) ?? fail('nothing is current');
  const key = keyIn(model, value);
  if (key?.bornAt !== Math.max(...kept.map(({ bornAt }) => bornAt))) fail('an older secret is current');
  else if (!model.secrets.has(value)) see(model, key, value);
}

async function checkVerdicts(world: KeyWorld, model: KeyModel): Promise<void> {
  for (const [secret, key] of model.secrets) {
    for (const [scope, route] of Object.entries(SCOPES)) {
      const expected = admits(model, secret, scope);
      if ((await world.admits(secret, route)) !== expected) {
        fail(`${key.id} is ${expected ? 'refused' : 'admitted'} for ${scope}`);
      }
    }
  }
}

/** What is stored of each key, its life and its successors. */
function keysCheck({ stored }: Watched): KeyLife['check'] {
  const ends = new Map<string, number>();
  return async (model) => {
    for (const key of model.keys) {
      const found = (await stored(key)) ?? fail(`${key.id} is lost`);
      checkStored(key, found);
      const before = liveSuccessor(key) === undefined ? undefined : ends.get(key.id);
      if (found.expiresAtMs > (before ?? found.expiresAtMs)) fail(`${key.id} was given more time`);
      ends.set(key.id, found.expiresAtMs);
      const live = model.keys.filter((other) => other.predecessor === key && other.state !== 'revoked');
      if (live.length > 1) fail(`${key.id} has ${live.length} live successors`);
    }
  };
}

function checkStored(key: ModelKey, found: ApiKey): void {
  // Where a revoked key's successor went is of no use to anybody.
  const isLive = key.state !== 'revoked';
  const is = [found.status, found.expiresAtMs, isLive && found.successor];
  const wanted = [key.state, key.endsAt, isLive && liveSuccessor(key)?.id.slice(-10)];
  if (String(is) !== String(wanted)) fail(`${key.id} is ${is}, not ${wanted}`);
  if (found.expiresAtMs > found.createdAtMs + LONGEST_LIFE) fail(`${key.id} lives too long`);
}

/** The chain holds, and tells of each successor once. */
function chainCheck({ world, tenant }: Watched): (model: KeyModel) => void {
  const walk = walkAuditChain(tenant);
  const rotations = new Map<string, number>();
  let seen = 0;
  return (model) => {
    const chain = world.chains.get(tenant) ?? [];
    for (const record of chain.slice(seen)) {
      const broken = walk.follow(record);
      if (broken !== undefined) fail(`the chain is broken at ${broken.sequence}: ${broken.reason}`);
      const { type, subject } = JSON.parse(record.canonical);
      if (type !== 'api_key.rotated') continue;
      rotations.set(subject.successor, (rotations.get(subject.successor) ?? 0) + 1);
    }
    seen = chain.length;
    const successors = model.keys.filter(({ predecessor }) => predecessor !== undefined);
    const once = successors.every(({ id }) => rotations.get(id) === 1);
    if (!once || rotations.size !== successors.length) fail('not one rotated event a successor');
  };
}
