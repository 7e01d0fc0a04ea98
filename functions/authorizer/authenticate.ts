import { type ParsedKey, verifyKey } from '../../shared/domain/api-key.ts';
import { narrowGrant } from '../../shared/domain/grant.ts';
import { accountOfKey } from '../../shared/domain/ids.ts';
import { OVERLAP_MS } from '../../shared/domain/key-delivery.ts';
import { CLAIM_REPEAT_MS, isUsable } from '../../shared/domain/key-lifecycle.ts';
import { requestLimitsOf } from '../../shared/domain/limits.ts';
import type { Principal } from '../../shared/domain/principal.ts';
import type { AdminKey, ApiKey, TenantCredential } from '../../shared/domain/tenancy.ts';
import type { Clock, CredentialStore } from '../../shared/ports.ts';

interface Dependencies {
  readonly credentials: CredentialStore;
  readonly clock: Clock;
}

/** A use is noted once an hour and key: who looks wants to know whether a key is still in use, not the minute. */
const USE_NOTED_EVERY_MS = 3_600_000;

/**
 * The principal of a presented key, or undefined. One strongly consistent read; the digest is compared whether
 * or not the key exists, and status and expiry are judged only after it matched. Rejects with
 * `service_unavailable` when the store cannot answer: an outage refuses nobody's key as wrong.
 */
export async function authenticate(deps: Dependencies, presented: ParsedKey): Promise<Principal | undefined> {
  switch (presented.kind) {
    case 'bpk':
      return authenticateTenantKey(deps, presented);
    case 'bpa':
      return authenticateAdminKey(deps, presented);
    // The token of a claim link opens the claim and nothing else.
    case 'bpc':
      return undefined;
  }
}

async function authenticateTenantKey(
  deps: Dependencies,
  presented: ParsedKey,
): Promise<Principal | undefined> {
  const { key, account, tenant, use } = await deps.credentials.readTenantKey(presented.tenant, presented.key);
  const nowMs = deps.clock();
  if (!verifyKey(presented, key?.digest) || key === undefined || !isUsable(key, nowMs)) return undefined;
  if (account?.status !== 'active' || account.role !== 'member' || tenant?.status !== 'active')
    return undefined;
  await noteUse(deps, { key, use, nowMs });
  const { scopes, level, models, ipRanges } = narrowGrant(key.grant, account.grant);
  const hasEndInSight = key.successor !== undefined || key.expiresAtMs - nowMs <= OVERLAP_MS;
  return {
    kind: 'key',
    tenant: tenant.ref,
    account: accountOfKey(key.ref),
    key: key.ref,
    scopes,
    level,
    ...(models !== undefined && { models }),
    ...(tenant.modelPermissions !== undefined && { modelPermissions: tenant.modelPermissions }),
    ...(ipRanges !== undefined && { ipRanges }),
    limits: requestLimitsOf(tenant.limits),
    ...(account.limits !== undefined && { accountLimits: account.limits }),
    ...(tenant.settingsVersion !== undefined && { settingsVersion: tenant.settingsVersion }),
    ...(tenant.showsCost !== undefined && { showsCost: tenant.showsCost }),
    ...(hasEndInSight && { endsAtMs: key.expiresAtMs }),
  };
}

/**
 * The mark of a first use ends the right to claim the key again, so within that time the request waits for it.
 * At any other time the mark is for people, and no request fails for want of it.
 */
async function noteUse(
  deps: Dependencies,
  of: { readonly key: ApiKey; readonly use: TenantCredential['use'] | undefined; readonly nowMs: number },
): Promise<void> {
  const { key, use, nowMs } = of;
  const claim = key.claim?.count ?? 0;
  const note = () =>
    deps.credentials.noteUse({ tenant: key.tenant, key: key.ref, use: { lastUsedAtMs: nowMs, claim } });
  const isClaimable = nowMs < (key.claim?.claimedAtMs ?? Number.NEGATIVE_INFINITY) + CLAIM_REPEAT_MS;
  if (isClaimable && (use?.claim ?? 0) < claim) return note();
  if (use === undefined || nowMs - use.lastUsedAtMs >= USE_NOTED_EVERY_MS) {
    await note().catch(() => undefined);
  }
}

/** An admin key holds while every key that it descends from does: to revoke one is to revoke its descendants. */
async function authenticateAdminKey(
  deps: Dependencies,
  presented: ParsedKey,
): Promise<Principal | undefined> {
  const key = await deps.credentials.readAdminKey(presented.key);
  const nowMs = deps.clock();
  if (!verifyKey(presented, key?.digest) || key === undefined || !isUsable(key, nowMs)) return undefined;
  const ancestors = await Promise.all(key.ancestors.map((ref) => deps.credentials.readAdminKey(ref)));
  if (!ancestors.every((ancestor) => isActive(ancestor))) return undefined;
  return {
    kind: 'admin',
    key: key.ref,
    scopes: key.scopes,
    expiresAtMs: key.expiresAtMs,
    ancestors: key.ancestors,
  };
}

const isActive = (key: AdminKey | undefined): boolean => key?.status === 'active';
