import type { Schema } from './schema.ts';

interface Header {
  readonly description: string;
  readonly schema: Schema;
}

const header = (description: string, schema: Schema = { type: 'string' }): Header => ({
  description,
  schema,
});
const count = { type: 'string', pattern: '^\\d+$' };

/** The headers of answers, by name. */
export const HEADERS = {
  'x-request-id': header('Names this request in logs; quote it when you ask for help.'),
  'openai-version': header("The version of OpenAI's API whose shapes these are."),
  'openai-processing-ms': header('How long the request took inside, in ms.', count),
  'openai-organization': header('The project of the API key, `proj_…`.'),
  'cache-control': header('`no-store`, but for what is the same for everyone.'),
  'x-should-retry': header(
    "Whether the same request may succeed later. OpenAI's SDKs obey it for every status.",
    { type: 'string', enum: ['true', 'false'] },
  ),
  'retry-after': header('When to come back, in whole seconds, at least 1.', count),
  'retry-after-ms': header('The same in ms, exact.', count),
  'x-api-key-expires-at': header(
    'Our addition. When the API key of this request ends (ISO 8601, UTC): on every answer, refusals included, to a key that has a successor or less than 14 days left.',
    { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$' },
  ),
  'x-ratelimit-limit-requests': header('The tightest limit on requests, where there is one.', count),
  'x-ratelimit-remaining-requests': header('What is left of it after this request.', count),
  'x-ratelimit-reset-requests': header('When it begins anew, as Go prints a duration: `6m0s`.'),
  'x-ratelimit-limit-tokens': header('The tightest limit on tokens, where there is one.', count),
  'x-ratelimit-remaining-tokens': header("What is left of it after this request's reservation.", count),
  'x-ratelimit-reset-tokens': header('When it begins anew, as Go prints a duration: `12s`.'),
  'x-request-cost-usd': header(
    'Our addition. What a whole answer cost in USD, exact to the nano-dollar, where `x-include-cost` or the project asked for it.',
    { type: 'string', pattern: '^\\d+\\.\\d{9}$' },
  ),
  'x-ignored-params': header(
    'Our addition. The parameters that were accepted and had no effect, separated by `, `. What would change the answer is refused instead.',
  ),
} as const satisfies Readonly<Record<string, Header>>;
export type HeaderName = keyof typeof HEADERS;

/** Of every answer that the service itself gives; API Gateway's own have the first alone. */
export const COMMON_HEADERS: readonly HeaderName[] = [
  'x-request-id',
  'openai-version',
  'openai-processing-ms',
  'cache-control',
];

export const RATE_LIMIT_HEADERS: readonly HeaderName[] = [
  'x-ratelimit-limit-requests',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-reset-requests',
  'x-ratelimit-limit-tokens',
  'x-ratelimit-remaining-tokens',
  'x-ratelimit-reset-tokens',
];
