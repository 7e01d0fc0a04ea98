/** Makes a key in the form that its delivery asks for: the stored entity, and what its caller may see. */
import { digestKey, mintKey, parseKey } from '../domain/api-key.ts';
import { GatewayError } from '../domain/gateway-error.ts';
import { accountOfKey } from '../domain/ids.ts';
import type { KeyDelivery } from '../domain/key-delivery.ts';
import { hashClaimToken } from '../domain/key-lifecycle.ts';
import type { ApiKey } from '../domain/tenancy.ts';
import type { KeyPorts } from './ports.ts';
import { seal } from './seal.ts';

/** Everything of a key but its secret. */
export type KeyDraft = Omit<ApiKey, 'status' | 'digest' | 'claim' | 'sealed' | 'secretVersionId'>;

/** How a new key reaches whoever asked for it. `token` is undefined where the link is made later. */
export type Shown =
  | { readonly method: 'response'; readonly value: string }
  | { readonly method: 'jwe'; readonly jwe: string }
  | { readonly method: 'secrets_manager'; readonly arn: string; readonly versionId: string }
  | { readonly method: 'claim'; readonly token: string | undefined; readonly expiresAtMs: number };

export interface MadeKey {
  readonly key: ApiKey;
  readonly shown: Shown;
}

export interface KeyOrder {
  readonly draft: KeyDraft;
  readonly delivery: KeyDelivery;
  /** The version of its line's secret, where the key goes there: the same for every try of one rotation. */
  readonly versionId: string;
  /** When its claim link ends, whether it is shown now or made when it is told, and its predecessor's overlap. */
  readonly link: {
    readonly expiresAtMs: number;
    readonly made: 'now' | 'later';
    readonly overlapMs?: number;
  };
}

/** Makes the key. Only `secrets_manager` leaves a trace outside, a pending version that a repeat finds again. */
export async function makeKey(ports: KeyPorts, order: KeyOrder): Promise<MadeKey> {
  switch (order.delivery.method) {
    case 'response': {
      const { key, text } = mint(ports, order.draft);
      return { key, shown: { method: 'response', value: text } };
    }
    case 'jwe': {
      const { key, text } = mint(ports, order.draft);
      const sealed = await seal(order.delivery.jwk, text);
      return { key: { ...key, sealed }, shown: { method: 'jwe', jwe: sealed.jwe } };
    }
    case 'secrets_manager':
      return intoVault(ports, order);
    case 'claim':
      return pending(ports, order);
  }
}

/** A fresh secret for a key that is there. */
export const mintFor = (ports: KeyPorts, of: Pick<ApiKey, 'environment' | 'tenant' | 'ref'>) =>
  mintKey(ports.random, { kind: 'bpk', environment: of.environment, tenant: of.tenant, key: of.ref });

function mint(ports: KeyPorts, draft: KeyDraft): { readonly key: ApiKey; readonly text: string } {
  const minted = mintFor(ports, draft);
  return {
    text: minted.text,
    key: { ...draft, status: 'active', digest: digestKey(ports.random, minted) },
  };
}

/** Of workers that race, the first one's value stands, and with it the reference that is written in it. */
async function intoVault(ports: KeyPorts, { draft, versionId }: KeyOrder): Promise<MadeKey> {
  const account = accountOfKey(draft.ref);
  const version = { tenant: draft.tenant, account, line: draft.line, versionId };
  const stored = await ports.vault.putPending(version, mintFor(ports, draft).text);
  const kept = parseKey(stored.value);
  if (kept?.tenant !== draft.tenant || accountOfKey(kept.key) !== account) {
    throw new GatewayError(
      'service_unavailable',
      'The secret of this key holds no key of its service account.',
    );
  }
  const digest = digestKey(ports.random, kept);
  return {
    key: { ...draft, ref: kept.key, status: 'active', digest, secretVersionId: versionId },
    shown: { method: 'secrets_manager', arn: stored.arn, versionId },
  };
}

function pending(ports: KeyPorts, { draft, link }: KeyOrder): MadeKey {
  const { expiresAtMs, overlapMs } = link;
  const token = link.made === 'now' ? newClaimToken(ports, draft) : undefined;
  const links = token === undefined ? [] : [{ hash: hashClaimToken(token) }];
  return {
    key: {
      ...draft,
      status: 'pending',
      claim: { links, expiresAtMs, count: 0, ...(overlapMs !== undefined && { overlapMs }) },
    },
    shown: { method: 'claim', token, expiresAtMs },
  };
}

/** The token of one more link: it names the key that it claims, and 256 random bits prove the right to. */
export const newClaimToken = (
  ports: Pick<KeyPorts, 'random'>,
  of: Pick<ApiKey, 'environment' | 'tenant' | 'ref'>,
): string =>
  mintKey(ports.random, { kind: 'bpc', environment: of.environment, tenant: of.tenant, key: of.ref }).text;
