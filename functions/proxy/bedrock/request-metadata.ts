/**
 * The tags of a Bedrock call: who caused it, then the caller's own. Bedrock's rules (service model of
 * bedrock-runtime): 1 to 16 entries, keys of 1 to 256 and values of 0 to 256 characters of a small alphabet.
 */
import { hash } from 'node:crypto';
import type { RequestId } from '../../../shared/domain/ids.ts';
import { keyId, projectId, serviceAccountId } from '../../../shared/domain/ids.ts';
import type { KeyPrincipal } from '../../../shared/domain/principal.ts';

const ENTRIES_MAX = 16;
const LENGTH_MAX = 256;
const FORBIDDEN = /[^a-zA-Z0-9\s:_@$#=/+,\-.]/g;
/** Every tag of ours begins so, and no tag of the caller's may. */
const OWN = 'bp:';
const END_USER_HASH_LENGTH = 32;

export interface RequestTags {
  readonly entries: Readonly<Record<string, string>>;
  /** Whether some of the caller's tags found no room, or do not go out as they came. */
  readonly incomplete: boolean;
}

/** The tags of one call. Attribution is ours alone: a caller's tag that looks like one of ours is left out. */
export function requestTags(of: {
  readonly principal: KeyPrincipal;
  readonly requestId: RequestId;
  readonly endUser: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}): RequestTags {
  const { tenant, account, key } = of.principal;
  const entries = new Map([
    [`${OWN}project`, projectId(tenant)],
    [`${OWN}service-account`, serviceAccountId(tenant, account)],
    [`${OWN}api-key`, keyId(tenant, key)],
    [`${OWN}request`, of.requestId],
  ]);
  if (of.endUser !== undefined) entries.set(`${OWN}user`, endUserHash(tenant, of.endUser));
  let unchanged = 0;
  for (const [name, value] of Object.entries(of.metadata)) {
    const tag = legal(name);
    if (tag === '' || tag.startsWith(OWN) || entries.has(tag)) continue;
    if (entries.size === ENTRIES_MAX) break;
    entries.set(tag, legal(value));
    if (tag === name && legal(value) === value) unchanged += 1;
  }
  const incomplete = unchanged < Object.keys(of.metadata).length;
  return { entries: Object.fromEntries(entries), incomplete };
}

/** The caller's user id must not leave the process, and the same id of two tenants must not look the same. */
const endUserHash = (tenant: string, endUser: string): string =>
  hash('sha256', `${tenant}\n${endUser}`, 'hex').slice(0, END_USER_HASH_LENGTH);

const legal = (text: string): string => text.replace(FORBIDDEN, '_').slice(0, LENGTH_MAX);
