import type { CredentialStore, KeyWatch } from '../../shared/ports.ts';

/** Looks after keys in the store that authentication reads. */
export const createMemoryKeyWatch = (credentials: Pick<CredentialStore, 'readTenantKey'>): KeyWatch => ({
  async isLive(tenant, key) {
    const found = await credentials.readTenantKey(tenant, key);
    return [found.key, found.account, found.tenant].every((part) => part?.status === 'active');
  },
});
