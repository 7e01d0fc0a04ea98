/** Refusals: one shape, a status each route's own or common to all. */
import { ERROR_CODES, GatewayError } from '../../shared/domain/gateway-error.ts';
import { errorBody } from '../../shared/http/openai-error.ts';
import { object, oneOf, orNull, type Schema, text } from './schema.ts';

const bodies = ERROR_CODES.map((code) => errorBody(new GatewayError(code, '')).error);
const unique = (values: readonly (string | null)[]): readonly string[] =>
  [...new Set(values.filter((value) => value !== null))].sort();

/** Codes that API Gateway answers by itself (resources/api/gateway-responses.yml). */
const GATEWAY_CODES = ['invalid_api_key', 'request_too_large'];

/** OpenAI's error: four keys, always. */
export const errorSchema: Schema = object('A refusal. All four fields are always there.', {
  error: object('What went wrong.', {
    message: text('For people: what is wrong, and what to do about it.'),
    type: oneOf(unique(bodies.map(({ type }) => type)), 'The kind of error, by OpenAI’s names.'),
    param: orNull(
      text('The field, query parameter or header at fault, such as `messages[0].content`; else null.'),
    ),
    code: oneOf(
      unique([...bodies.map(({ code }) => code), ...GATEWAY_CODES]),
      'For programs: what went wrong. New codes may be added.',
    ),
  }),
});

/** What the statuses mean; where a route says nothing of its own, this. */
export const REFUSALS = {
  400: 'The body is not JSON, or a field is missing, unknown or wrong: `param` names it.',
  401: 'No credential, or one that opens nothing: `invalid_api_key`, the same for an unknown, malformed, wrong, expired or revoked key and for one of an archived project.',
  403: 'The key lacks the scope, level or address: `insufficient_scope` with the scope in the message, or `ip_not_allowed`; `model_access_denied` where the account may not call the model.',
  404: 'It does not exist: `not_found`.',
  409: 'Things are not as the request supposes: `conflict`.',
  410: 'It was there and is no more: `gone`.',
  413: 'The request is larger than 6 MiB as an event: `request_too_large`.',
  415: 'The body is not `application/json`, or is compressed: `unsupported_media_type`.',
  429: 'A limit: `rate_limit_exceeded` with the numbers and when to come back, or `insufficient_quota` where a budget is spent.',
  500: 'A failure of ours: `internal_error`.',
  502: 'The model failed, or could not be reached: `model_error`, `model_stream_error`, `upstream_connection_error`; or the function failed: `internal_error`.',
  503: 'Something that is needed is not available: `service_unavailable`, `model_not_ready`. Nothing was changed.',
  504: 'It took too long: `model_timeout`.',
} as const;
export type ErrorStatus = keyof typeof REFUSALS;
