import { COST_GROUPS } from '../../shared/domain/cost-report.ts';
import { USAGE_REPORTS, type UsageReportName } from '../../shared/domain/usage-report.ts';
import type { Operation, Resource } from './operation.ts';
import {
  always,
  boolean,
  integer,
  listOf,
  nothing,
  number,
  object,
  objectName,
  oneOf,
  orNull,
  ref,
  type Schema,
  type Schemas,
  text,
  time,
} from './schema.ts';

const BAD_QUERY =
  'No `start_time`, a query parameter that is unknown or has a wrong value, or a bucket that holds too much; a filter is never ignored.';

const bucketPage = (result: string): Schema =>
  object('A page of buckets.', {
    object: objectName('page'),
    data: listOf(
      object('A span of time.', {
        object: objectName('bucket'),
        start_time: time('When it begins'),
        end_time: time('When it ends'),
        results: listOf(ref(result), 'The sums of its groups; none where nothing was used.'),
      }),
      'The buckets, in the order of time.',
    ),
    has_more: boolean('Whether there is another page.'),
    next_page: orNull(text('The `page` of the next one.')),
  });

const group = (what: string): Schema => orNull(text(`${what}, where it is grouped by; else null.`));

const commonGroups: Schemas = {
  project_id: group('The project'),
  user_id: group('The service account, `svc_…`'),
  api_key_id: group('The key'),
};
const usageGroups: Schemas = { ...commonGroups, model: group('The model') };
const source = orNull(always('unlabeled', 'Always `unlabeled`, where it is grouped by; else null.'));

const schemas: Schemas = {
  CompletionsUsage: bucketPage('CompletionsUsageResult'),
  CompletionsUsageResult: object('What a group used.', {
    object: objectName('organization.usage.completions.result'),
    num_model_requests: integer('Requests.'),
    input_tokens: integer('Input tokens, those of the cache included.'),
    input_uncached_tokens: integer('Of these: neither read from nor written to a prompt cache.'),
    input_cached_tokens: integer('Of these: read from a prompt cache.'),
    input_cache_write_tokens: integer('Of these: written to a prompt cache.'),
    output_tokens: integer('Output tokens.'),
    output_text_tokens: integer('Of these: text, which is all.'),
    ...usageGroups,
    batch: orNull(boolean('Whether it was a batch, where it is grouped by; else null.')),
    service_tier: group('The tier, `default` for the standard one'),
    api_source: source,
  }),
  EmbeddingsUsage: bucketPage('EmbeddingsUsageResult'),
  EmbeddingsUsageResult: object('What a group used.', {
    object: objectName('organization.usage.embeddings.result'),
    num_model_requests: integer('Requests.'),
    input_tokens: integer('Input tokens.'),
    ...usageGroups,
  }),
  ImagesUsage: bucketPage('ImagesUsageResult'),
  ImagesUsageResult: object('What a group used.', {
    object: objectName('organization.usage.images.result'),
    num_model_requests: integer('Requests.'),
    images: integer('Images made.'),
    ...usageGroups,
    size: nothing('OpenAI’s; not recorded, always null.'),
    source: nothing('OpenAI’s; not recorded, always null.'),
  }),
  ModerationsUsage: bucketPage('ModerationsUsageResult'),
  ModerationsUsageResult: object('What a group used.', {
    object: objectName('organization.usage.moderations.result'),
    num_model_requests: integer('Requests.'),
    input_tokens: integer('Text units of up to 1,000 characters, by which Bedrock bills.'),
    ...usageGroups,
  }),
  Costs: bucketPage('CostsResult'),
  CostsResult: object('What a group was charged.', {
    object: objectName('organization.costs.result'),
    amount: object('The sum.', {
      value: number('In USD; to nine decimals it is exact.'),
      currency: always('usd', 'Always `usd`.'),
    }),
    ...commonGroups,
    line_item: group('The model'),
    api_source: source,
    quantity: orNull(
      integer('Of a line item of embeddings or images: how much of `quantity_unit`; else null.'),
    ),
    quantity_unit: orNull(oneOf(['tokens', 'images'], 'What `quantity` counts.')),
  }),
};

const ids = (what: string): { readonly schema: Schema } => ({
  schema: listOf(
    { type: 'string' },
    `Only ${what}, 100 at most. OpenAI’s SDKs write brackets behind the name, which is understood too.`,
    { maxItems: 100 },
  ),
});

const query = (of: {
  readonly groups: readonly string[];
  readonly widths: readonly string[];
}): NonNullable<Operation['query']> => ({
  start_time: { schema: time('When the first bucket begins, or sometime in it'), required: true },
  end_time: { schema: time('When the last ends; now where absent') },
  bucket_width: { schema: oneOf(of.widths, 'How long a bucket is.') },
  group_by: { schema: listOf(oneOf(of.groups, 'A group.'), 'What sums are split by.') },
  project_ids: ids('of these projects'),
  api_key_ids: ids('of these keys'),
  limit: { schema: integer('Buckets a page.', { minimum: 1, maximum: 1440 }) },
  page: { schema: text('A `next_page`: the bucket at which to go on, within the time range.') },
});

const EARLY =
  'An API key with the scope sees its own project, an admin key all. A page ends before `limit` buckets where it would hold too much: go on at `next_page`.';

const usageOperation = (
  name: UsageReportName,
  of: Pick<Operation, 'id' | 'summary' | 'answer'> & Pick<Operation, 'query'>,
): Resource['operations'] => ({
  [`GET /v1/organization/usage/${name}`]: {
    ...of,
    tag: 'Reports',
    description: EARLY,
    query: {
      ...query({ groups: USAGE_REPORTS[name].groups, widths: ['1d', '1h', '1m'] }),
      user_ids: ids('of these service accounts, `svc_…`'),
      models: ids('of these models'),
      ...of.query,
    },
    refusals: { 400: BAD_QUERY },
  },
});

const batch = { schema: { type: 'string', enum: ['false', 'true'], description: 'Only batches, or none.' } };

export const reports: Resource = {
  schemas,
  operations: {
    ...usageOperation('completions', {
      id: 'completionsUsage',
      summary: 'Usage of chat completions',
      answer: 'CompletionsUsage',
      query: { batch },
    }),
    ...usageOperation('embeddings', {
      id: 'embeddingsUsage',
      summary: 'Usage of embeddings',
      answer: 'EmbeddingsUsage',
    }),
    ...usageOperation('images', { id: 'imagesUsage', summary: 'Images made', answer: 'ImagesUsage' }),
    ...usageOperation('moderations', {
      id: 'moderationsUsage',
      summary: 'Usage of moderations',
      answer: 'ModerationsUsage',
    }),
    'GET /v1/organization/costs': {
      id: 'costs',
      tag: 'Reports',
      summary: 'What was charged',
      description: EARLY,
      query: { ...query({ groups: COST_GROUPS, widths: ['1d'] }), line_items: ids('of these models') },
      answer: 'Costs',
      refusals: { 400: BAD_QUERY },
    },
  },
};
