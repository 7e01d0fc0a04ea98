/**
 * What differs between stages, and nothing else does. `keyEnvironment` is written into every key: `live` keys are
 * worth an alarm when a scanner finds one. `auditLockMode` and `auditRetentionInDays` bind each object of the audit
 * log's archive from the moment it is written; 400 days are the year that PCI DSS 4.0 asks for (10.5.1), and a month.
 * `usageRetentionInDays` is how long usage records are kept, as text: 'forever', or 62 days or more. They are what a bill
 * is proved by, so that none is dropped unless an operator says so here. The sums of their hours stay.
 */

/** Every region that a geographic inference profile routes to: there, too, the model must be allowed. */
const PROFILE_REGIONS = [
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
];

/** The region that IAM sees where a global inference profile routes; its models' ARNs then name none. */
const GLOBAL_PROFILES = 'unspecified';

const STAGES = {
  dev: {
    keyEnvironment: 'test',
    logRetentionInDays: 7,
    deletionProtection: false,
    deletionPolicy: 'Delete',
    auditLockMode: 'GOVERNANCE',
    auditRetentionInDays: 1,
    usageRetentionInDays: 'forever',
  },
  staging: {
    keyEnvironment: 'test',
    logRetentionInDays: 30,
    deletionProtection: false,
    deletionPolicy: 'Delete',
    auditLockMode: 'GOVERNANCE',
    auditRetentionInDays: 30,
    usageRetentionInDays: 'forever',
  },
  prod: {
    keyEnvironment: 'live',
    logRetentionInDays: 90,
    deletionProtection: true,
    deletionPolicy: 'Retain',
    auditLockMode: 'COMPLIANCE',
    auditRetentionInDays: 400,
    usageRetentionInDays: 'forever',
  },
};

/** Where Bedrock may run a request, and the models' ARNs there. A stack's own region may be one no profile routes to. */
function modelsFrom(region) {
  const regions = [...new Set([region, ...PROFILE_REGIONS])].sort();
  return {
    modelRegions: [...regions, GLOBAL_PROFILES],
    modelArns: [...regions, ''].map((from) => ({
      'Fn::Sub': `arn:\${AWS::Partition}:bedrock:${from}::foundation-model/*`,
    })),
  };
}

module.exports = async ({ resolveVariable }) => {
  const stage = await resolveVariable('sls:stage');
  if (Object.hasOwn(STAGES, stage)) {
    return { ...STAGES[stage], ...modelsFrom(await resolveVariable('self:provider.region')) };
  }
  throw new Error(
    `Unknown stage "${stage}". Use --stage ${Object.keys(STAGES).join(' | ')}, or add it to resources/stages.cjs.`,
  );
};
