/**
 * A `fetch` that holds every answer to the description of the API: route, status, content type, headers and body, and of
 * each request that was accepted its query and body. So tests of the API take their schemas from what callers read.
 */
import { type ApiDocument, type DescribedRoute, type Json, readApiDocument } from './api-document.ts';
import { recordOf } from './packaged-template.ts';

export interface DescribedFetch {
  /** Rejects where the description does not have what was answered. Streams are handed on unread. */
  readonly fetch: typeof fetch;
  /** Whatever was not as described, since a client may swallow a rejection. */
  readonly violations: readonly string[];
}

interface Exchange {
  readonly method: string;
  readonly url: URL;
  /** The request's JSON text. */
  readonly sent: string | undefined;
  readonly response: Response;
  /** The answer's JSON; undefined where it is a stream. */
  readonly body: unknown;
}

/** Headers that are ours to describe; the rest is HTTP's or API Gateway's. */
const OURS = /^(x-(?!amz|content-type-options)|openai-|retry-after)/;

const api = readApiDocument();

export function describedFetch(): DescribedFetch {
  const violations: string[] = [];
  return {
    violations,
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      const request = new Request(input, { ...init, body: null, signal: null });
      const sent = typeof init?.body === 'string' ? init.body : undefined;
      const exchange = { method: request.method, url: new URL(request.url), sent, response };
      const fault = faultOf(api, { ...exchange, body: await jsonOf(response) });
      if (fault === undefined) return response;
      violations.push(fault);
      throw new Error(fault);
    },
  };
}

const typeOf = (response: Response): string =>
  (response.headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '';

/** Read from a copy, so that the client has its own; a copy of a stream would hold up the end of an aborted one. */
async function jsonOf(response: Response): Promise<unknown> {
  return typeOf(response) === 'application/json' ? await response.clone().json() : undefined;
}

/** What is not as described; undefined where all is. */
export function faultOf(document: ApiDocument, exchange: Exchange): string | undefined {
  const { method, url, response } = exchange;
  const name = `${method} ${url.pathname}: ${response.status}`;
  const route = document.routeOf(method, url.pathname);
  if (route === undefined) {
    const code = recordOf(recordOf(exchange.body)['error'])['code'];
    const isRefused = response.status === 404 && code === 'unknown_url';
    return isRefused ? undefined : `${name}: the route is not described.`;
  }
  const described = route.responses[String(response.status)];
  if (described === undefined) return `${name}: ${route.route} has no such status.`;
  const fault = answerFault(document, { exchange, described }) ?? requestFault(document, { exchange, route });
  return fault === undefined ? undefined : `${name}: ${fault}`;
}

function answerFault(
  document: ApiDocument,
  of: { readonly exchange: Exchange; readonly described: Json },
): string | undefined {
  const { response, body } = of.exchange;
  const content = recordOf(recordOf(of.described['content'])[typeOf(response)]);
  const { schema } = content;
  if (schema === undefined) return `no content type '${typeOf(response)}' is described.`;
  const known = Object.keys(recordOf(of.described['headers']));
  const unknown = [...response.headers.keys()].find((header) => OURS.test(header) && !known.includes(header));
  if (unknown !== undefined) return `the header ${unknown} is not described.`;
  return body === undefined ? undefined : document.faultOf(schema, body);
}

/** What was accepted must be what the description allows. */
function requestFault(
  document: ApiDocument,
  of: { readonly exchange: Exchange; readonly route: DescribedRoute },
): string | undefined {
  const { url, sent, response } = of.exchange;
  if (!response.ok) return undefined;
  const names = of.route.parameters.filter((one) => one['in'] === 'query').map((one) => one['name']);
  const unknown = [...url.searchParams.keys()].find((name) => !names.includes(name.replace(/\[.*$/, '')));
  if (unknown !== undefined) return `the query parameter ${unknown} is not described.`;
  if (sent === undefined) return undefined;
  const { schema } = recordOf(recordOf(of.route.requestBody?.['content'])['application/json']);
  if (schema === undefined) return 'a body was accepted that is not described.';
  const fault = document.faultOf(schema, JSON.parse(sent));
  return fault === undefined ? undefined : `accepted ${fault}`;
}
