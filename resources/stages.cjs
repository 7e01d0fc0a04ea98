/**
 * What differs between stages, and nothing else does. `keyEnvironment` is written into every key: `live` keys are
 * worth an alarm when a scanner finds one.
 */
/** Where Bedrock may run a request: every region that an inference profile routes to; global ones say `unspecified`. */
const MODEL_REGIONS = [
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
  'eu-central-1',
  'eu-north-1',
  'eu-south-1',
  'eu-south-2',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-south-1',
  'ap-south-2',
  'ap-southeast-1',
  'ap-southeast-2',
  'ap-southeast-3',
  'ap-southeast-4',
  'ca-central-1',
  'sa-east-1',
  'eu-central-2',
  'unspecified',
];

const STAGES = {
  dev: { keyEnvironment: 'test', logRetentionInDays: 7, deletionProtection: false, deletionPolicy: 'Delete' },
  staging: {
    keyEnvironment: 'test',
    logRetentionInDays: 30,
    deletionProtection: false,
    deletionPolicy: 'Delete',
  },
  prod: {
    keyEnvironment: 'live',
    logRetentionInDays: 90,
    deletionProtection: true,
    deletionPolicy: 'Retain',
  },
};

module.exports = async ({ resolveVariable }) => {
  const stage = await resolveVariable('sls:stage');
  if (Object.hasOwn(STAGES, stage)) return { ...STAGES[stage], modelRegions: MODEL_REGIONS };
  throw new Error(
    `Unknown stage "${stage}". Use --stage ${Object.keys(STAGES).join(' | ')}, or add it to resources/stages.cjs.`,
  );
};
