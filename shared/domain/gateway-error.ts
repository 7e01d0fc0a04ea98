/**
 * The one error of the product. Its code is from a closed list, its message is for the caller, and everything
 * that the caller must not see goes into `cause`. Statuses and types belong to shared/http/openai-error.ts.
 */
export const ERROR_CODES = [
  'insufficient_scope',
  'key_revoked',
  'ip_not_allowed',
  'unknown_url',
  'not_found',
  'gone',
  'model_not_found',
  'model_not_priced',
  'invalid_json',
  'invalid_request',
  'missing_required_parameter',
  'invalid_type',
  'invalid_value',
  'unsupported_parameter',
  'unsupported_value',
  'context_length_exceeded',
  'unsupported_media_type',
  'conflict',
  'rate_limit_exceeded',
  'request_rate_exceeded',
  'request_exceeds_limit',
  'insufficient_quota',
  'budget_reserved',
  'too_many_inflight_requests',
  'upstream_throttled',
  'upstream_quota_exceeded',
  'model_access_denied',
  'model_not_ready',
  'model_timeout',
  'model_error',
  'model_stream_error',
  'upstream_connection_error',
  'service_unavailable',
  'upstream_unavailable',
  'internal_error',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export interface GatewayErrorOptions {
  /** The request field at fault, in the wire's spelling: `messages[0].content`. */
  readonly param?: string;
  /** When a retry may succeed; sent as `retry-after-ms` and `retry-after`. */
  readonly retryAfterMs?: number;
  /** Overrides the code's own answer to whether the caller's SDK should retry. */
  readonly shouldRetry?: boolean;
  /** Further headers of the answer, lower-case names: what is left of limits. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For logs only. */
  readonly cause?: unknown;
}

export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly param: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly shouldRetry: boolean | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GatewayError';
    this.code = code;
    this.param = options.param;
    this.retryAfterMs = options.retryAfterMs;
    this.shouldRetry = options.shouldRetry;
    this.headers = options.headers ?? {};
  }
}
