/** How Bedrock's OpenAI endpoints refuse: the status of the service, the body of OpenAI. */
import { ERROR_STATUS, type ErrorType, ServiceError } from '../service-error.ts';

/** Refuses a field by name: 400 invalid_request_error. */
export function refuseField(param: string | null, message: string): never {
  throw new ServiceError('ValidationException', message, { param: param ?? '' });
}

export interface OpenAiFailure {
  readonly status: number;
  readonly body: object;
}

/** The answer to a request that was refused. */
export function openAiFailure(error: ServiceError): OpenAiFailure {
  const param = error.details['param'];
  return {
    status: statusOf(error.type),
    body: {
      error: {
        message: error.message,
        type: typeOf(error.type),
        param: typeof param === 'string' && param !== '' ? param : null,
        code: codeOf(error),
      },
    },
  };
}

/** An unknown model is not found here, where the rest of Bedrock calls its name invalid. */
const statusOf = (type: ErrorType): number =>
  type === 'MissingAuthenticationTokenException' ? 401 : ERROR_STATUS[type];

function typeOf(type: ErrorType): string {
  switch (type) {
    case 'ThrottlingException':
    case 'ServiceQuotaExceededException':
      return 'rate_limit_error';
    case 'AccessDeniedException':
    case 'InvalidSignatureException':
      return 'permission_denied_error';
    case 'MissingAuthenticationTokenException':
      return 'authentication_error';
    case 'ResourceNotFoundException':
    case 'SerializationException':
    case 'UnknownOperationException':
    case 'ValidationException':
    case 'RequestEntityTooLargeException':
      return 'invalid_request_error';
    default:
      return 'server_error';
  }
}

function codeOf({ type }: ServiceError): string | null {
  switch (type) {
    case 'ThrottlingException':
      return 'rate_limit_exceeded';
    case 'ResourceNotFoundException':
      return 'model_not_found';
    case 'ValidationException':
      return 'validation_error';
    default:
      return null;
  }
}

/** An event of a stream that carries an error, in the midst of others. */
export const errorEvent = (type: string, message: string): string =>
  JSON.stringify({ error: { message, type: 'server_error', param: null, code: type } });
