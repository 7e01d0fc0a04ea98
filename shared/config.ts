/** The environment, read once at init by schema. Every value is a literal of the template (see serverless.yml). */
import * as z from 'zod/mini';

const name = z.string().check(z.regex(/^[A-Za-z0-9_./-]{1,255}$/));
const endpoint = z.optional(z.string().check(z.regex(/^https?:\/\//)));

/** A month's counters can be rebuilt, and a month reconciled, while its records and the month's before are there. */
const RETENTION_DAYS_MIN = 62;
const retention = z.pipe(
  z.string().check(z.regex(/^(forever|[1-9]\d{0,4})$/)),
  z.transform((text) => (text === 'forever' ? undefined : Number(text))),
);

const schema = z.object({
  STAGE: z.string().check(z.regex(/^[a-z][a-z0-9-]{0,15}$/)),
  AWS_REGION: z.string().check(z.regex(/^[a-z]{2}(-[a-z]+)+-\d$/)),
  CONFIG_TABLE: name,
  LIMITS_TABLE: name,
  USAGE_TABLE: name,
  AUDIT_TABLE: name,
  AUDIT_HEAD_TABLE: name,
  AUDIT_ARCHIVE: name,
  CONTEXT_SECRET_ID: name,
  BASE_URL_PARAMETER: name,
  KEY_ENVIRONMENT: z.enum(['live', 'test']),
  USAGE_RETENTION_DAYS: retention.check(z.refine((days) => days === undefined || days >= RETENTION_DAYS_MIN)),
  AWS_ENDPOINT_URL: endpoint,
  AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  AWS_ENDPOINT_URL_BEDROCK: endpoint,
  AWS_ENDPOINT_URL_BEDROCK_RUNTIME: endpoint,
  AWS_ENDPOINT_URL_EVENTBRIDGE: endpoint,
  AWS_ENDPOINT_URL_S3: endpoint,
  AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint,
  AWS_ENDPOINT_URL_SSM: endpoint,
});

export interface Config {
  readonly stage: string;
  readonly region: string;
  readonly tables: {
    readonly config: string;
    readonly limits: string;
    readonly usage: string;
    readonly audit: string;
    readonly auditHead: string;
  };
  /** The archive's bucket, without the account and the region that end its name. */
  readonly auditArchive: string;
  readonly contextSecretId: string;
  /** The parameter that says where the API is reached. */
  readonly baseUrlParameter: string;
  readonly keyEnvironment: 'live' | 'test';
  /** Days that usage records are kept, 62 or more; undefined means for ever. */
  readonly usageRetentionDays: number | undefined;
  /** Endpoints that replace AWS's own, as the AWS SDKs name them; undefined means the regional default. */
  readonly endpoints: {
    readonly dynamodb: string | undefined;
    readonly bedrock: string | undefined;
    readonly bedrockRuntime: string | undefined;
    readonly eventBridge: string | undefined;
    readonly s3: string | undefined;
    readonly secretsManager: string | undefined;
    readonly ssm: string | undefined;
  };
}

/** Reads the environment; throws, naming each variable that is missing or malformed and where it is set. */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const result = schema.safeParse(environment);
  if (!result.success) {
    const variables = result.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw new Error(
      `Missing or malformed environment: ${variables}. They are set in serverless.yml (provider.environment).`,
    );
  }
  const env = result.data;
  return {
    stage: env.STAGE,
    region: env.AWS_REGION,
    tables: {
      config: env.CONFIG_TABLE,
      limits: env.LIMITS_TABLE,
      usage: env.USAGE_TABLE,
      audit: env.AUDIT_TABLE,
      auditHead: env.AUDIT_HEAD_TABLE,
    },
    auditArchive: env.AUDIT_ARCHIVE,
    contextSecretId: env.CONTEXT_SECRET_ID,
    baseUrlParameter: env.BASE_URL_PARAMETER,
    keyEnvironment: env.KEY_ENVIRONMENT,
    usageRetentionDays: env.USAGE_RETENTION_DAYS,
    endpoints: {
      dynamodb: env.AWS_ENDPOINT_URL_DYNAMODB ?? env.AWS_ENDPOINT_URL,
      bedrock: env.AWS_ENDPOINT_URL_BEDROCK ?? env.AWS_ENDPOINT_URL,
      bedrockRuntime: env.AWS_ENDPOINT_URL_BEDROCK_RUNTIME ?? env.AWS_ENDPOINT_URL,
      eventBridge: env.AWS_ENDPOINT_URL_EVENTBRIDGE ?? env.AWS_ENDPOINT_URL,
      s3: env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL,
      secretsManager: env.AWS_ENDPOINT_URL_SECRETS_MANAGER ?? env.AWS_ENDPOINT_URL,
      ssm: env.AWS_ENDPOINT_URL_SSM ?? env.AWS_ENDPOINT_URL,
    },
  };
}
