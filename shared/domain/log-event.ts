/** What the log is told. */
import type { TenantRef } from './ids.ts';

/** One event: its name, its level and flat facts. Never a body, a prompt or a secret. */
export interface LogEvent {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly tenant?: TenantRef;
  readonly [fact: string]: string | number | boolean | EmbeddedMetrics | undefined;
}

/** Which facts of the line CloudWatch is to count (embedded metric format); always the fact `_aws`. */
export interface EmbeddedMetrics {
  readonly Timestamp: number;
  readonly CloudWatchMetrics: readonly {
    readonly Namespace: string;
    readonly Dimensions: readonly (readonly string[])[];
    readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
  }[];
}
