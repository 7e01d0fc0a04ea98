import type { RandomBytes } from '../../shared/domain/ids.ts';
import type { Model } from '../../shared/domain/model.ts';
import type { ModelAliases } from '../../shared/domain/tenant-settings.ts';
import type {
  Clock,
  GuardrailChecks,
  InferenceProfiles,
  KeyWatch,
  LimitsStore,
  Log,
  ModelInvoker,
  ModelRuntime,
  TenantSettingsStore,
  Timer,
} from '../../shared/ports.ts';

/** Everything that the inference plane asks of the outside world. */
export interface ProxyDependencies {
  readonly limits: LimitsStore;
  readonly runtime: ModelRuntime;
  readonly invoker: ModelInvoker;
  readonly guardrailChecks: GuardrailChecks;
  readonly keyWatch: KeyWatch;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: RandomBytes;
  readonly log: Log;
  readonly catalogue: readonly Model[];
  /** The deployment's own names for models. */
  readonly aliases: ModelAliases;
  readonly tenantSettings: Pick<TenantSettingsStore, 'read'>;
  readonly profiles: InferenceProfiles;
  /** The deployment's stage, a dimension of its metrics. */
  readonly stage: string;
}
