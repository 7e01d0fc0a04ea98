import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { TenantRef } from '../../shared/domain/ids.ts';
import type { TenantSettings } from '../../shared/domain/tenant-settings.ts';
import type { TenantSettingsStore } from '../../shared/ports.ts';

/** Versions of settings, kept as text as Parameter Store keeps them: from 1 on, each one higher. */
export function createMemoryTenantSettings(): TenantSettingsStore {
  const versions = new Map<TenantRef, readonly string[]>();
  return {
    put: async (tenant, settings) => {
      const kept = [...(versions.get(tenant) ?? []), JSON.stringify(settings)];
      versions.set(tenant, kept);
      return kept.length;
    },
    read: async (tenant, version): Promise<TenantSettings> => {
      const kept = versions.get(tenant)?.[version - 1];
      if (kept !== undefined) return JSON.parse(kept);
      const message = `There is no version ${version} of the settings of ${tenant}.`;
      throw new GatewayError('service_unavailable', message, { retryAfterMs: 1_000 });
    },
  };
}
