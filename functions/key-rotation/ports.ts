import type { MessagePorts } from '../../shared/keys/ports.ts';
import type { Clock, LimitsStore, Log } from '../../shared/ports.ts';
import type { RollupPorts } from './sweep-rollups.ts';

/** What the sweep asks of the outside. */
export interface KeyRotationPorts extends MessagePorts, RollupPorts {
  readonly limits: Pick<LimitsStore, 'sweep' | 'readSpend'>;
  readonly clock: Clock;
  readonly log: Log;
}
