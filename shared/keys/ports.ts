/** What making and moving keys asks of the outside. */
import type { KeyEnvironment } from '../domain/api-key.ts';
import type { RandomBytes } from '../domain/ids.ts';
import type { DeploymentSettings, EventBus, SecretVault, TenancyStore } from '../ports.ts';

export interface KeyPorts {
  readonly tenancy: TenancyStore;
  readonly vault: SecretVault;
  readonly random: RandomBytes;
  /** What new keys say they are for. */
  readonly keyEnvironment: KeyEnvironment;
}

/** What telling the world asks besides. */
export interface MessagePorts extends KeyPorts {
  readonly events: EventBus;
  readonly settings: DeploymentSettings;
}
