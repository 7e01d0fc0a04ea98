/**
 * OpenAI's error shape: which status, type and retry advice each code has. The one place that knows, but for what
 * API Gateway answers by itself (resources/api/gateway-responses.yml): a wrong key, an event too large.
 * Source: OpenAI's API description (Error schema: message, type, param and code all required) and the retry
 * rules of the official SDK (`x-should-retry` obeyed for any status; `retry-after-ms` before `retry-after`).
 */
import { type ErrorCode, GatewayError } from '../domain/gateway-error.ts';

interface ErrorRule {
  readonly status: number;
  readonly type: string;
  /** Whether the same request may succeed later; sent as `x-should-retry`. */
  readonly retry: boolean;
}

const invalid = (status: number): ErrorRule => ({ status, type: 'invalid_request_error', retry: false });
const server = (status: number, options: { readonly retry: boolean }): ErrorRule => ({
  status,
  type: 'server_error',
  retry: options.retry,
});

const RULES: Readonly<Record<ErrorCode, ErrorRule>> = {
  insufficient_scope: { status: 403, type: 'permission_error', retry: false },
  key_revoked: invalid(401),
  ip_not_allowed: { status: 403, type: 'permission_error', retry: false },
  gone: invalid(410),
  unknown_url: invalid(404),
  not_found: invalid(404),
  model_not_found: invalid(404),
  model_not_priced: invalid(400),
  invalid_json: invalid(400),
  invalid_request: invalid(400),
  missing_required_parameter: invalid(400),
  invalid_type: invalid(400),
  invalid_value: invalid(400),
  unsupported_parameter: invalid(400),
  unsupported_value: invalid(400),
  context_length_exceeded: invalid(400),
  unsupported_media_type: invalid(415),
  conflict: invalid(409),
  rate_limit_exceeded: { status: 429, type: 'tokens', retry: true },
  request_rate_exceeded: { status: 429, type: 'requests', retry: true },
  request_exceeds_limit: { status: 429, type: 'tokens', retry: false },
  insufficient_quota: { status: 429, type: 'insufficient_quota', retry: false },
  budget_reserved: { status: 429, type: 'tokens', retry: true },
  too_many_inflight_requests: { status: 429, type: 'requests', retry: true },
  upstream_throttled: { status: 429, type: 'rate_limit_error', retry: true },
  upstream_quota_exceeded: { status: 429, type: 'insufficient_quota', retry: false },
  model_access_denied: { status: 403, type: 'permission_error', retry: false },
  model_not_ready: server(503, { retry: true }),
  model_timeout: server(504, { retry: false }),
  model_error: server(502, { retry: true }),
  model_stream_error: server(502, { retry: true }),
  upstream_connection_error: server(502, { retry: true }),
  service_unavailable: server(503, { retry: true }),
  upstream_unavailable: server(503, { retry: true }),
  internal_error: server(500, { retry: true }),
};

/** Codes that the wire spells otherwise: OpenAI's clients look for these. */
const WIRE_CODES: Partial<Record<ErrorCode, string>> = {
  request_rate_exceeded: 'rate_limit_exceeded',
  request_exceeds_limit: 'rate_limit_exceeded',
  budget_reserved: 'rate_limit_exceeded',
  too_many_inflight_requests: 'rate_limit_exceeded',
  upstream_throttled: 'rate_limit_exceeded',
  upstream_quota_exceeded: 'insufficient_quota',
  upstream_unavailable: 'service_unavailable',
};

export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
}

/** What is said where the cause must not be: an error that is not a GatewayError is ours, and opaque. */
export const OPAQUE = new GatewayError(
  'internal_error',
  'The server had an error while processing your request. Retry it; if it persists, give your administrator the request id.',
);

/** The error as it may be shown: anything but a GatewayError becomes the opaque one. */
export const publicError = (error: unknown): GatewayError => (error instanceof GatewayError ? error : OPAQUE);

/** The body of an error, the same in a response and in a stream. */
export function errorBody(error: GatewayError): ErrorBody {
  const code = WIRE_CODES[error.code] ?? error.code;
  return {
    error: { message: error.message, type: RULES[error.code].type, param: error.param ?? null, code },
  };
}

/** The HTTP status of an error. */
export const errorStatus = (error: GatewayError): number => RULES[error.code].status;

/**
 * The headers of an error: its own, and those about a retry. `retry-after` is whole seconds, at least 1;
 * `retry-after-ms` is exact. They are told with `x-should-retry: false` too: the SDK shall not wait that long, whoever
 * reads them may.
 */
export function errorHeaders(error: GatewayError): Record<string, string> {
  const retry = error.shouldRetry ?? RULES[error.code].retry;
  const headers: Record<string, string> = { ...error.headers, 'x-should-retry': String(retry) };
  if (error.retryAfterMs !== undefined) {
    headers['retry-after-ms'] = String(error.retryAfterMs);
    headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
  }
  return headers;
}
