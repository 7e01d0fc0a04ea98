import {
  PACKAGING_MS_MAX,
  packagedStack,
  recordOf,
  resourcesOf,
  STAGES,
  statementsOf,
} from '../support/packaged-template.ts';

const LOCK = {
  dev: { Mode: 'GOVERNANCE', Days: 1 },
  staging: { Mode: 'GOVERNANCE', Days: 30 },
  prod: { Mode: 'COMPLIANCE', Days: 400 },
};

describe.each(STAGES)('the archive of the audit log of %s', (stage) => {
  beforeAll(() => packagedStack(stage), PACKAGING_MS_MAX);

  test('locks every object from the moment it is written, and outlives the stack of production', async () => {
    const { template } = await packagedStack(stage);
    const bucket = resourcesOf(template, 'AWS::S3::Bucket').find(({ id }) => id === 'AuditArchiveBucket');
    expect(bucket?.resource['DeletionPolicy']).toBe(stage === 'prod' ? 'Retain' : 'Delete');
    expect(bucket?.properties).toMatchObject({
      BucketName: { 'Fn::Sub': `bedrock-proxy-${stage}-audit-\${AWS::AccountId}-\${AWS::Region}` },
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: LOCK[stage] } },
      VersioningConfiguration: { Status: 'Enabled' },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
  });

  test('has a name that S3 takes in every region', async () => {
    const longest = `bedrock-proxy-${stage}-audit-123456789012-ap-southeast-1`;
    expect(longest.length).toBeLessThanOrEqual(63);
  });

  test('is reached over TLS only', async () => {
    const { template } = await packagedStack(stage);
    const policies = resourcesOf(template, 'AWS::S3::BucketPolicy').filter(({ properties }) =>
      JSON.stringify(properties['Bucket']).includes('AuditArchiveBucket'),
    );
    const statements = policies.flatMap(({ properties }) =>
      [recordOf(properties['PolicyDocument'])['Statement']].flat(),
    );
    expect(statements).toEqual([
      {
        Sid: 'TlsOnly',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: [
          { 'Fn::GetAtt': ['AuditArchiveBucket', 'Arn'] },
          { 'Fn::Sub': `\${AuditArchiveBucket.Arn}/*` },
        ],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ]);
  });

  test('is fed by the streams of both tables from their beginning, and gives nothing up in silence', async () => {
    const { template } = await packagedStack(stage);
    const mappings = resourcesOf(template, 'AWS::Lambda::EventSourceMapping').map(
      ({ properties }) => properties,
    );
    expect(mappings.map((properties) => properties['EventSourceArn'])).toEqual([
      { 'Fn::GetAtt': ['AuditTable', 'StreamArn'] },
      { 'Fn::GetAtt': ['AuditHeadTable', 'StreamArn'] },
    ]);
    for (const properties of mappings) {
      expect(JSON.stringify(properties['FunctionName'])).toContain('AuditArchiveLambdaFunction');
      expect(properties).toMatchObject({
        StartingPosition: 'TRIM_HORIZON',
        BatchSize: 500,
        MaximumBatchingWindowInSeconds: 60,
        BisectBatchOnFunctionError: true,
        MaximumRetryAttempts: 10_000,
        MaximumRecordAgeInSeconds: 82_800,
        DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['AuditArchiveFailures', 'Arn'] } } },
      });
    }
  });

  test('is told what an item was and is, by the tables of the audit log and no others', async () => {
    const { template } = await packagedStack(stage);
    const streaming = resourcesOf(template, 'AWS::DynamoDB::Table')
      .filter(({ properties }) => properties['StreamSpecification'] !== undefined)
      .map(({ id, properties }) => [id, properties['StreamSpecification']]);
    expect(Object.fromEntries(streaming)).toEqual({
      AuditTable: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      AuditHeadTable: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    });
  });

  test('is added to by one function, and shortened by none', async () => {
    const { template } = await packagedStack(stage);
    const reaching = statementsOf(template).filter(({ resources }) =>
      JSON.stringify(resources).includes('AuditArchiveBucket'),
    );
    expect(reaching.map(({ role, actions }) => [role, actions])).toEqual([
      ['AuditArchiveRole', ['s3:PutObject']],
    ]);
  });
});
