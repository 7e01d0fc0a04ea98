/** The template's EventBridge rules, on timers that keep no process alive. */
import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { type CompiledTemplate, resourcesOfType } from '../api-gateway/compiled-template.ts';
import { LOCAL_ACCOUNT } from '../api-gateway/intrinsics.ts';
import { LOCAL_REGION } from './identity.ts';

export interface Schedule {
  readonly rule: string;
  readonly everyMs: number;
  /** Logical id of the Lambda function that the rule invokes. */
  readonly functionId: string;
}

const MINUTE_MS = 60_000;
const UNITS_MS = { minute: MINUTE_MS, hour: 60 * MINUTE_MS, day: 24 * 60 * MINUTE_MS } as const;
const RATE = /^rate\((\d{1,4}) (minute|hour|day)s?\)$/;

const properties = z.object({
  ScheduleExpression: z.optional(z.string()),
  State: z.optional(z.enum(['ENABLED', 'DISABLED'])),
  Targets: z.unknown(),
});

const functionTargets = z.array(
  z.object({ Arn: z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) }) }),
);

/** The enabled schedules of a compiled template. Throws on an expression that no local timer keeps. */
export function schedulesOfTemplate(template: CompiledTemplate): readonly Schedule[] {
  return resourcesOfType(template, 'AWS::Events::Rule').flatMap(({ logicalId, properties: given }) => {
    const rule = properties.parse(given);
    // A rule without a schedule listens to the bus, whose events are only kept here.
    if (rule.State === 'DISABLED' || rule.ScheduleExpression === undefined) return [];
    const everyMs = periodOf(rule.ScheduleExpression);
    if (everyMs === undefined) {
      throw new Error(
        `${logicalId}: the local stack keeps rate(…) schedules only, not '${rule.ScheduleExpression}'.`,
      );
    }
    return functionTargets
      .parse(rule.Targets)
      .map(({ Arn }) => ({ rule: logicalId, everyMs, functionId: Arn['Fn::GetAtt'][0] }));
  });
}

/** Starts a timer a schedule; the function returned stops them. A failed invocation waits for the next one. */
export function startSchedules(
  schedules: readonly Schedule[],
  invoke: (functionId: string, event: object) => Promise<unknown>,
): () => void {
  const timers = schedules.map((schedule) => {
    const run = () =>
      void invoke(schedule.functionId, scheduledEvent(schedule, new Date())).catch(() => undefined);
    return setInterval(run, schedule.everyMs).unref();
  });
  return () => {
    for (const timer of timers) clearInterval(timer);
  };
}

/** The event that EventBridge sends for a schedule. */
const scheduledEvent = (schedule: Schedule, at: Date): object => ({
  version: '0',
  id: randomUUID(),
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: LOCAL_ACCOUNT,
  time: at.toISOString().replace(/\.\d{3}Z$/, 'Z'),
  region: LOCAL_REGION,
  resources: [`arn:aws:events:${LOCAL_REGION}:${LOCAL_ACCOUNT}:rule/${schedule.rule}`],
  detail: {},
});

function periodOf(expression: string): number | undefined {
  const [, count, unit] = RATE.exec(expression) ?? [];
  if (unit !== 'minute' && unit !== 'hour' && unit !== 'day') return undefined;
  return Number(count) * UNITS_MS[unit];
}
