import jsonBodyParser from '@middy/http-json-body-parser';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { GatewayError } from '../shared/domain/gateway-error.ts';
import { nestsDeeperThan } from '../shared/http/json-depth.ts';
import type { Middleware } from './gateway-context.ts';

const DEPTH_MAX = 64;
const METHODS_WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

/**
 * Parses the body of the methods that have one, in place. Depth is bounded before parsing; the parser refuses
 * `__proto__` and `constructor.prototype` keys and any content type but JSON's.
 */
export function jsonBody(): Middleware<unknown> {
  const parser = jsonBodyParser();
  return {
    before: async (request) => {
      const { event } = request;
      if (!METHODS_WITH_BODY.has(event.httpMethod)) return;
      refuseEncoded(event);
      if (nestsDeeperThan(event.body ?? '', DEPTH_MAX)) {
        throw new GatewayError('invalid_json', `The request body nests deeper than ${DEPTH_MAX} levels.`);
      }
      try {
        await parser.before?.(request as Parameters<NonNullable<typeof parser.before>>[0]);
      } catch (error) {
        throw refusalOf(error);
      }
    },
  };
}

/** API Gateway hands binary bodies over only where binary media types are configured; here none are. */
function refuseEncoded(event: APIGatewayProxyEvent): void {
  const encoding = Object.entries(event.headers ?? {}).find(
    ([name]) => name.toLowerCase() === 'content-encoding',
  )?.[1];
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return;
  throw new GatewayError(
    'unsupported_media_type',
    'Content-Encoding is not supported; send the JSON body uncompressed.',
  );
}

/** The parser's refusal in our terms. Its own message may quote the body, so it is not passed on. */
function refusalOf(error: unknown): GatewayError {
  if (statusOf(error) === 415) {
    return new GatewayError('unsupported_media_type', "Unsupported content type; send 'application/json'.");
  }
  return new GatewayError(
    'invalid_json',
    'The request body is not valid JSON: check quotes, commas and encoding, and that no key is named `__proto__`.',
  );
}

function statusOf(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'statusCode' in error
    ? Number(error.statusCode)
    : undefined;
}
