/**
 * Holds a JSON value to a shape of the service model. A value of the wrong type and a union without one known member
 * are refused at once, as the real service stops reading there; broken constraints are collected.
 */
import type { Constraints } from './constraints.ts';
import { refuse, refuseType } from './service-error.ts';
import { type Fields, readList, readNumber, readObject, readString } from './wire-value.ts';

/** One shape; names, bounds and patterns are those of service-2.json of bedrock-runtime, 2023-09-30. */
export type Shape =
  | {
      readonly type: 'string';
      readonly min?: number;
      readonly max?: number;
      readonly pattern?: RegExp;
      readonly oneOf?: readonly string[];
    }
  | { readonly type: 'integer' | 'float'; readonly min?: number; readonly max?: number }
  | { readonly type: 'boolean' | 'document' }
  /** Base64 in JSON; never empty. */
  | { readonly type: 'blob' }
  | { readonly type: 'list'; readonly of: Shape; readonly min?: number; readonly max?: number }
  | {
      readonly type: 'structure';
      readonly members: Readonly<Record<string, Shape>>;
      readonly required?: readonly string[];
    }
  /** Exactly one member; `name` is what a refusal calls it. */
  | { readonly type: 'union'; readonly name: string; readonly members: Readonly<Record<string, Shape>> };

/** A place in the body; written out only where something is wrong there. */
interface Place {
  readonly inside?: Place;
  readonly step: string | number;
}

/** Throws ServiceError for a wrong type; adds to `constraints` what else is wrong. An absent value passes. */
export function checkShape(value: unknown, shape: Shape, { field, constraints }: Where): void {
  check(value, shape, { place: { step: field }, constraints });
}

export interface Where {
  readonly field: string;
  readonly constraints: Constraints;
}

interface Context {
  readonly place: Place;
  readonly constraints: Constraints;
}

function check(value: unknown, shape: Shape, context: Context): void {
  if (value === undefined || value === null) return;
  switch (shape.type) {
    case 'string':
      checkString(readString(value) ?? '', shape, context);
      break;
    case 'integer':
    case 'float':
      checkNumber(value, shape, context);
      break;
    case 'boolean':
      if (typeof value !== 'boolean') refuseType(value, 'a Boolean');
      break;
    case 'blob':
      if (readString(value) === '') context.constraints.length(0, memberPath(context.place), { min: 1 });
      break;
    case 'list':
      checkList(readList(value) ?? [], shape, context);
      break;
    case 'structure':
      checkStructure(readObject(value) ?? {}, shape, context);
      break;
    case 'union':
      checkUnion(readObject(value) ?? {}, shape, context);
      break;
    default:
      // A document is whatever JSON can say.
      break;
  }
}

type ShapeOf<Type extends Shape['type']> = Extract<Shape, { readonly type: Type }>;

function checkString(value: string, shape: ShapeOf<'string'>, { place, constraints }: Context): void {
  const { min = 0, max, pattern, oneOf } = shape;
  if (value.length < min || (max !== undefined && value.length > max)) {
    constraints.length(value.length, memberPath(place), { min, ...(max !== undefined && { max }) });
  }
  if (pattern !== undefined && !pattern.test(value)) constraints.pattern(value, memberPath(place), pattern);
  if (oneOf !== undefined) constraints.oneOf(value, memberPath(place), oneOf);
}

function checkNumber(
  value: unknown,
  shape: ShapeOf<'integer' | 'float'>,
  { place, constraints }: Context,
): void {
  const number = readNumber(value) ?? 0;
  if (shape.type === 'integer' && !Number.isInteger(number)) refuseType(value, 'an Integer');
  const { min = Number.NEGATIVE_INFINITY, max } = shape;
  if (number < min || (max !== undefined && number > max)) {
    constraints.range(number, memberPath(place), { min, ...(max !== undefined && { max }) });
  }
}

function checkList(items: readonly unknown[], shape: ShapeOf<'list'>, { place, constraints }: Context): void {
  const { min = 0, max } = shape;
  if (items.length < min || (max !== undefined && items.length > max)) {
    constraints.length(items.length, memberPath(place), { min, ...(max !== undefined && { max }) });
  }
  for (const [index, item] of items.entries()) {
    if (item === null) refuseType(item, 'a List');
    check(item, shape.of, { place: { inside: place, step: index }, constraints });
  }
}

function checkStructure(
  fields: Fields,
  { members, required = [] }: Pick<ShapeOf<'structure'>, 'members' | 'required'>,
  { place, constraints }: Context,
): void {
  for (const name of required) {
    if (fields[name] === undefined || fields[name] === null) {
      constraints.present(undefined, memberPath({ inside: place, step: name }));
    }
  }
  for (const name of Object.keys(members)) {
    const member = members[name];
    if (member !== undefined)
      check(fields[name], member, { place: { inside: place, step: name }, constraints });
  }
}

function checkUnion(fields: Fields, shape: ShapeOf<'union'>, context: Context): void {
  const [kind, ...others] = Object.keys(fields).filter((name) => fields[name] !== null);
  if (kind === undefined || others.length > 0 || !Object.hasOwn(shape.members, kind)) {
    refuse(
      `The ${shape.name} object at ${plainPath(context.place)} must set one of the following keys: ` +
        `${Object.keys(shape.members).join(', ')}.`,
    );
  }
  checkStructure(fields, shape, context);
}

/** `messages.1.member.role`: as constraints are worded, items counted from 1. */
const memberPath = (place: Place): string =>
  pathOf(place, (index) => `${index + 1}.member`).replace(/^\./, '');

/** `messages.0.content.1`: as the rules of Converse are worded, items counted from 0. */
const plainPath = (place: Place): string => pathOf(place, String).replace(/^\./, '');

function pathOf({ inside, step }: Place, item: (index: number) => string): string {
  const own = typeof step === 'number' ? item(step) : step;
  return inside === undefined ? own : `${pathOf(inside, item)}.${own}`;
}
