/** OpenAI's cursor pages: `after` and `limit` in, `data`, `first_id`, `last_id` and `has_more` out. */
import { quotable } from '../domain/api-key.ts';
import { GatewayError } from '../domain/gateway-error.ts';
import type { Page, PageRequest } from '../domain/page.ts';
import type { GatewayRequest } from './message.ts';

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 100;
const LIST_MAX = 100;
/** What is repeated of a value that the caller made up. */
const ECHO_MAX = 100;

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
  const name = Object.keys(request.query).find((one) => !known.includes(one));
  if (name === undefined) return;
  const unknown = quotable(name, { charactersMax: 64 });
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

/** Every value of a query parameter, at most 100; undefined where it is absent. */
export function queryList(request: GatewayRequest, name: string): readonly string[] | undefined {
  const values = request.query[name];
  if (values?.includes('') === true) {
    throw new GatewayError('invalid_value', `'${name}' must not be empty. Leave it out.`, { param: name });
  }
  if (values === undefined || values.length <= LIST_MAX) return values;
  throw new GatewayError('invalid_value', `'${name}' takes at most ${LIST_MAX} values.`, { param: name });
}

/** Every value of a query parameter of which only these are known; none where it is absent. */
export function queryChoices<const Values extends readonly string[]>(
  request: GatewayRequest,
  of: { readonly name: string; readonly values: Values },
): readonly Values[number][] {
  const { name, values } = of;
  return (queryList(request, name) ?? []).map((value) => {
    const known: Values[number] | undefined = values.find((one) => one === value);
    if (known !== undefined) return known;
    const several = value.includes(',') ? ` Repeat '${name}' for several.` : '';
    throw new GatewayError(
      'unsupported_value',
      `'${name}' takes '${values.join("', '")}', and not '${quotable(value, { charactersMax: ECHO_MAX })}'.${several}`,
      { param: name },
    );
  });
}

/** Every value of a query parameter that takes ids; undefined where it is absent. Of whom they are is not asked here. */
export function queryIds<Id>(
  request: GatewayRequest,
  of: { readonly name: string; readonly read: (id: string) => Id | undefined; readonly like: string },
): readonly Id[] | undefined {
  const { name, read, like } = of;
  return queryList(request, name)?.map((id) => {
    const known = read(id);
    if (known !== undefined) return known;
    const message = `'${name}' takes ids like ${like}, and not '${quotable(id, { charactersMax: ECHO_MAX })}'.`;
    throw new GatewayError('invalid_value', message, { param: name });
  });
}

/** A query parameter that takes one of these values, the first where it is absent. */
export function queryChoice<const Values extends readonly [string, ...string[]]>(
  request: GatewayRequest,
  of: { readonly name: string; readonly values: Values },
): Values[number] {
  const { name, values } = of;
  const value = queryValue(request, name) ?? values[0];
  const known = values.find((one) => one === value);
  if (known !== undefined) return known;
  throw new GatewayError('invalid_value', `'${name}' must be one of '${values.join("', '")}'.`, {
    param: name,
  });
}

/** A query parameter that is `true` or `false`; false where it is absent. */
export const queryFlag = (request: GatewayRequest, name: string): boolean =>
  queryChoice(request, { name, values: ['false', 'true'] }) === 'true';

/**
 * The page that a request asks for: `limit`, 1 to 100, 20 where absent, behind `after`. A cursor that names nothing
 * in this list is refused, another tenant's like any other: `refOf` gives undefined for it.
 */
export function pageRequest(
  request: GatewayRequest,
  refOf: (id: string) => string | undefined,
  filters: readonly string[] = [],
): PageRequest {
  refuseUnknownQuery(request, ['limit', 'after', ...filters]);
  const limit = limitOf(request);
  const id = queryValue(request, 'after');
  if (id === undefined) return { limit };
  const after = refOf(id);
  return after === undefined ? refuseCursor('after') : { limit, after };
}

const limitOf = (request: GatewayRequest): number =>
  queryInteger(request, { name: 'limit', min: 1, max: LIMIT_MAX, absent: LIMIT_DEFAULT });

function refuseCursor(name: 'after' | 'before'): never {
  throw new GatewayError('invalid_value', `'${name}' must be the id of an item of this list.`, {
    param: name,
  });
}

/** OpenAI's list: one page of it. */
export interface ListBody<Wire> {
  readonly object: 'list';
  readonly data: readonly Wire[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

/** The wire's list of a page. */
export function listBody<Item, Wire extends { readonly id: string }>(
  page: Page<Item>,
  toWire: (item: Item) => Wire,
): ListBody<Wire> {
  const data = page.items.map(toWire);
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: page.hasMore,
  };
}

/**
 * The wire's list, by pages, of what is few enough to be read as a whole: `limit` items behind `after` or, where the
 * list takes it, the last `limit` ahead of `before`, in the `order` asked for.
 */
export function wholeListBody<Wire extends { readonly id: string }>(
  request: GatewayRequest,
  of: { readonly oldestFirst: readonly Wire[]; readonly parameters: readonly ('before' | 'order')[] },
): ListBody<Wire> {
  refuseUnknownQuery(request, ['limit', 'after', ...of.parameters]);
  const limit = limitOf(request);
  const order = queryChoice(request, { name: 'order', values: ['asc', 'desc'] });
  const all = order === 'asc' ? of.oldestFirst : of.oldestFirst.toReversed();
  const { from, to, direction } = spanOf(request, all);
  const [begin, end] =
    direction === 'after' ? [from, Math.min(to, from + limit)] : [Math.max(from, to - limit), to];
  const hasMore = direction === 'after' ? end < to : begin > from;
  return listBody({ items: all.slice(begin, end), hasMore }, (item) => item);
}

interface Span {
  readonly from: number;
  readonly to: number;
  readonly direction: 'after' | 'before';
}

/** What a cursor leaves of a list. The SDK sends `after: null` as an empty text. */
function spanOf(request: GatewayRequest, all: readonly { readonly id: string }[]): Span {
  const after = queryValue(request, 'after') || undefined;
  const before = queryValue(request, 'before');
  if (after !== undefined && before !== undefined) {
    throw new GatewayError('invalid_value', "Give either 'after' or 'before'.", { param: 'before' });
  }
  const whole: Span = { from: 0, to: all.length, direction: 'after' };
  if (after !== undefined) return { ...whole, from: placeOf(all, { id: after, name: 'after' }) + 1 };
  if (before === undefined) return whole;
  return { ...whole, to: placeOf(all, { id: before, name: 'before' }), direction: 'before' };
}

function placeOf(
  all: readonly { readonly id: string }[],
  of: { readonly id: string; readonly name: 'after' | 'before' },
): number {
  const place = all.findIndex(({ id }) => id === of.id);
  return place < 0 ? refuseCursor(of.name) : place;
}
