import { causeFacts } from '../shared/domain/cause.ts';
import type { GatewayError } from '../shared/domain/gateway-error.ts';
import { errorBody, errorHeaders, errorStatus, publicError } from '../shared/http/openai-error.ts';
import type { Log } from '../shared/ports.ts';
import type { GatewayResponse, Middleware, RequestScope, TaggedLog } from './gateway-context.ts';

/** The only place that turns an error into a response. Handlers and middleware throw. */
export function errorEnvelope(deps: { readonly log: Log }): Middleware<RequestScope & Partial<TaggedLog>> {
  return {
    onError: (request) => {
      const error = publicError(request.error);
      const { requestId, route, log } = request.context;
      if (errorStatus(error) >= 500) {
        (log ?? deps.log).write({
          level: 'error',
          event: 'request-failed',
          request: requestId,
          route,
          code: error.code,
          ...causeFacts(request.error),
        });
      }
      request.response = errorResponse(error);
    },
  };
}

function errorResponse(error: GatewayError): GatewayResponse {
  return {
    statusCode: errorStatus(error),
    headers: { 'content-type': 'application/json', ...errorHeaders(error) },
    body: JSON.stringify(errorBody(error)),
  };
}
