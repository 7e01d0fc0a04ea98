import { createRequire } from 'node:module';
import { RegoEngine, TemplateFile } from '@aws/cloudformation-validate';
import {
  cycleIn,
  denialsOf,
  PACKAGING_MS_MAX,
  packagedStack,
  recordOf,
  resourcesOf,
  STAGES,
  statementsOf,
} from '../support/packaged-template.ts';

const WRITES_LOG = ['CreateLogStream', 'PutLogEvents'];
const DELIVERS_KEYS = {
  secret: [
    'CreateSecret',
    'DescribeSecret',
    'GetSecretValue',
    'PutSecretValue',
    'TagResource',
    'UpdateSecretVersionStage',
  ],
  'event-bus': ['PutEvents'],
  parameter: ['GetParameter'],
};
const READS_STREAM = ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'];
const INVOKES = ['InvokeModel', 'InvokeModelWithResponseStream'];

/** Actions that the service authorization reference has on no resource: they are granted by `*` or not at all. */
const ON_NO_RESOURCE = ['bedrock:InvokeGuardrailChecks'];

/** The actions of each role by what they are granted on; transactions need those of their parts. */
const GRANTS = {
  AuditArchiveRole: {
    AuditTable: READS_STREAM,
    AuditHeadTable: READS_STREAM,
    AuditArchiveBucket: ['PutObject'],
    AuditArchiveFailures: ['SendMessage'],
    log: WRITES_LOG,
  },
  AuthorizerRole: {
    ConfigTable: ['BatchGetItem', 'GetItem', 'UpdateItem'],
    ContextSecret: ['GetSecretValue'],
    log: WRITES_LOG,
  },
  KeyIssuerRole: {
    ConfigTable: ['BatchGetItem', 'ConditionCheckItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query'],
    AuditTable: ['PutItem'],
    AuditHeadTable: ['GetItem', 'UpdateItem'],
    LimitsTable: ['GetItem'],
    ContextSecret: ['GetSecretValue'],
    ...DELIVERS_KEYS,
    'tenant-settings': ['GetParameter', 'PutParameter'],
    'application-inference-profile': ['GetInferenceProfile'],
    log: WRITES_LOG,
  },
  KeyRotationRole: {
    ConfigTable: ['ConditionCheckItem', 'GetItem', 'PutItem', 'Query'],
    AuditTable: ['PutItem'],
    AuditHeadTable: ['GetItem', 'UpdateItem'],
    LimitsTable: ['GetItem', 'UpdateItem'],
    UsageTable: ['GetItem', 'PutItem', 'Query'],
    ...DELIVERS_KEYS,
    log: WRITES_LOG,
  },
  MetricsRole: {
    ConfigTable: ['Query'],
    UsageTable: ['Query'],
    AuditTable: ['Query'],
    AuditHeadTable: ['GetItem'],
    ContextSecret: ['GetSecretValue'],
    log: WRITES_LOG,
  },
  ProxyRole: {
    'inference-profile': ['GetInferenceProfile', ...INVOKES],
    'application-inference-profile': ['GetInferenceProfile', ...INVOKES],
    'foundation-model': INVOKES,
    // No resource can be named for it.
    '"*"': ['InvokeGuardrailChecks'],
    ConfigTable: ['BatchGetItem'],
    LimitsTable: ['GetItem', 'UpdateItem'],
    UsageTable: ['GetItem', 'PutItem'],
    ContextSecret: ['GetSecretValue'],
    'tenant-settings': ['GetParameter'],
    log: WRITES_LOG,
  },
};

/** What a statement's resource is: a resource of the template by its logical id, a log, a kind of model or of secret. */
function placeOf(resource: unknown): string {
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Sub': text } = recordOf(resource);
  if (Ref !== undefined) return String(Ref);
  if (attribute !== undefined) return String([attribute].flat()[0]);
  const [, holder] = /^\$\{(\w+)\.Arn\}\/\*$/.exec(String(text)) ?? [];
  if (holder !== undefined) return holder;
  if (/:parameter\/[^*]*\/tenants\/\*\/settings$/.test(String(text))) return 'tenant-settings';
  const [, kind] =
    /:(log-group|[a-z-]*inference-profile|foundation-model|secret|event-bus|parameter)[:/]/.exec(
      String(text),
    ) ?? [];
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

  test('lets only usage records expire, and of the configuration what may be forgotten', async () => {
    const { template } = await packagedStack(stage);
    const expiring = resourcesOf(template, 'AWS::DynamoDB::Table').filter(
      ({ properties }) => properties['TimeToLiveSpecification'] !== undefined,
    );
    expect(
      expiring.map(({ properties }) => [properties['TableName'], properties['TimeToLiveSpecification']]),
    ).toEqual(
      ['config', 'usage'].map((table) => [
        `bedrock-proxy-${stage}-${table}`,
        { AttributeName: 'ttl', Enabled: true },
      ]),
    );
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

  test('grants no action by a wildcard, and no resource by a lone one but where there is none to name', async () => {
    const { template } = await packagedStack(stage);
    const statements = statementsOf(template);
    expect(statements.length).toBeGreaterThan(10);
    for (const { actions, resources } of statements) {
      expect(actions.filter((action) => action.includes('*'))).toEqual([]);
      if (actions.every((action) => ON_NO_RESOURCE.includes(action))) continue;
      expect(
        resources.filter((resource) => resource === '*' || JSON.stringify(resource) === '{"Fn::Sub":"*"}'),
      ).toEqual([]);
    }
  });

  test.each(Object.entries(GRANTS))('gives %s exactly what it needs', async (role, grants) => {
    const { template } = await packagedStack(stage);
    const granted = new Map<string, readonly string[]>();
    for (const statement of statementsOf(template).filter((one) => one.role === role)) {
      const verbs = statement.actions.map((action) => action.split(':')[1] ?? '');
      for (const place of new Set(statement.resources.map(placeOf)))
        granted.set(place, [...(granted.get(place) ?? []), ...verbs].sort());
    }
    expect(Object.fromEntries(granted)).toEqual(grants);
  });

  test('lets the authorizer write marks of use, and no attribute of a key', async () => {
    const { template } = await packagedStack(stage);
    const writing = statementsOf(template).filter(
      ({ role, actions }) => role === 'AuthorizerRole' && actions.includes('dynamodb:UpdateItem'),
    );
    expect(writing.map(({ actions, conditions }) => [actions, conditions])).toEqual([
      [
        ['dynamodb:UpdateItem'],
        {
          'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['PK', 'SK', 'lastUsedAtMs', 'usedClaim'] },
          StringEqualsIfExists: { 'dynamodb:ReturnValues': 'NONE' },
        },
      ],
    ]);
  });

  test('lets the functions that deliver keys reach the secrets, bus and parameter of the product alone', async () => {
    const { template } = await packagedStack(stage);
    const delivering = ['secret', 'event-bus', 'parameter'];
    const granted = statementsOf(template)
      .filter(({ resources }) => resources.some((resource) => delivering.includes(placeOf(resource))))
      .map(({ role, resources, conditions }) => [role, resources, conditions]);
    const own = (service: string, rest: string) => [
      { 'Fn::Sub': `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${rest}` },
    ];
    expect(granted).toEqual(
      ['KeyIssuerRole', 'KeyRotationRole'].flatMap((role) => [
        [role, own('secretsmanager', `secret:bedrock-proxy/${stage}/tenants/*`), {}],
        [role, own('events', 'event-bus/default'), { StringEquals: { 'events:source': 'bedrock-proxy' } }],
        [role, own('ssm', `parameter/bedrock-proxy/${stage}/base-url`), {}],
      ]),
    );
  });

  test('lets issuer and proxy reach the settings of tenants of this stage, and the proxy only read them', async () => {
    const { template } = await packagedStack(stage);
    const granted = statementsOf(template)
      .filter(({ resources }) => JSON.stringify(resources).includes('/settings'))
      .map(({ role, actions, resources, conditions }) => [role, actions, resources, conditions]);
    const settings = `parameter/bedrock-proxy/${stage}/tenants/*/settings`;
    const own = [{ 'Fn::Sub': `arn:\${AWS::Partition}:ssm:\${AWS::Region}:\${AWS::AccountId}:${settings}` }];
    expect(granted).toEqual([
      ['KeyIssuerRole', ['ssm:GetParameter', 'ssm:PutParameter'], own, {}],
      ['ProxyRole', ['ssm:GetParameter'], own, {}],
    ]);
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
      ['AuditArchiveRole', own('auditArchive')],
      ['AuthorizerRole', own('authorizer')],
      ['KeyIssuerRole', own('keyIssuer')],
      ['KeyRotationRole', own('keyRotation')],
      ['MetricsRole', own('metrics')],
      ['ProxyRole', own('proxy')],
    ]);
  });

  test('shows the proxy of keys whether they hold and nothing else', async () => {
    const { template } = await packagedStack(stage);
    const reads = statementsOf(template).filter(
      ({ role, resources }) => role === 'ProxyRole' && resources.map(placeOf).includes('ConfigTable'),
    );
    expect(reads).toEqual([
      {
        role: 'ProxyRole',
        actions: ['dynamodb:BatchGetItem'],
        resources: [{ 'Fn::GetAtt': ['ConfigTable', 'Arn'] }],
        conditions: {
          'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['PK', 'SK', 'status'] },
          StringEqualsIfExists: { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' },
        },
      },
    ]);
  });

  test('keeps rewriting the audit log from everyone', async () => {
    const { template } = await packagedStack(stage);
    const reaching = (table: string) =>
      statementsOf(template).filter(({ resources }) => JSON.stringify(resources).includes(`"${table}"`));
    const audit = reaching('AuditTable').filter(({ role }) => role !== 'AuditArchiveRole');
    expect([...new Set(audit.flatMap(({ actions }) => actions))].sort()).toEqual([
      'dynamodb:PutItem',
      'dynamodb:Query',
    ]);
  });

  test('denies every role to rewrite the audit log, whatever it is granted one day', async () => {
    const { template } = await packagedStack(stage);
    const denied = (table: string, role: string) =>
      denialsOf(template)
        .filter(({ roles, resources }) => roles.includes(role) && resources.map(placeOf).includes(table))
        .flatMap(({ actions, conditions }) => {
          expect(conditions).toEqual({});
          return actions.map((action) => action.replace('dynamodb:', ''));
        })
        .sort();
    const always = ['BatchWriteItem', 'DeleteItem', 'PartiQLDelete', 'PartiQLInsert', 'PartiQLUpdate'];
    for (const { id } of resourcesOf(template, 'AWS::IAM::Role')) {
      expect([id, denied('AuditTable', id)]).toEqual([id, [...always, 'UpdateItem']]);
      const moves = ['KeyIssuerRole', 'KeyRotationRole'].includes(id);
      expect([id, denied('AuditHeadTable', id)]).toEqual([
        id,
        [...always, 'PutItem', ...(moves ? [] : ['UpdateItem'])],
      ]);
    }
    // What the roles live by is not among it.
    const granted = statementsOf(template).flatMap(({ role, actions, resources }) =>
      resources.flatMap((resource) => actions.map((action) => ({ role, action, place: placeOf(resource) }))),
    );
    for (const { role, action, place } of granted) {
      if (['AuditTable', 'AuditHeadTable'].includes(place))
        expect(denied(place, role)).not.toContain(action.replace('dynamodb:', ''));
    }
  });

  test('shows the metrics function the organisation’s partition of the configuration alone', async () => {
    const { template } = await packagedStack(stage);
    const reads = statementsOf(template).filter(
      ({ role, resources }) => role === 'MetricsRole' && resources.map(placeOf).includes('ConfigTable'),
    );
    expect(reads.map(({ actions, conditions }) => [actions, conditions])).toEqual([
      [['dynamodb:Query'], { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['ORG'] } }],
    ]);
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
    const rules = resourcesOf(template, 'AWS::Events::Rule')
      .filter(({ properties }) => properties['EventPattern'] === undefined)
      .map(({ properties }) => [
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
