/** OpenAI's cursor pages: `after` and `limit` in, `data`, `first_id`, `last_id` and `has_more` out. */
import { GatewayError } from '../domain/gateway-error.ts';
import type { Page, PageRequest } from '../domain/page.ts';
import type { GatewayRequest } from './message.ts';

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 100;

/** One value of a query parameter; a repeated one is refused. */
export function queryValue(request: GatewayRequest, name: string): string | undefined {
  const values = request.query[name] ?? [];
  if (values.length > 1) {
    throw new GatewayError('invalid_value', `'${name}' is given ${values.length} times; give it once.`, {
      param: name,
    });
  }
  return values[0];
}

/** Refuses the first query parameter that is not known, by name: a filter that is ignored gives a wrong answer. */
export function refuseUnknownQuery(request: GatewayRequest, known: readonly string[]): void {
  const unknown = Object.keys(request.query)
    .find((name) => !known.includes(name))
    ?.slice(0, 64);
  if (unknown === undefined) return;
  throw new GatewayError('unsupported_parameter', `'${unknown}' is not supported here.`, { param: unknown });
}

/** An integer query parameter within bounds, or its default. */
export function queryInteger(
  request: GatewayRequest,
  of: { readonly name: string; readonly min: number; readonly max: number; readonly absent: number },
): number {
  const text = queryValue(request, of.name);
  if (text === undefined) return of.absent;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= of.min && value <= of.max) return value;
  throw new GatewayError('invalid_value', `'${of.name}' must be an integer from ${of.min} to ${of.max}.`, {
    param: of.name,
  });
}

/**
 * The page that a request asks for: `limit`, 1 to 100, 20 where absent, behind `after`. A cursor that names nothing
 * in this list is refused, another tenant's like any other: `refOf` gives undefined for it.
 */
export function pageRequest(request: GatewayRequest, refOf: (id: string) => string | undefined): PageRequest {
  refuseUnknownQuery(request, ['limit', 'after']);
  const limit = queryInteger(request, { name: 'limit', min: 1, max: LIMIT_MAX, absent: LIMIT_DEFAULT });
  const id = queryValue(request, 'after');
  if (id === undefined) return { limit };
  const after = refOf(id);
  if (after !== undefined) return { limit, after };
  throw new GatewayError('invalid_value', "'after' must be the id of an item of this list.", {
    param: 'after',
  });
}

/** The wire's list of a page. */
export function listBody<Item, Wire extends { readonly id: string }>(
  page: Page<Item>,
  toWire: (item: Item) => Wire,
): object {
  const data = page.items.map(toWire);
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: page.hasMore,
  };
}
