/**
 * The life of keys as docs/administration.md tells it, small enough to be read in one go. It shares nothing with the
 * product: not its functions, not its constants. Each rule says what a call answers and changes what it must change.
 */
export const DAY = 86_400_000;
export const LONGEST_LIFE = 90 * DAY;
export const OVERLAP = 14 * DAY;
export const CLAIM_AGAIN = 600_000;
const SHORTEST_AUTOMATIC_LIFE = 28 * DAY;
const LINK_LIFE = DAY;

export type Method = 'response' | 'jwe' | 'secrets_manager' | 'claim';

export interface ModelAccount {
  readonly id: string;
  deleted: boolean;
  /** An administrator shortened, narrowed or ended something: then the product owes it no key. */
  meddledWith: boolean;
}

interface ModelLink {
  readonly token: string;
  /** The message that told it; undefined where it was shown. */
  readonly toldBy: string | undefined;
}

interface ModelClaim {
  /** What still opens it, the oldest first. */
  links: ModelLink[];
  endsAt: number;
  claimedAt?: number;
  /** Who claimed it, and alone may do so again. */
  claimedBy?: 'link' | 'predecessor';
  used: boolean;
  /** How long the predecessor works on once this was claimed. */
  readonly overlap: number;
}

export interface ModelKey {
  readonly id: string;
  readonly account: ModelAccount;
  state: 'pending' | 'active' | 'revoked';
  readonly bornAt: number;
  endsAt: number;
  /** What it was given to live; an administrator may give it another end. */
  lifetime: number;
  automatic: boolean;
  readonly scheduled: Exclude<Method, 'response'>;
  readonly delivery: Method;
  scopes: readonly string[];
  /** The secret that opens it; undefined while nobody has seen it. */
  secret?: string;
  successor?: ModelKey;
  readonly predecessor?: ModelKey;
  claim?: ModelClaim;
}

export interface KeyModel {
  now: number;
  archived: boolean;
  readonly accounts: ModelAccount[];
  readonly keys: ModelKey[];
  /** Every secret that anybody has ever seen, with its key. */
  readonly secrets: Map<string, ModelKey>;
  /** Every token that anybody has ever seen, with its key. */
  readonly tokens: Map<string, ModelKey>;
  /** When calls with an Idempotency-Key made something, by header and what they were sent to. */
  readonly remembered: Map<string, number>;
}

export const newKeyModel = (now: number): KeyModel => ({
  now,
  archived: false,
  accounts: [],
  keys: [],
  secrets: new Map(),
  tokens: new Map(),
  remembered: new Map(),
});

const isHeld = (model: KeyModel, account: ModelAccount): boolean => !model.archived && !account.deleted;
const isOpen = (model: KeyModel, key: ModelKey): boolean =>
  key.state === 'active' && model.now < key.endsAt && isHeld(model, key.account);
/** A successor that was revoked is none. */
export const liveSuccessor = (key: ModelKey): ModelKey | undefined =>
  key.successor?.state === 'revoked' ? undefined : key.successor;

/** Whether the authorizer lets a secret in, with this scope. */
export function admits(model: KeyModel, secret: string, scope: string): boolean {
  const key = model.secrets.get(secret);
  return key !== undefined && key.secret === secret && isOpen(model, key) && key.scopes.includes(scope);
}

/** Somebody has seen the key's secret: from now on it is the one that opens it. */
export function see(model: KeyModel, key: ModelKey, secret: string): void {
  key.secret = secret;
  model.secrets.set(secret, key);
}

/** A link was made: of those that were shown the newest opens the key, and of each message its newest. */
export function link(model: KeyModel, key: ModelKey, { token, toldBy }: ModelLink): void {
  model.tokens.set(token, key);
  if (key.claim === undefined) return;
  const others = key.claim.links.filter((other) => other.toldBy !== toldBy);
  key.claim.links = [...others, { token, toldBy }];
}

/** A secret was presented to the API; that ends the right to claim its key again. */
export function use(model: KeyModel, secret: string): void {
  const key = model.secrets.get(secret);
  if (key?.secret === secret && key.claim !== undefined && isOpen(model, key)) key.claim.used = true;
}

export interface Issue {
  readonly id: string;
  readonly account: ModelAccount;
  readonly lifetime: number;
  readonly automatic: boolean;
  readonly scheduled: ModelKey['scheduled'];
  readonly delivery: Method;
  readonly scopes: readonly string[];
}

export function issue(model: KeyModel, of: Issue): ModelKey {
  const { lifetime } = of;
  const key: ModelKey = {
    ...of,
    ...bornNow(model, of),
    ...(of.delivery === 'claim' && waiting(model.now + Math.min(LINK_LIFE, lifetime), 0)),
  };
  model.keys.push(key);
  return key;
}

const bornNow = (model: KeyModel, of: Pick<ModelKey, 'lifetime' | 'delivery'>) => ({
  state: of.delivery === 'claim' ? ('pending' as const) : ('active' as const),
  bornAt: model.now,
  endsAt: model.now + Math.min(of.lifetime, LONGEST_LIFE),
});

const waiting = (endsAt: number, overlap: number) => ({
  claim: { links: [], endsAt, used: false, overlap },
});

/** What a rotation answers. */
export function rotationStatus(model: KeyModel, key: ModelKey): 200 | 404 | 409 {
  if (key.state === 'revoked') return 404;
  if (key.state === 'pending' || model.now >= key.endsAt) return 409;
  return liveSuccessor(key) !== undefined || !isHeld(model, key.account) ? 409 : 200;
}

/** The successor has everything of the key but its secret; both work for the overlap, none longer than it would have. */
export function rotate(
  model: KeyModel,
  key: ModelKey,
  of: { readonly id: string; readonly delivery: Method; readonly overlap: number },
): ModelKey {
  const { account, lifetime, automatic, scheduled, scopes } = key;
  const { id, delivery } = of;
  const successor: ModelKey = {
    ...{ id, account, lifetime, automatic, scheduled, scopes, delivery, predecessor: key },
    ...bornNow(model, { lifetime, delivery }),
    ...(delivery === 'claim' && waiting(key.endsAt, of.overlap)),
  };
  key.successor = successor;
  if (delivery !== 'claim') endAfter(model, key, of.overlap);
  model.keys.push(successor);
  return successor;
}

function endAfter(model: KeyModel, key: ModelKey, overlap: number): void {
  key.endsAt = Math.min(key.endsAt, model.now + overlap);
}

/** The keys that a sweep renews now. */
export const dueKeys = (model: KeyModel): readonly ModelKey[] =>
  model.keys.filter(
    (key) =>
      key.automatic &&
      key.lifetime >= SHORTEST_AUTOMATIC_LIFE &&
      isOpen(model, key) &&
      liveSuccessor(key) === undefined &&
      model.now >= key.endsAt - OVERLAP,
  );

/** What a claim with this token answers; `undefined`, where the key's predecessor proves the right instead. */
export function claimStatus(model: KeyModel, key: ModelKey, token: string | undefined): 200 | 404 | 410 {
  const { claim } = key;
  if (claim === undefined || (token !== undefined && !claim.links.some((one) => one.token === token)))
    return 404;
  if (key.state === 'revoked' || model.now >= key.endsAt || !isHeld(model, key.account)) return 410;
  const isOpenStill =
    claim.claimedAt === undefined
      ? model.now < claim.endsAt
      : model.now < claim.claimedAt + CLAIM_AGAIN && !claim.used && claim.claimedBy === claimerOf(token);
  return isOpenStill ? 200 : 410;
}

const claimerOf = (token: string | undefined) => (token === undefined ? 'predecessor' : 'link');

/** The first claim starts the predecessor's overlap; each gives another secret. */
export function claim(
  model: KeyModel,
  key: ModelKey,
  { secret, token }: { readonly secret: string; readonly token: string | undefined },
): void {
  if (key.claim === undefined) return;
  if (key.claim.claimedAt === undefined && key.predecessor?.state === 'active') {
    endAfter(model, key.predecessor, key.claim.overlap);
  }
  key.state = 'active';
  key.claim.claimedAt ??= model.now;
  key.claim.claimedBy ??= claimerOf(token);
  key.claim.links = key.claim.links.filter((one) => one.token === token);
  key.claim.used = false;
  see(model, key, secret);
}

/** What asking for one more link answers. */
export function linkStatus(model: KeyModel, key: ModelKey): 200 | 404 | 409 {
  if (key.state === 'revoked') return 404;
  return key.state === 'pending' && model.now < key.endsAt && isHeld(model, key.account) ? 200 : 409;
}

/** An administrator asked for a link: where the earlier ones are dead it works for 24 hours, or to the key's end. */
export function askForLink(model: KeyModel, key: ModelKey, token: string): void {
  if (key.claim !== undefined && model.now >= key.claim.endsAt) {
    key.claim.links = [];
    key.claim.endsAt = Math.min(model.now + LINK_LIFE, key.endsAt);
  }
  link(model, key, { token, toldBy: undefined });
}

/** A successor that waits falls with its predecessor; every other descendant only where the revocation cascades. */
export function revoke(model: KeyModel, key: ModelKey, reach: 'alone' | 'cascade'): void {
  key.state = 'revoked';
  key.account.meddledWith = true;
  for (const next of model.keys.filter((other) => other.predecessor === key)) {
    if (reach === 'cascade' || next.state === 'pending') revoke(model, next, reach);
  }
}

/** Whether a workload must wait before it renews the key: the one that it was renewed from still works. */
export const isRenewedLately = (model: KeyModel, { predecessor }: ModelKey): boolean =>
  predecessor?.state === 'active' && model.now < predecessor.endsAt;

export interface Update {
  readonly seconds?: number;
  readonly scopes?: readonly string[];
  readonly automatic?: boolean;
}

export function updateStatus(model: KeyModel, key: ModelKey, of: Update): 200 | 400 | 404 | 409 {
  if (key.state === 'revoked' || key.account.deleted) return 404;
  if (model.now >= key.endsAt) return 409;
  const latest = liveSuccessor(key) === undefined ? key.bornAt + LONGEST_LIFE : key.endsAt;
  if (of.seconds !== undefined && model.now + of.seconds * 1000 > latest) return 400;
  return model.archived ? 409 : 200;
}

export function update(model: KeyModel, key: ModelKey, of: Update): void {
  key.account.meddledWith = true;
  if (of.seconds !== undefined) {
    key.lifetime = of.seconds * 1000;
    key.endsAt = model.now + key.lifetime;
  }
  key.scopes = of.scopes ?? key.scopes;
  key.automatic = of.automatic ?? key.automatic;
}

/** Whether the account has a key that renews itself and that somebody can use: one it must not be locked out of. */
export const isOwedAKey = (model: KeyModel, account: ModelAccount): boolean =>
  !account.meddledWith &&
  isHeld(model, account) &&
  model.keys.some(
    (key) =>
      key.account === account &&
      key.automatic &&
      key.lifetime >= SHORTEST_AUTOMATIC_LIFE &&
      key.secret !== undefined &&
      isOpen(model, key),
  );
