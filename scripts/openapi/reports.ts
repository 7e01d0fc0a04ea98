import { COST_GROUPS } from '../../shared/domain/cost-report.ts';
import { USAGE_GROUPS } from '../../shared/domain/usage-report.ts';
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
  'No `start_time`, or a query parameter that is unknown or has a wrong value; a filter is never ignored.';

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

const schemas: Schemas = {
  CompletionsUsage: bucketPage('CompletionsUsageResult'),
  CompletionsUsageResult: object('What a group used.', {
    object: objectName('organization.usage.completions.result'),
    num_model_requests: integer('Requests.'),
    input_tokens: integer('Input tokens, those of the cache included.'),
    input_cached_tokens: integer('Of these: read from a prompt cache.'),
    output_tokens: integer('Output tokens.'),
    project_id: group('The project'),
    model: group('The model'),
    api_key_id: group('The key'),
    user_id: nothing('OpenAI’s; always null.'),
    batch: nothing('OpenAI’s; always null.'),
  }),
  Costs: bucketPage('CostsResult'),
  CostsResult: object('What a group was charged.', {
    object: objectName('organization.costs.result'),
    amount: object('The sum.', {
      value: number('In USD.'),
      currency: always('usd', 'Always `usd`.'),
    }),
    line_item: group('The model'),
    project_id: group('The project'),
    api_key_id: group('The key'),
    quantity: nothing('OpenAI’s; always null.'),
    quantity_unit: nothing('OpenAI’s; always null.'),
    user_id: nothing('OpenAI’s; always null.'),
    api_source: nothing('OpenAI’s; always null.'),
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

export const reports: Resource = {
  schemas,
  operations: {
    'GET /v1/organization/usage/completions': {
      id: 'completionsUsage',
      tag: 'Reports',
      summary: 'Usage of chat completions',
      description: 'An API key with the scope sees its own project, an admin key all.',
      query: {
        ...query({ groups: USAGE_GROUPS, widths: ['1d', '1h', '1m'] }),
        models: ids('of these models'),
      },
      answer: 'CompletionsUsage',
      refusals: { 400: BAD_QUERY },
    },
    'GET /v1/organization/costs': {
      id: 'costs',
      tag: 'Reports',
      summary: 'What was charged',
      description: 'An API key with the scope sees its own project, an admin key all.',
      query: { ...query({ groups: COST_GROUPS, widths: ['1d'] }), line_items: ids('of these models') },
      answer: 'Costs',
      refusals: { 400: BAD_QUERY },
    },
  },
};
