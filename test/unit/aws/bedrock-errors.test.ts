import { bedrockError } from '../../../shared/aws/bedrock-errors.ts';
import { errorHeaders, errorStatus } from '../../../shared/http/openai-error.ts';

const told = (name: string, facts: { message?: string; status?: number; originalStatus?: number } = {}) => {
  const error = bedrockError({ name, message: facts.message ?? 'Bedrock said so.', ...facts }, 0.5);
  const { 'x-should-retry': retry, 'retry-after-ms': after } = errorHeaders(error);
  return { status: errorStatus(error), code: error.code, retry, after };
};

test.each([
  ['ThrottlingException', { status: 429, code: 'upstream_throttled', retry: 'true', after: '1500' }],
  ['ServiceQuotaExceededException', { status: 429, code: 'upstream_quota_exceeded', retry: 'false' }],
  ['ModelNotReadyException', { status: 503, code: 'model_not_ready', retry: 'true', after: '1500' }],
  ['ModelTimeoutException', { status: 504, code: 'model_timeout', retry: 'false' }],
  ['ModelErrorException', { status: 502, code: 'model_error', retry: 'true' }],
  ['ModelStreamErrorException', { status: 502, code: 'model_stream_error', retry: 'true' }],
  ['InternalServerException', { status: 500, code: 'internal_error', retry: 'true' }],
  [
    'ServiceUnavailableException',
    { status: 503, code: 'upstream_unavailable', retry: 'true', after: '1500' },
  ],
  ['ValidationException', { status: 400, code: 'invalid_request', retry: 'false' }],
  ['AccessDeniedException', { status: 500, code: 'internal_error', retry: 'false' }],
  ['ResourceNotFoundException', { status: 404, code: 'model_not_found', retry: 'false' }],
  ['ConflictException', { status: 409, code: 'conflict', retry: 'false' }],
  ['ExpiredTokenException', { status: 500, code: 'internal_error', retry: 'true' }],
  ['UnrecognizedClientException', { status: 500, code: 'internal_error', retry: 'false' }],
  ['SignatureDoesNotMatch', { status: 500, code: 'internal_error', retry: 'false' }],
  ['RequestExpired', { status: 500, code: 'internal_error', retry: 'false' }],
  ['OptInRequired', { status: 500, code: 'internal_error', retry: 'false' }],
  ['InvalidSignatureException', { status: 500, code: 'internal_error', retry: 'false' }],
  ['ExceptionOfTomorrow', { status: 502, code: 'model_error', retry: 'true' }],
])('%s', (name, expected) => {
  expect(told(name)).toEqual({ after: undefined, ...expected });
  // As event streams spell it.
  expect(told(name.charAt(0).toLowerCase() + name.slice(1))).toEqual({ after: undefined, ...expected });
});

test.each([
  ['Input is too long for requested model.', 'context_length_exceeded'],
  ['prompt has too many tokens: 300000', 'context_length_exceeded'],
  ['The provided model identifier is invalid.', 'model_not_found'],
  ['Invocation of model ID x with on-demand throughput isn’t supported.', 'model_not_found'],
  ['output_config: Extra inputs are not permitted', 'unsupported_parameter'],
  ['#: extraneous key [top_k] is not permitted', 'unsupported_parameter'],
  ["This model doesn't support tool use in streaming mode.", 'unsupported_value'],
  ['thinking.type: disabled is not supported for this model.', 'unsupported_value'],
  ['messages.1.content.0: Invalid `signature` in `thinking` block', 'invalid_value'],
  ['messages.1.content.0.thinking.signature: Field required', 'invalid_value'],
  ['messages: text content blocks must be non-empty', 'invalid_request'],
])('a validation that says "%s" is %s', (message, code) => {
  expect(told('ValidationException', { message }).code).toBe(code);
});

test.each([
  [
    'a model access that is missing',
    'AccessDeniedException',
    { message: "You don't have access to the model with the specified model ID." },
    'model_access_denied',
  ],
  ['a refusal of the model itself', 'ModelErrorException', { originalStatus: 400 }, 'invalid_request'],
  ['a throttle of the model itself', 'ModelErrorException', { originalStatus: 429 }, 'upstream_throttled'],
  ['a failure of the model itself', 'ModelErrorException', { originalStatus: 500 }, 'model_error'],
  ['an unknown 429', 'X', { status: 429 }, 'upstream_throttled'],
  ['an unknown 5xx', 'X', { status: 507 }, 'upstream_unavailable'],
  ['an unknown 4xx, which is not the caller’s fault by guess', 'X', { status: 418 }, 'model_error'],
])('%s', (_, name, facts, code) => {
  expect(told(name, facts).code).toBe(code);
});

test('neither ARNs nor ids of accounts and access keys reach the caller', () => {
  const message =
    'User: arn:aws:sts::123456789012:assumed-role/proxy/x in 123456789012 via arn:aws-us-gov:iam::1:role/y, ' +
    'account 1234-5678-9012, key ASIAIOSFODNN7EXAMPLE';
  for (const name of ['ValidationException', 'AccessDeniedException']) {
    const error = bedrockError({ name, message, status: 400 }, 0);
    expect(error.message).not.toMatch(/arn:|123456789012|assumed-role|role\/y|1234-|ASIA/);
    expect(error.cause).toMatchObject({ name, message });
  }
});
