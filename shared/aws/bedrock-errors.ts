/** What Bedrock says when it refuses or fails, as the error that the caller gets. */
import { type ErrorCode, GatewayError, type GatewayErrorOptions } from '../domain/gateway-error.ts';

/** An exception of Bedrock, from a response or from within a stream. */
export interface BedrockFailure {
  /** `ThrottlingException`, also `throttlingException` as streams spell it. */
  readonly name: string;
  readonly message: string;
  /** The HTTP status; undefined for an exception within a stream. */
  readonly status?: number;
  /** The status of the model's own answer, which ModelErrorException reports. */
  readonly originalStatus?: number;
}

const RETRY = { baseMs: 1_000, jitterMs: 1_000 };
const MESSAGE_MAX = 500;

/** The error for the caller. `random` is 0 to 1 and spreads retries. What Bedrock said is kept as `cause`. */
export function bedrockError(failure: BedrockFailure, random: number): GatewayError {
  const name = failure.name.charAt(0).toUpperCase() + failure.name.slice(1);
  const cause = Object.assign(new Error(failure.message), { name });
  const later = { cause, retryAfterMs: Math.round(RETRY.baseMs + random * RETRY.jitterMs) };
  const error = (code: ErrorCode, message: string, options: GatewayErrorOptions = { cause }): GatewayError =>
    new GatewayError(code, message, options);
  switch (name) {
    case 'ThrottlingException':
      return error(
        'upstream_throttled',
        'Bedrock is receiving too many requests for this model. Retry shortly.',
        later,
      );
    case 'ServiceQuotaExceededException':
      return error('upstream_quota_exceeded', 'A quota of this deployment for the model is used up.');
    case 'ModelNotReadyException':
      return error('model_not_ready', 'The model is being made ready. Retry shortly.', later);
    case 'ModelTimeoutException':
      return error('model_timeout', 'The model took too long to answer.');
    case 'ModelErrorException':
      if (failure.originalStatus === 429) {
        return error('upstream_throttled', 'The model is receiving too many requests. Retry shortly.', later);
      }
      return isClientStatus(failure.originalStatus)
        ? error('invalid_request', `The model refused the request: ${scrub(failure.message)}`)
        : error('model_error', 'The model failed while it processed the request.');
    case 'ModelStreamErrorException':
      return error('model_stream_error', 'The model failed while it was answering.');
    case 'InternalServerException':
      return error('internal_error', 'Bedrock had an error while processing the request. Retry it.');
    case 'ServiceUnavailableException':
      return error('upstream_unavailable', 'Bedrock is not available at the moment. Retry shortly.', later);
    case 'ValidationException':
      return validationError(failure.message, cause);
    case 'AccessDeniedException':
      return accessError(failure.message, cause);
    case 'ResourceNotFoundException':
      return error(
        'model_not_found',
        'The model does not exist on Bedrock in this region, or is no longer offered.',
        {
          cause,
          param: 'model',
        },
      );
    case 'ConflictException':
      return error('conflict', 'Bedrock reports a conflict with another request. Retry it.');
    case 'ExpiredTokenException':
    case 'ExpiredToken':
      return error('internal_error', OWN_FAULT, { cause, shouldRetry: true });
    case 'UnrecognizedClientException':
    case 'InvalidSignatureException':
    case 'SignatureDoesNotMatch':
    case 'RequestExpired':
    case 'OptInRequired':
    case 'IncompleteSignature':
    case 'IncompleteSignatureException':
    case 'MissingAuthenticationTokenException':
    case 'MissingAuthenticationToken':
      return error('internal_error', OWN_FAULT, { cause, shouldRetry: false });
    default:
      return unknownError(failure, { cause, later });
  }
}

const OWN_FAULT =
  'This deployment may not call Bedrock as it is set up. Tell its administrator the request id.';

const isClientStatus = (status: number | undefined): boolean =>
  status !== undefined && status >= 400 && status < 500;

/** An exception that the service has gained since: its status tells whose fault it is, never the caller's by guess. */
function unknownError(
  failure: BedrockFailure,
  of: { readonly cause: Error; readonly later: GatewayErrorOptions },
): GatewayError {
  if (failure.status === 429) {
    return new GatewayError(
      'upstream_throttled',
      'Bedrock refused the request for now. Retry shortly.',
      of.later,
    );
  }
  if (failure.status !== undefined && failure.status >= 500) {
    return new GatewayError('upstream_unavailable', 'Bedrock failed. Retry shortly.', of.later);
  }
  return new GatewayError('model_error', 'Bedrock failed in a way that is not known here.', {
    cause: of.cause,
  });
}

/** Validation has one name for many reasons; the message tells those apart that clients act on. */
function validationError(message: string, cause: Error): GatewayError {
  if (
    /too long|too many (?:input )?tokens|context (?:length|window)|maximum (?:context|tokens)/i.test(message)
  ) {
    const text = `The request exceeds the model's context: ${scrub(message)}`;
    return new GatewayError('context_length_exceeded', text, { cause, param: 'messages' });
  }
  if (/model identifier is invalid/i.test(message)) {
    return new GatewayError('model_not_found', 'The model does not exist on Bedrock.', {
      cause,
      param: 'model',
    });
  }
  if (/on-demand throughput/i.test(message)) {
    const text =
      'Bedrock serves this model through inference profiles only: use its id with a region prefix.';
    return new GatewayError('model_not_found', text, { cause, param: 'model' });
  }
  if (/signature\W+in\W+thinking|thinking\.signature/i.test(message)) {
    const text =
      'What the model thought was changed, or was thought by another: send it back as it came, or leave it out.';
    return new GatewayError('invalid_value', text, { cause, param: 'messages' });
  }
  return new GatewayError(codeOf(message), `Bedrock refused the request: ${scrub(message)}`, { cause });
}

function codeOf(message: string): ErrorCode {
  if (/extra inputs are not permitted|extraneous key/i.test(message)) return 'unsupported_parameter';
  return /model doesn.t support|not supported (?:for|on|by) this model/i.test(message)
    ? 'unsupported_value'
    : 'invalid_request';
}

/** A missing model subscription is for the caller to know; a missing permission of ours is our own fault. */
function accessError(message: string, cause: Error): GatewayError {
  if (/access to the model|model access/i.test(message)) {
    return new GatewayError('model_access_denied', 'This deployment has no access to the model.', {
      cause,
      param: 'model',
    });
  }
  return new GatewayError('internal_error', OWN_FAULT, { cause, shouldRetry: false });
}

/** Bedrock's words without what names our account: ARNs (roles and profiles are in them), account ids, access key ids. */
function scrub(message: string): string {
  return message
    .replace(/\barn:aws[\w-]*:\S+/gi, '[redacted]')
    .replace(/\b(?:\d{12}|\d{4}-\d{4}-\d{4}|A[KS]IA[A-Z0-9]{16})\b/g, '[redacted]')
    .slice(0, MESSAGE_MAX)
    .toWellFormed();
}
