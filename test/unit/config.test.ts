import { loadConfig } from '../../shared/config.ts';

const ENVIRONMENT = {
  STAGE: 'test',
  AWS_REGION: 'eu-central-1',
  CONFIG_TABLE: 'config',
  LIMITS_TABLE: 'limits',
  USAGE_TABLE: 'usage',
  AUDIT_TABLE: 'audit',
  AUDIT_HEAD_TABLE: 'audit-head',
  AUDIT_ARCHIVE: 'archive',
  CONTEXT_SECRET_ID: 'context',
  BASE_URL_PARAMETER: '/bedrock-proxy/test/base-url',
  KEY_ENVIRONMENT: 'test',
  USAGE_RETENTION_DAYS: 'forever',
};
const daysOf = (text: string) =>
  loadConfig({ ...ENVIRONMENT, USAGE_RETENTION_DAYS: text }).usageRetentionDays;

describe('the retention of usage records', () => {
  test('is for ever, or two months and more', () => {
    expect([daysOf('forever'), daysOf('62'), daysOf('3650')]).toEqual([undefined, 62, 3650]);
  });

  test.each(['61', '0', '-1', '1.5', '', 'never', '400 days', '1e9'])('is refused as %j', (text) => {
    expect(() => daysOf(text)).toThrow(
      'Missing or malformed environment: USAGE_RETENTION_DAYS. They are set in serverless.yml (provider.environment).',
    );
  });
});
