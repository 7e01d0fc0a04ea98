import { digestKey, mintKey } from '../../shared/domain/api-key.ts';
import { newAccountRef, newKeyRef, ORGANIZATION_REF } from '../../shared/domain/ids.ts';
import type { AdminKey } from '../../shared/domain/tenancy.ts';
import type { KeyIssuerPorts } from './ports.ts';

/** An admin key always expires: 30 days is the longest it may live. */
export const ADMIN_LIFETIME_DAYS_MAX = 30;

/** A new admin key and its text, which is kept nowhere. */
export function mintAdminKey(
  ports: Pick<KeyIssuerPorts, 'random' | 'keyEnvironment'>,
  of: Pick<AdminKey, 'name' | 'scopes' | 'createdAtMs' | 'expiresAtMs' | 'ancestors'>,
): { readonly key: AdminKey; readonly text: string } {
  const minted = mintKey(ports.random, {
    kind: 'bpa',
    environment: ports.keyEnvironment,
    tenant: ORGANIZATION_REF,
    key: newKeyRef(ports.random, newAccountRef(ports.random)),
  });
  const key: AdminKey = {
    ...of,
    ref: minted.key,
    environment: minted.environment,
    status: 'active',
    digest: digestKey(ports.random, minted),
    revision: 1,
  };
  return { key, text: minted.text };
}
