import { accountOfKey } from '../domain/ids.ts';
import type { ApiKey } from '../domain/tenancy.ts';
import type { KeyPorts } from './ports.ts';

/**
 * Whether a key's project and service account are active. Asked before anything is made for the key outside; the
 * transaction asks again.
 */
export async function isOwned(
  ports: Pick<KeyPorts, 'tenancy'>,
  key: Pick<ApiKey, 'tenant' | 'ref'>,
): Promise<boolean> {
  const [tenant, account] = await Promise.all([
    ports.tenancy.readTenant(key.tenant),
    ports.tenancy.readAccount(key.tenant, accountOfKey(key.ref)),
  ]);
  return tenant?.status === 'active' && account?.status === 'active';
}
