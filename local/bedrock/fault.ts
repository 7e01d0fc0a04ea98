/** The faults that can be asked for, as the service answers them. */
import type { Directive, Fault, StreamException } from './directive.ts';
import { ServiceError } from './service-error.ts';

/** Throws where the fault is a refusal before the first byte; any other fault happens later. */
export function throwRefusal(fault: Fault | undefined): void {
  switch (fault) {
    case 'access-denied':
      throw new ServiceError(
        'AccessDeniedException',
        "You don't have access to the model with the specified model ID.",
      );
    case 'internal':
      throw new ServiceError('InternalServerException', SYSTEM_ERROR);
    case 'model-error':
      throw new ServiceError('ModelErrorException', MODEL_ERROR, {
        originalStatusCode: 500,
        resourceName: 'model',
      });
    case 'not-ready':
      throw new ServiceError(
        'ModelNotReadyException',
        'The model is not ready for inference. Wait and try your request again.',
      );
    case 'quota':
      throw new ServiceError(
        'ServiceQuotaExceededException',
        'Your request exceeds the service quota for your account.',
      );
    case 'throttle':
      throw new ServiceError('ThrottlingException', THROTTLED);
    case 'timeout':
      throw new ServiceError(
        'ModelTimeoutException',
        'Model has timed out in processing the request. Try your request again.',
      );
    case 'unavailable':
      throw new ServiceError('ServiceUnavailableException', UNAVAILABLE);
    case 'validation':
      throw new ServiceError('ValidationException', INVALID);
    default:
      return;
  }
}

const SYSTEM_ERROR = 'The system encountered an unexpected error during processing. Try your request again.';
const MODEL_ERROR = 'The model returned an error while processing the request.';
const THROTTLED = 'Too many requests, please wait before trying again.';
const UNAVAILABLE = 'Bedrock is unable to process your request.';
const INVALID = 'Malformed input request, please reformat your input and try again.';

export const EXCEPTION_MESSAGES: Readonly<Record<StreamException, string>> = {
  internalServerException: SYSTEM_ERROR,
  modelStreamErrorException: MODEL_ERROR,
  serviceUnavailableException: UNAVAILABLE,
  throttlingException: THROTTLED,
  validationException: INVALID,
};

/** What ConverseStream says in its stream; a whole answer says it by its status instead. */
export const streamExceptionOf = ({ fault, exception }: Directive): StreamException =>
  exception ?? (fault === 'exception-first-frame' ? 'throttlingException' : 'modelStreamErrorException');

const ERROR_OF_EXCEPTION = {
  internalServerException: 'InternalServerException',
  modelStreamErrorException: 'ModelErrorException',
  serviceUnavailableException: 'ServiceUnavailableException',
  throttlingException: 'ThrottlingException',
  validationException: 'ValidationException',
} as const;

/** The same trouble where there is no stream to say it in. */
export function throwException(directive: Directive): never {
  const exception = streamExceptionOf(directive);
  throw new ServiceError(ERROR_OF_EXCEPTION[exception], EXCEPTION_MESSAGES[exception]);
}
