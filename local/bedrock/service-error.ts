/** What Bedrock refuses, as it looks on the wire: status, `x-amzn-errortype` and a JSON body with `message`. */

/** HTTP status by error type; the modelled ones from the service model of bedrock-runtime, 2023-09-30. */
export const ERROR_STATUS = {
  AccessDeniedException: 403,
  InternalServerException: 500,
  InvalidSignatureException: 403,
  MissingAuthenticationTokenException: 403,
  ModelErrorException: 424,
  ModelNotReadyException: 429,
  ModelStreamErrorException: 424,
  ModelTimeoutException: 408,
  RequestEntityTooLargeException: 413,
  ResourceNotFoundException: 404,
  SerializationException: 400,
  ServiceQuotaExceededException: 400,
  ServiceUnavailableException: 503,
  ThrottlingException: 429,
  UnknownOperationException: 404,
  ValidationException: 400,
} as const;

export type ErrorType = keyof typeof ERROR_STATUS;

/** Thrown anywhere before the first byte of an answer; `details` are the members beside `message`. */
export class ServiceError extends Error {
  readonly type: ErrorType;
  readonly details: Readonly<Record<string, string | number>>;

  constructor(type: ErrorType, message: string, details: Readonly<Record<string, string | number>> = {}) {
    super(message);
    this.type = type;
    this.details = details;
  }
}

/** Refuses as the models' own rules do: 400 ValidationException. */
export function refuse(message: string): never {
  throw new ServiceError('ValidationException', message);
}

/** Refuses a value of the wrong JSON type: 400 SerializationException. */
export function refuseType(found: unknown, wanted: string): never {
  throw new ServiceError('SerializationException', `${kindOf(found)} can not be converted to ${wanted}`);
}

function kindOf(value: unknown): string {
  if (value === null) return 'NULL_VALUE';
  if (Array.isArray(value)) return 'START_ARRAY';
  if (typeof value === 'object') return 'START_OBJECT';
  if (typeof value === 'boolean') return value ? 'TRUE_VALUE' : 'FALSE_VALUE';
  return `${typeof value}_VALUE`.toUpperCase();
}
