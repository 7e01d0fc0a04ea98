import type { ErrorCode } from '../../shared/domain/gateway-error.ts';
import { keyId, projectId } from '../../shared/domain/ids.ts';
import type { EmbeddedMetrics, LogEvent } from '../../shared/domain/log-event.ts';
import type { UsageRecord } from '../../shared/domain/usage.ts';

/** What a request's line says beyond its usage record. */
export interface UsageFacts {
  readonly stage: string;
  readonly stream: boolean;
  /** From its arrival to its settlement. */
  readonly durationMs: number;
  /** From its arrival to Bedrock's acceptance; undefined where Bedrock did not accept. */
  readonly acceptedMs?: number;
  readonly error?: ErrorCode;
  /** Whether it would have been refused, were no limit in shadow. */
  readonly isBeyondShadow: boolean;
}

const METRICS = [
  { Name: 'Requests', Unit: 'Count' },
  { Name: 'Failures', Unit: 'Count' },
  { Name: 'ShadowRefusals', Unit: 'Count' },
  { Name: 'InputTokens', Unit: 'Count' },
  { Name: 'OutputTokens', Unit: 'Count' },
  { Name: 'NanoUsd', Unit: 'None' },
  { Name: 'DurationMs', Unit: 'Milliseconds' },
] as const;
/** Few dimensions, since CloudWatch charges for each combination; model and key are facts to search by. */
const DIMENSIONS = [['Stage'], ['Stage', 'TenantId']] as const;

/** The one line of a request, which CloudWatch also counts. No text of the request or its answer is in it. */
export function usageEvent(record: UsageRecord, facts: UsageFacts): LogEvent {
  const { usage } = record;
  return {
    level: record.outcome === 'failed' ? 'warn' : 'info',
    event: 'usage',
    _aws: metricsAt(record.settledAtMs),
    tenant: record.tenant,
    request: record.request,
    apiKey: keyId(record.tenant, record.key),
    account: record.account,
    model: record.model,
    endpoint: record.endpoint,
    serviceTier: record.serviceTier,
    outcome: record.outcome,
    stream: facts.stream,
    estimated: record.estimated,
    error: facts.error,
    acceptedMs: facts.acceptedMs,
    cacheReadTokens: usage.cacheRead,
    cacheWriteTokens: usage.cacheWrite,
    Stage: facts.stage,
    TenantId: projectId(record.tenant),
    Requests: 1,
    Failures: record.outcome === 'failed' ? 1 : 0,
    ShadowRefusals: facts.isBeyondShadow ? 1 : 0,
    InputTokens: usage.input,
    OutputTokens: usage.output,
    NanoUsd: record.nanoUsd,
    DurationMs: facts.durationMs,
  };
}

const metricsAt = (timeMs: number): EmbeddedMetrics => ({
  Timestamp: timeMs,
  CloudWatchMetrics: [{ Namespace: 'BedrockProxy', Dimensions: DIMENSIONS, Metrics: METRICS }],
});
