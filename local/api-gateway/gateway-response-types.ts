/** What API Gateway answers for itself: the type, its status, its message, and its name in `x-amzn-errortype`. */
interface Fact {
  readonly status: number;
  /** null is what API Gateway says of a failed authorizer. */
  readonly message: string | null;
  readonly errorType?: string;
}

const INTERNAL = 'InternalServerErrorException';

/**
 * Every type but the two fallbacks. Statuses from "Gateway response types" of the API Gateway developer guide,
 * but INTEGRATION_FAILURE, whose documented 504 is for an integration that cannot be reached: a Lambda function
 * that fails or answers nonsense is a 502.
 */
export const GATEWAY_RESPONSES = {
  ACCESS_DENIED: {
    status: 403,
    message: 'User is not authorized to access this resource',
    errorType: 'AccessDeniedException',
  },
  API_CONFIGURATION_ERROR: { status: 500, message: 'Internal server error', errorType: INTERNAL },
  AUTHORIZER_CONFIGURATION_ERROR: {
    status: 500,
    message: null,
    errorType: 'AuthorizerConfigurationException',
  },
  AUTHORIZER_FAILURE: { status: 500, message: null, errorType: INTERNAL },
  BAD_REQUEST_BODY: { status: 400, message: 'Invalid request body', errorType: 'BadRequestException' },
  BAD_REQUEST_PARAMETERS: { status: 400, message: 'Bad Request', errorType: 'BadRequestException' },
  EXPIRED_TOKEN: { status: 403, message: 'The security token included in the request is expired' },
  INTEGRATION_FAILURE: { status: 502, message: 'Internal server error', errorType: INTERNAL },
  INTEGRATION_TIMEOUT: { status: 504, message: 'Endpoint request timed out', errorType: INTERNAL },
  INVALID_API_KEY: { status: 403, message: 'Forbidden', errorType: 'ForbiddenException' },
  INVALID_SIGNATURE: {
    status: 403,
    message: 'The request signature does not match',
    errorType: 'IncompleteSignatureException',
  },
  MISSING_AUTHENTICATION_TOKEN: {
    status: 403,
    message: 'Missing Authentication Token',
    errorType: 'MissingAuthenticationTokenException',
  },
  QUOTA_EXCEEDED: { status: 429, message: 'Limit Exceeded', errorType: 'LimitExceededException' },
  REQUEST_TOO_LARGE: {
    status: 413,
    message: 'Request Too Long',
    errorType: 'RequestEntityTooLargeException',
  },
  RESOURCE_NOT_FOUND: { status: 404, message: 'Not Found', errorType: 'NotFoundException' },
  THROTTLED: { status: 429, message: 'Too Many Requests', errorType: 'TooManyRequestsException' },
  UNAUTHORIZED: { status: 401, message: 'Unauthorized', errorType: 'UnauthorizedException' },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    message: 'Unsupported Media Type',
    errorType: 'UnsupportedMediaTypeException',
  },
  WAF_FILTERED: { status: 403, message: 'Forbidden', errorType: 'ForbiddenException' },
} as const satisfies Record<string, Fact>;

export type GatewayResponseType = keyof typeof GATEWAY_RESPONSES;

/** The types whose customisation serves every type of their class that has none of its own. */
export const FALLBACKS = ['DEFAULT_4XX', 'DEFAULT_5XX'] as const;
export type Fallback = (typeof FALLBACKS)[number];

/** The facts of a type, in the general form. */
export const gatewayResponseFact = (type: GatewayResponseType): Fact => GATEWAY_RESPONSES[type];

/** Thrown to answer a request with API Gateway's own words. */
export class GatewayRefusal extends Error {
  readonly type: GatewayResponseType | Fallback;
  /** Wins over the type's own status, but not over the template's. */
  readonly status: number | undefined;
  /** What the authorizer returned beside the policy that refused. */
  readonly authorizer: Readonly<Record<string, string | number>>;

  constructor(
    type: GatewayResponseType | Fallback,
    options: {
      readonly status?: number;
      readonly message?: string;
      readonly cause?: unknown;
      readonly authorizer?: Readonly<Record<string, string | number>>;
    } = {},
  ) {
    super(options.message ?? '', { cause: options.cause });
    this.type = type;
    this.status = options.status;
    this.authorizer = options.authorizer ?? {};
  }
}
