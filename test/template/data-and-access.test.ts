import { createRequire } from 'node:module';
import { RegoEngine, TemplateFile } from '@aws/cloudformation-validate';
import {
  cycleIn,
  PACKAGING_MS_MAX,
  packagedStack,
  recordOf,
  resourcesOf,
  STAGES,
  statementsOf,
} from '../support/packaged-template.ts';

const WRITES_LOG = ['CreateLogStream', 'PutLogEvents'];
const INVOKES = ['InvokeModel', 'InvokeModelWithResponseStream'];

/** The actions of each role by what they are granted on; transactions need those of their parts. */
const GRANTS = {
  AuthorizerRole: {
    ConfigTable: ['BatchGetItem', 'GetItem'],
    ContextSecret: ['GetSecretValue'],
    log: WRITES_LOG,
  },
  KeyIssuerRole: {
    ConfigTable: ['BatchGetItem', 'ConditionCheckItem', 'GetItem', 'PutItem', 'Query', 'UpdateItem'],
    AuditTable: ['PutItem', 'Query'],
    AuditHeadTable: ['GetItem', 'UpdateItem'],
    ContextSecret: ['GetSecretValue'],
    log: WRITES_LOG,
  },
  KeyRotationRole: {
    ConfigTable: ['GetItem', 'Query'],
    LimitsTable: ['GetItem', 'UpdateItem'],
    UsageTable: ['GetItem', 'PutItem'],
    log: WRITES_LOG,
  },
  MetricsRole: {
    ConfigTable: ['GetItem', 'Query'],
    UsageTable: ['Query'],
    ContextSecret: ['GetSecretValue'],
    log: WRITES_LOG,
  },
  ProxyRole: {
    'inference-profile': INVOKES,
    'application-inference-profile': INVOKES,
    'foundation-model': INVOKES,
    LimitsTable: ['GetItem', 'UpdateItem'],
    UsageTable: ['GetItem', 'PutItem'],
    ContextSecret: ['GetSecretValue'],
    log: WRITES_LOG,
  },
};

/** What a statement's resource is: a resource of the template by its logical id, a log, a kind of model. */
function placeOf(resource: unknown): string {
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Sub': text } = recordOf(resource);
  if (Ref !== undefined) return String(Ref);
  if (attribute !== undefined) return String([attribute].flat()[0]);
  const [, kind] = /:(log-group|[a-z-]*inference-profile|foundation-model)[:/]/.exec(String(text)) ?? [];
  return kind === 'log-group' ? 'log' : (kind ?? JSON.stringify(resource));
}

/** One for all stages: compiling its rules takes seconds. */
const validator = new RegoEngine();
afterAll(() => validator.free());

describe.each(STAGES)('the data and access of %s', (stage) => {
  beforeAll(() => packagedStack(stage), PACKAGING_MS_MAX);

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

  test.each(Object.entries(GRANTS))('gives %s exactly what it needs', async (role, grants) => {
    const { template } = await packagedStack(stage);
    const granted = statementsOf(template)
      .filter((statement) => statement.role === role)
      .flatMap(({ actions, resources }) => {
        const verbs = actions.map((action) => action.split(':')[1]).sort();
        return [...new Set(resources.map(placeOf))].map((place) => [place, verbs]);
      });
    expect(Object.fromEntries(granted)).toEqual(grants);
  });

  test('lets a function write to no log but its own', async () => {
    const { template } = await packagedStack(stage);
    const logs = statementsOf(template).flatMap(({ role, resources }) =>
      resources.filter((resource) => placeOf(resource) === 'log').map((resource) => [role, resource]),
    );
    const own = (name: string) => ({
      'Fn::Sub': `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:/aws/lambda/bedrock-proxy-${stage}-${name}:*`,
    });
    expect(logs.sort()).toEqual([
      ['AuthorizerRole', own('authorizer')],
      ['KeyIssuerRole', own('keyIssuer')],
      ['KeyRotationRole', own('keyRotation')],
      ['MetricsRole', own('metrics')],
      ['ProxyRole', own('proxy')],
    ]);
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
    ).toEqual(['dynamodb:PutItem', 'dynamodb:Query']);
  });

  test('lets models run only in regions that are named', async () => {
    const { template } = await packagedStack(stage);
    const models = statementsOf(template).filter(({ resources }) =>
      JSON.stringify(resources).includes('foundation-model'),
    );
    expect(models).toHaveLength(1);
    const regions = recordOf(models[0]?.conditions['StringEquals'])['aws:RequestedRegion'];
    expect(regions).toEqual(expect.arrayContaining(['us-east-1', 'eu-central-1', 'unspecified']));
    // A global inference profile is authorised against a model without a region.
    const inRegions = [regions].flat().map((region) => (region === 'unspecified' ? '' : region));
    expect(models[0]?.resources).toEqual(
      inRegions.map((region) => ({
        'Fn::Sub': `arn:\${AWS::Partition}:bedrock:${region}::foundation-model/*`,
      })),
    );
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
    const { diagnostics } = validator.validateStandard(new TemplateFile(templatePath));
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

describe('a stack in a region that no inference profile routes to', () => {
  test('may run the models of its own region', async () => {
    const stagesOf: unknown = createRequire(import.meta.url)('../../resources/stages.cjs');
    if (typeof stagesOf !== 'function') throw new Error('resources/stages.cjs exports no function.');
    const variables: Record<string, string> = { 'sls:stage': 'dev', 'self:provider.region': 'il-central-1' };
    const stage = recordOf(await stagesOf({ resolveVariable: async (name: string) => variables[name] }));
    expect(stage['modelRegions']).toContain('il-central-1');
    expect(stage['modelArns']).toContainEqual({
      'Fn::Sub': `arn:\${AWS::Partition}:bedrock:il-central-1::foundation-model/*`,
    });
  });
});
