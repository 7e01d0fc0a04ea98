import { type ParsedKey, verifyKey } from '../../shared/domain/api-key.ts';
import { accountOfKey } from '../../shared/domain/ids.ts';
import type { Principal } from '../../shared/domain/principal.ts';
import type { AdminKey, ApiKey } from '../../shared/domain/tenancy.ts';
import type { Clock, CredentialStore } from '../../shared/ports.ts';

interface Dependencies {
  readonly credentials: CredentialStore;
  readonly clock: Clock;
}

/**
 * The principal of a presented key, or undefined. One strongly consistent read; the digest is compared whether
 * or not the key exists, and status and expiry are judged only after it matched. Rejects with
 * `service_unavailable` when the store cannot answer: an outage refuses nobody's key as wrong.
 */
export function authenticate(deps: Dependencies, presented: ParsedKey): Promise<Principal | undefined> {
  switch (presented.kind) {
    case 'bpk':
      return authenticateTenantKey(deps, presented);
    case 'bpa':
      return authenticateAdminKey(deps, presented);
  }
}

async function authenticateTenantKey(
  deps: Dependencies,
  presented: ParsedKey,
): Promise<Principal | undefined> {
  const { key, account, tenant } = await deps.credentials.readTenantKey(presented.tenant, presented.key);
  if (!verifyKey(presented, key?.digest) || key === undefined || !isUsable(key, deps.clock()))
    return undefined;
  if (account?.status !== 'active' || tenant?.status !== 'active') return undefined;
  return {
    kind: 'key',
    tenant: tenant.ref,
    account: accountOfKey(key.ref),
    key: key.ref,
    scopes: key.scopes,
    ...(key.models !== undefined && { models: key.models }),
    limits: tenant.limits,
  };
}

async function authenticateAdminKey(
  deps: Dependencies,
  presented: ParsedKey,
): Promise<Principal | undefined> {
  const key = await deps.credentials.readAdminKey(presented.key);
  if (!verifyKey(presented, key?.digest) || key === undefined || !isUsable(key, deps.clock()))
    return undefined;
  return { kind: 'admin', key: key.ref, scopes: key.scopes };
}

const isUsable = (key: ApiKey | AdminKey, nowMs: number): boolean =>
  key.status === 'active' && nowMs < key.expiresAtMs;
