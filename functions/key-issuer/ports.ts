import type { Model } from '../../shared/domain/model.ts';
import type { ModelAliases } from '../../shared/domain/tenant-settings.ts';
import type { MessagePorts } from '../../shared/keys/ports.ts';
import type {
  Clock,
  ContextSecretSource,
  CredentialStore,
  InferenceProfiles,
  LimitsStore,
  Log,
  TenantSettingsStore,
} from '../../shared/ports.ts';

/** What the key issuer asks of the outside. */
export interface KeyIssuerPorts extends MessagePorts {
  readonly credentials: CredentialStore;
  readonly limits: Pick<LimitsStore, 'readSpend' | 'readHeld'>;
  readonly tenantSettings: TenantSettingsStore;
  /** The models of the deployment. */
  readonly catalogue: readonly Model[];
  /** The deployment's own names for models. */
  readonly aliases: ModelAliases;
  readonly profiles: Pick<InferenceProfiles, 'modelOf'>;
  /** The deployment's region: no profile of another can be called. */
  readonly region: string;
  readonly secrets: ContextSecretSource;
  readonly clock: Clock;
  readonly log: Log;
}
