/** Keys' values in memory: gone with the process. */
import type { AccountRef, KeyRef, TenantRef } from '../../shared/domain/ids.ts';
import type { SecretVersion } from '../../shared/domain/secret-version.ts';
import type { SecretVault } from '../../shared/ports.ts';

export interface MemorySecretVault extends SecretVault {
  /** What a workload reads, of the account's first line where none is named; undefined where nothing was ever put. */
  currentValue(of: {
    readonly tenant: TenantRef;
    readonly account: AccountRef;
    readonly line?: KeyRef;
  }): string | undefined;
}

interface Secret {
  /** Values by version id, in the order in which they were put. */
  readonly versions: Map<string, string>;
  current: string;
}

/** As in Secrets Manager, an account's first version is current at once; of the others, the newest promoted one. */
export function createMemorySecretVault(): MemorySecretVault {
  const secrets = new Map<string, Secret>();
  return {
    async putPending(version, value) {
      const name = nameOf(version);
      const secret = secrets.get(name) ?? { versions: new Map<string, string>(), current: version.versionId };
      secrets.set(name, secret);
      if (!secret.versions.has(version.versionId)) secret.versions.set(version.versionId, value);
      return { arn: `memory:${name}`, value: secret.versions.get(version.versionId) ?? value };
    },
    async promote(version) {
      const secret = secrets.get(nameOf(version));
      // Somebody removed it: there is nothing to promote.
      if (secret?.versions.has(version.versionId) !== true) return;
      const order = [...secret.versions.keys()];
      if (order.indexOf(version.versionId) > order.indexOf(secret.current)) {
        secret.current = version.versionId;
      }
    },
    currentValue: ({ tenant, account, line = '' }) => {
      const secret = [...secrets].find(([name]) => name.startsWith(`${tenant}/${account}/${line}`))?.[1];
      return secret?.versions.get(secret.current);
    },
  };
}

const nameOf = ({ tenant, account, line }: Omit<SecretVersion, 'versionId'>): string =>
  `${tenant}/${account}/${line}`;
