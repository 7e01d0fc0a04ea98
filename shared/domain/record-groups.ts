/** By what reports tell usage records apart, and which records they leave out. */
import { keyId, projectId, serviceAccountId } from './ids.ts';
import type { ServiceTier } from './price.ts';
import type { CountedUsage } from './rollup.ts';

/**
 * What a record is, by the names of OpenAI's `group_by`. Requests are made by service accounts, so that a user is one.
 * Neither the size of an image nor how it came about is recorded: both are unknown, which is null.
 */
const VALUES = {
  project_id: ({ tenant }) => projectId(tenant),
  user_id: ({ tenant, account }) => serviceAccountId(tenant, account),
  api_key_id: ({ tenant, key }) => keyId(tenant, key),
  model: ({ model }) => model,
  line_item: ({ model }) => model,
  batch: ({ serviceTier }) => serviceTier === 'batch',
  service_tier: ({ serviceTier }) => tierName(serviceTier),
  api_source: () => 'unlabeled',
  size: () => null,
  source: () => null,
} as const satisfies Readonly<Record<string, (record: CountedUsage) => string | boolean | null>>;

export type RecordGroup = keyof typeof VALUES;

/** The values of one group by name; those that are not grouped by are absent. */
export type GroupValues = Readonly<Partial<Record<RecordGroup, string | boolean | null>>>;

/** The group that a record belongs to. */
export const groupOf = (record: CountedUsage, by: readonly RecordGroup[]): GroupValues =>
  Object.fromEntries(by.map((name) => [name, VALUES[name](record)]));

/** OpenAI's word for the standard tier is `default`; the others it shares with Bedrock. */
const tierName = (tier: ServiceTier): string => (tier === 'standard' ? 'default' : tier);

/** Which records count; an absent list does not filter. */
export interface RecordFilter {
  readonly models?: readonly string[] | undefined;
  /** `svc_…`. */
  readonly userIds?: readonly string[] | undefined;
  /** `key_…`. */
  readonly apiKeyIds?: readonly string[] | undefined;
  /** Whether only those of batches count, or only the others. */
  readonly batch?: boolean | undefined;
}

/** Whether a filter lets a record count. */
export const passes = (filter: RecordFilter, record: CountedUsage): boolean =>
  includes(filter.models, record.model) &&
  (filter.userIds === undefined || filter.userIds.includes(VALUES.user_id(record))) &&
  (filter.apiKeyIds === undefined || filter.apiKeyIds.includes(VALUES.api_key_id(record))) &&
  (filter.batch === undefined || filter.batch === VALUES.batch(record));

const includes = (values: readonly string[] | undefined, value: string): boolean =>
  values === undefined || values.includes(value);
