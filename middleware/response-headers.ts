import type { Context } from 'aws-lambda';
import type { Clock } from '../shared/ports.ts';
import type { GatewayResponse, Middleware, RequestScope } from './gateway-context.ts';

/** The API version that OpenAI's own answers name. */
const OPENAI_VERSION = '2020-10-01';

/** Adds the headers that every answer carries, refusals included; it stands before errorEnvelope for that. */
export function responseHeaders(deps: { readonly clock: Clock }): Middleware<RequestScope> {
  const add = (request: {
    response: GatewayResponse | null | undefined;
    context: Context & RequestScope;
  }) => {
    if (request.response === null || request.response === undefined) return;
    request.response.headers = {
      'x-request-id': `req_${request.context.requestId}`,
      'openai-version': OPENAI_VERSION,
      'openai-processing-ms': String(Math.max(0, deps.clock() - request.context.receivedAtMs)),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      ...request.response.headers,
    };
  };
  return { after: add, onError: add };
}
