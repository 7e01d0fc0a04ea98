/**
 * Fills the placeholders of an event: `{{apiKey}}` and `{{adminKey}}` of the stack, `{{dayAgo}}` in Unix seconds,
 * and, where `{{contextP}}` or `{{contextM}}` occur, the identity that the authorizer signs for this very request.
 */
import type {
  APIGatewayAuthorizerResult,
  APIGatewayProxyEvent,
  APIGatewayRequestAuthorizerEvent,
} from 'aws-lambda';
import { LOCAL_ACCOUNT } from '../api-gateway/intrinsics.ts';
import { LOCAL_REGION } from '../stack/identity.ts';

const DAY_SECONDS = 86_400;

/** What fills a placeholder. */
export type Authorize = (event: APIGatewayRequestAuthorizerEvent) => Promise<APIGatewayAuthorizerResult>;

/** Rejects, naming it, where a placeholder is unknown. */
export async function fillEvent(
  event: unknown,
  of: {
    readonly keys: { readonly apiKey: string; readonly adminKey: string };
    readonly authorize: Authorize;
    readonly nowMs: number;
  },
): Promise<unknown> {
  const { apiKey, adminKey } = of.keys;
  const dayAgo = String(Math.floor(of.nowMs / 1000) - DAY_SECONDS);
  const known = fillStrings(event, { apiKey, adminKey, dayAgo });
  const filled = needsContext(known) ? fillStrings(known, await signedContext(known, of.authorize)) : known;
  const unknown = /\{\{(\w+)\}\}/.exec(JSON.stringify(filled) ?? '');
  if (unknown !== null) throw new Error(`The event has a placeholder that nothing fills: ${unknown[0]}.`);
  return filled;
}

const needsContext = (event: unknown): event is APIGatewayProxyEvent =>
  /\{\{context[PM]\}\}/.test(JSON.stringify(event) ?? '');

/** The context as API Gateway would get it: the authorizer is asked, with the event's own headers. */
async function signedContext(
  event: APIGatewayProxyEvent,
  authorize: Authorize,
): Promise<Readonly<Record<string, string>>> {
  const methodArn = `arn:aws:execute-api:${LOCAL_REGION}:${LOCAL_ACCOUNT}:local/dev/${event.httpMethod}${event.path}`;
  const asked = { ...event, type: 'REQUEST' as const, methodArn };
  // The two events differ only in parts of requestContext that the authorizer does not read.
  const { context } = await authorize(asked as unknown as APIGatewayRequestAuthorizerEvent);
  return { contextP: String(context?.['p']), contextM: String(context?.['m']) };
}

/** The value with every `{{name}}` of its strings replaced; names that are not given stay. */
function fillStrings(value: unknown, given: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') {
    return value.replace(/\{\{(\w+)\}\}/g, (whole, name: string) =>
      Object.hasOwn(given, name) ? (given[name] ?? whole) : whole,
    );
  }
  if (Array.isArray(value)) return value.map((item) => fillStrings(item, given));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, fillStrings(item, given)]));
}
