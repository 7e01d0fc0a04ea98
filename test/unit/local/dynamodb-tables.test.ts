import { tableNamed, tablesOfTemplate } from '../../../local/dynamodb/tables.ts';

const { create } = tableNamed('config');
const resource = (Properties: Record<string, unknown>) => ({
  Resources: {
    ConfigTable: { Type: 'AWS::DynamoDB::Table', Properties },
    Role: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'r' } },
  },
});

test('a template’s tables are made as it says, without what a laptop has no counterpart for', () => {
  const template = resource({
    ...create,
    SSESpecification: { SSEEnabled: true },
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
    Tags: [{ Key: 'a', Value: 'b' }],
  });
  expect(tablesOfTemplate(template)).toEqual([{ create, timeToLive: 'ttl' }]);
});

test('a template without tables makes none', () => {
  expect(tablesOfTemplate({})).toEqual([]);
});

test('a property that would not be honoured is named', () => {
  expect(() => tablesOfTemplate(resource({ ...create, KinesisStreamSpecification: {} }))).toThrow(
    'ConfigTable: the local DynamoDB does not know the property KinesisStreamSpecification.',
  );
});

test('a table’s name must be known without a deployment', () => {
  expect(() => tablesOfTemplate(resource({ ...create, TableName: { Ref: 'x' } }))).toThrow(
    'must be a literal',
  );
});
