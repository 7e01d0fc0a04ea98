import type { KeyEnvironment } from '../../shared/domain/api-key.ts';
import type { RandomBytes } from '../../shared/domain/ids.ts';
import type { Clock, ContextSecretSource, CredentialStore, Log, TenancyStore } from '../../shared/ports.ts';

/** What the key issuer asks of the outside. */
export interface KeyIssuerPorts {
  readonly tenancy: TenancyStore;
  readonly credentials: CredentialStore;
  readonly secrets: ContextSecretSource;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  /** What new keys say they are for. */
  readonly keyEnvironment: KeyEnvironment;
}
