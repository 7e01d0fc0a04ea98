import { RegoEngine, TemplateFile } from '@aws/cloudformation-validate';
import {
  cycleIn,
  packagedStack,
  recordOf,
  resourcesOf,
  STAGES,
  statementsOf,
} from '../support/packaged-template.ts';

describe.each(STAGES)('the data and access of %s', (stage) => {
  test('is five tables by tenant, on demand, encrypted and recoverable to the second', async () => {
    const { template } = await packagedStack(stage);
    const tables = resourcesOf(template, 'AWS::DynamoDB::Table');
    expect(
      tables
        .map(({ properties }) => String(properties['TableName']).replace(`bedrock-proxy-${stage}-`, ''))
        .sort(),
    ).toEqual(['audit', 'audit-head', 'config', 'limits', 'usage']);
    for (const { properties, resource } of tables) {
      expect(properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'PK', KeyType: 'HASH' },
          { AttributeName: 'SK', KeyType: 'RANGE' },
        ],
        SSESpecification: { SSEEnabled: true },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        DeletionProtectionEnabled: stage === 'prod',
      });
      expect(resource['DeletionPolicy']).toBe(stage === 'prod' ? 'Retain' : 'Delete');
      // Reads that decide anything must be strongly consistent, and an index cannot give that.
      expect(properties['GlobalSecondaryIndexes']).toBeUndefined();
    }
  });

  test('lets only usage records expire', async () => {
    const { template } = await packagedStack(stage);
    const expiring = resourcesOf(template, 'AWS::DynamoDB::Table').filter(
      ({ properties }) => properties['TimeToLiveSpecification'] !== undefined,
    );
    expect(
      expiring.map(({ properties }) => [properties['TableName'], properties['TimeToLiveSpecification']]),
    ).toEqual([[`bedrock-proxy-${stage}-usage`, { AttributeName: 'ttl', Enabled: true }]]);
  });

  test('makes the context secret itself, so that nobody ever types it', async () => {
    const { template } = await packagedStack(stage);
    const [secret] = resourcesOf(template, 'AWS::SecretsManager::Secret');
    expect(secret?.properties).toMatchObject({
      GenerateSecretString: {
        SecretStringTemplate: '{"current":"k1"}',
        GenerateStringKey: 'k1',
        PasswordLength: 64,
      },
    });
    expect(secret?.properties).not.toHaveProperty('SecretString');
  });

  test('grants no action and no resource by a lone wildcard', async () => {
    const { template } = await packagedStack(stage);
    const statements = statementsOf(template);
    expect(statements.length).toBeGreaterThan(10);
    for (const { actions, resources } of statements) {
      expect(actions.filter((action) => action.includes('*'))).toEqual([]);
      expect(
        resources.filter((resource) => resource === '*' || JSON.stringify(resource) === '{"Fn::Sub":"*"}'),
      ).toEqual([]);
    }
  });

  test.each([
    [
      'ProxyRole',
      [
        'bedrock:InvokeModel',
        'bedrock:InvokeModelWithResponseStream',
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
        'logs:CreateLogStream',
        'logs:PutLogEvents',
        'secretsmanager:GetSecretValue',
      ],
    ],
    [
      'AuthorizerRole',
      [
        'dynamodb:BatchGetItem',
        'dynamodb:GetItem',
        'logs:CreateLogStream',
        'logs:PutLogEvents',
        'secretsmanager:GetSecretValue',
      ],
    ],
    [
      'MetricsRole',
      [
        'dynamodb:GetItem',
        'dynamodb:Query',
        'logs:CreateLogStream',
        'logs:PutLogEvents',
        'secretsmanager:GetSecretValue',
      ],
    ],
    [
      'KeyRotationRole',
      [
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:Query',
        'dynamodb:UpdateItem',
        'logs:CreateLogStream',
        'logs:PutLogEvents',
      ],
    ],
    [
      'KeyIssuerRole',
      [
        'dynamodb:BatchGetItem',
        'dynamodb:ConditionCheckItem',
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:Query',
        'dynamodb:UpdateItem',
        'logs:CreateLogStream',
        'logs:PutLogEvents',
        'secretsmanager:GetSecretValue',
      ],
    ],
  ])('gives %s exactly what it needs', async (role, actions) => {
    const { template } = await packagedStack(stage);
    const granted = statementsOf(template)
      .filter((statement) => statement.role === role)
      .flatMap((statement) => statement.actions);
    expect([...new Set(granted)].sort()).toEqual(actions);
  });

  test('keeps keys from the proxy, and rewriting the audit log from everyone', async () => {
    const { template } = await packagedStack(stage);
    const reaching = (table: string) =>
      statementsOf(template).filter(({ resources }) => JSON.stringify(resources).includes(`"${table}"`));
    expect(reaching('ConfigTable').map(({ role }) => role)).not.toContain('ProxyRole');
    expect(
      reaching('AuditTable')
        .flatMap(({ actions }) => actions)
        .sort(),
    ).toEqual(['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query']);
  });

  test('lets models run only in regions that are named', async () => {
    const { template } = await packagedStack(stage);
    const models = statementsOf(template).filter(({ resources }) =>
      JSON.stringify(resources).includes('foundation-model'),
    );
    expect(models).toHaveLength(1);
    const regions = recordOf(models[0]?.conditions['StringEquals'])['aws:RequestedRegion'];
    expect(regions).toEqual(expect.arrayContaining(['us-east-1', 'eu-central-1', 'unspecified']));
  });

  test('sweeps every hour', async () => {
    const { template } = await packagedStack(stage);
    const rules = resourcesOf(template, 'AWS::Events::Rule').map(({ properties }) => [
      properties['ScheduleExpression'],
      properties['State'],
      JSON.stringify(properties['Targets']).includes('KeyRotationLambdaFunction'),
    ]);
    expect(rules).toEqual([['rate(1 hour)', 'ENABLED', true]]);
  });

  test('depends on itself in no circle', async () => {
    expect(cycleIn((await packagedStack(stage)).template)).toBeUndefined();
  });

  test('passes AWS’s own validation', async () => {
    const { templatePath } = await packagedStack(stage);
    const engine = new RegoEngine();
    const { diagnostics } = engine.validateStandard(new TemplateFile(templatePath));
    engine.free();
    const faults = diagnostics.filter(
      ({ severity, ruleId }) => ['FATAL', 'ERROR'].includes(severity) || ruleId === 'W3030',
    );
    expect(faults).toEqual([]);
  });
});

describe('the search for circles', () => {
  test('finds one', () => {
    const resource = (ref: string) => ({ Type: 'T', Properties: { x: { 'Fn::Sub': `\${${ref}.Arn}` } } });
    expect(
      cycleIn({
        Resources: {
          A: resource('B'),
          B: { Type: 'T', Properties: { y: [{ 'Fn::GetAtt': ['C', 'Arn'] }] } },
          C: { Type: 'T', DependsOn: 'A' },
        },
      }),
    ).toEqual(['A', 'B', 'C', 'A']);
  });
});
