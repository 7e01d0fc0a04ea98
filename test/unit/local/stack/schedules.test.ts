import { schedulesOfTemplate } from '../../../../local/stack/schedules.ts';

const ruleOf = (properties: Record<string, unknown>) => ({
  Resources: {
    SweepRule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        Targets: [{ Id: 't', Arn: { 'Fn::GetAtt': ['KeyRotationLambdaFunction', 'Arn'] } }],
        ...properties,
      },
    },
  },
});

describe('the schedules of a template', () => {
  test.each([
    ['rate(1 hour)', 3_600_000],
    ['rate(5 minutes)', 300_000],
    ['rate(2 days)', 172_800_000],
  ])('%s is every %i ms', (expression, everyMs) => {
    expect(schedulesOfTemplate(ruleOf({ ScheduleExpression: expression }))).toEqual([
      { rule: 'SweepRule', everyMs, functionId: 'KeyRotationLambdaFunction' },
    ]);
  });

  test('a disabled rule never fires', () => {
    expect(schedulesOfTemplate(ruleOf({ ScheduleExpression: 'rate(1 hour)', State: 'DISABLED' }))).toEqual(
      [],
    );
  });

  test('a rule that listens to the bus is no schedule, whatever its targets', () => {
    const pattern = { EventPattern: { source: ['app'] }, Targets: [{ Id: 't', Arn: { Ref: 'Topic' } }] };
    expect(schedulesOfTemplate(ruleOf(pattern))).toEqual([]);
  });

  test('an expression that no timer keeps stops the stack and is named', () => {
    expect(() => schedulesOfTemplate(ruleOf({ ScheduleExpression: 'cron(0 * * * ? *)' }))).toThrow(
      "SweepRule: the local stack keeps rate(…) schedules only, not 'cron(0 * * * ? *)'.",
    );
  });
});
