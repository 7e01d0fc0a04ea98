import jsonBodyParser from '@middy/http-json-body-parser';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { GatewayError } from '../shared/domain/gateway-error.ts';
import { nestsDeeperThan } from '../shared/http/json-depth.ts';
import type { Middleware } from './gateway-context.ts';

const DEPTH_MAX = 64;
/** `application/json`, with a charset or as a structured suffix (RFC 6839). */
const JSON_TYPE = /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i;
const METHODS_WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

/**
 * Parses the body of the methods that have one, in place. Depth is bounded before parsing; the parser refuses
 * `__proto__` and `constructor.prototype` keys and any content type but JSON's.
 */
export function jsonBody(): Middleware<unknown> {
  // The parser looks for two spellings of the header; HTTP has none, and Python's urllib sends a third.
  const parser = jsonBodyParser({ disableContentTypeCheck: true });
  return {
    before: async (request) => {
      const { event } = request;
      if (!METHODS_WITH_BODY.has(event.httpMethod) || isWithoutBody(event)) return;
      refuseOtherTypes(event);
      refuseEncoded(event);
      if (nestsDeeperThan(event.body ?? '', DEPTH_MAX)) {
        throw new GatewayError('invalid_json', `The request body nests deeper than ${DEPTH_MAX} levels.`);
      }
      try {
        await parser.before?.(request as Parameters<NonNullable<typeof parser.before>>[0]);
      } catch {
        // The parser's own message may quote the body, so it is not passed on.
        throw new GatewayError(
          'invalid_json',
          'The request body is not valid JSON: check quotes, commas and encoding, and that no key is named `__proto__`.',
        );
      }
    },
  };
}

/** OpenAI's SDKs send a POST that has nothing to say, such as to archive a project, without body and type. */
const isWithoutBody = (event: APIGatewayProxyEvent): boolean =>
  event.body === null && headerOf(event, 'content-type') === undefined;

/** API Gateway hands binary bodies over only where binary media types are configured; here none are. */
function refuseEncoded(event: APIGatewayProxyEvent): void {
  const encoding = headerOf(event, 'content-encoding');
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return;
  throw new GatewayError(
    'unsupported_media_type',
    'Content-Encoding is not supported; send the JSON body uncompressed.',
  );
}

function refuseOtherTypes(event: APIGatewayProxyEvent): void {
  if (JSON_TYPE.test(headerOf(event, 'content-type') ?? '')) return;
  throw new GatewayError('unsupported_media_type', "Unsupported content type; send 'application/json'.");
}

const headerOf = (event: APIGatewayProxyEvent, wanted: string): string | undefined =>
  Object.entries(event.headers ?? {}).find(([name]) => name.toLowerCase() === wanted)?.[1];
