import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  PACKAGING_MS_MAX,
  packagedStack,
  recordOf,
  resourcesOf,
  STAGES,
} from '../support/packaged-template.ts';

/** Alarms by what they watch: how much of it in which time, and what silence means. */
const ALARMS = {
  'archive-failures': ['ApproximateNumberOfMessagesVisible', 'Maximum', '>', 0, '1 x 300 s', 'notBreaching'],
  'audit-tampered': ['audit-tampered', 'Sum', '>', 0, '1 x 300 s', 'notBreaching'],
  'charge-misjudged': ['charge-misjudged', 'Sum', '>', 0, '1 x 300 s', 'notBreaching'],
  'entry-unreadable': ['entry-unreadable', 'Sum', '>', 0, '1 x 3600 s', 'notBreaching'],
  'key-unclaimed': ['key-unclaimed', 'Sum', '>', 0, '1 x 300 s', 'notBreaching'],
  'limits-throttled': ['WriteThrottleEvents', 'Sum', '>', 100, '3 x 300 s', 'notBreaching'],
  orphans: ['orphans-settled', 'Sum', '>', 20, '1 x 3600 s', 'notBreaching'],
  'rotation-overdue': ['rotation-overdue', 'Sum', '>', 0, '1 x 3600 s', 'notBreaching'],
  'settlement-failing': ['settlement-failing', 'Sum', '>', 0, '3 x 300 s', 'notBreaching'],
  'sweep-failing': ['sweep-failing', 'Sum', '>', 0, '3 x 3600 s', 'notBreaching'],
  'sweep-missing': ['sweep-finished', 'Sum', '<', 1, '3 x 3600 s', 'breaching'],
};
const COMPARISONS: Readonly<Record<string, string>> = { GreaterThanThreshold: '>', LessThanThreshold: '<' };

/** Which source writes an event, by the log that it is counted in. */
const WRITERS: Readonly<Record<string, readonly string[]>> = {
  AuditArchiveLogGroup: ['functions/audit-archive/create-handler.ts'],
  KeyRotationLogGroup: [
    'functions/key-rotation/create-handler.ts',
    'functions/key-rotation/sweep-keys.ts',
    'functions/key-rotation/sweep-outbox.ts',
    'shared/aws/limits-recovery.ts',
  ],
  ProxyLogGroup: [
    'functions/proxy/settlement.ts',
    'shared/aws/limits-recovery.ts',
    'shared/aws/limits-settlement.ts',
  ],
};
const sourceOf = (file: string) => readFileSync(path.resolve(import.meta.dirname, '../..', file), 'utf8');

describe.each(STAGES)('the alarms of %s', (stage) => {
  beforeAll(() => packagedStack(stage), PACKAGING_MS_MAX);

  test('are these, and tell the notifications topic', async () => {
    const { template } = await packagedStack(stage);
    const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm').map(({ properties }) => {
      expect(properties['AlarmActions']).toEqual([{ Ref: 'NotificationsTopic' }]);
      const { MetricName, Statistic, ComparisonOperator, Threshold, TreatMissingData } = properties;
      return [
        String(properties['AlarmName']).replace(`bedrock-proxy-${stage}-`, ''),
        [
          MetricName,
          Statistic,
          COMPARISONS[String(ComparisonOperator)],
          Threshold,
          `${properties['EvaluationPeriods']} x ${properties['Period']} s`,
          TreatMissingData,
        ],
      ];
    });
    expect(Object.fromEntries(alarms)).toEqual(ALARMS);
  });

  test('watch metrics that something counts, in a space of this stage', async () => {
    const { template } = await packagedStack(stage);
    const counted = resourcesOf(template, 'AWS::Logs::MetricFilter').map(({ properties }) => {
      const [transformation] = [properties['MetricTransformations']].flat();
      const { MetricNamespace, MetricName, MetricValue } = recordOf(transformation);
      expect([MetricNamespace, MetricValue]).toEqual([`BedrockProxy/${stage}`, '1']);
      return MetricName;
    });
    const watched = resourcesOf(template, 'AWS::CloudWatch::Alarm').flatMap(({ properties }) =>
      properties['Namespace'] === `BedrockProxy/${stage}` ? [properties['MetricName']] : [],
    );
    expect([...new Set(counted)].sort()).toEqual(watched.sort());
    const [queue] = resourcesOf(template, 'AWS::CloudWatch::Alarm').filter(
      ({ properties }) => properties['Namespace'] === 'AWS/SQS',
    );
    expect(queue?.properties['Dimensions']).toEqual([
      { Name: 'QueueName', Value: { 'Fn::GetAtt': ['AuditArchiveFailures', 'QueueName'] } },
    ]);
  });

  test('count events that the functions of these logs write', async () => {
    const { template } = await packagedStack(stage);
    const groups = resourcesOf(template, 'AWS::Logs::LogGroup').map(({ id }) => id);
    for (const { properties } of resourcesOf(template, 'AWS::Logs::MetricFilter')) {
      const group = String(recordOf(properties['LogGroupName'])['Ref']);
      expect(groups).toContain(group);
      const sources = (WRITERS[group] ?? []).map(sourceOf).join('');
      const events = [...String(properties['FilterPattern']).matchAll(/\$\.event = "([\w.-]+)"/g)];
      expect(events.length).toBeGreaterThan(0);
      for (const [, event] of events) expect(sources).toContain(`event: '${event}'`);
    }
  });
});
