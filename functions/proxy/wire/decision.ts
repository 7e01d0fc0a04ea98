/**
 * What is done about each parameter of an endpoint: honoured, refused by name, or accepted without effect and named in
 * `x-ignored-params`. A value that asks for nothing (`null`, a default) is always accepted.
 */
import { isObject, type JsonObject } from './json-value.ts';
import type { Reading } from './reading.ts';
import { refuseParameter, refuseType, refuseUnknown, refuseUnsupportedValue } from './refusal.ts';

interface Honoured {
  readonly decision: 'honoured';
}

interface Refused {
  readonly decision: 'refused';
  /** Whether the value asks for nothing, or for what is done anyway. `null` is always so and not asked about. */
  readonly asksNothing: (value: unknown) => boolean;
  /** What is accepted, as JSON; absent: nothing. */
  readonly accepted?: string;
  /** What to do instead, as a sentence. */
  readonly remedy?: string;
}

interface Ignored {
  readonly decision: 'ignored';
  readonly asksNothing: (value: unknown) => boolean;
  /** The JSON type of a value that may be ignored. */
  readonly type: 'string' | 'number' | 'boolean' | 'object';
}

export type Decision = Honoured | Refused | Ignored;

export const never = (): boolean => false;
export const oneOf =
  (...values: readonly unknown[]) =>
  (value: unknown): boolean =>
    values.includes(value);
export const isEmptyArray = (value: unknown): boolean => Array.isArray(value) && value.length === 0;
export const isEmptyObject = (value: unknown): boolean => isObject(value) && Object.keys(value).length === 0;

/** An endpoint's parameters by name. */
export type Decisions = Readonly<Record<string, Decision>>;

export const HONOURED: Honoured = { decision: 'honoured' };
export const refused = (
  asksNothing: Refused['asksNothing'] = never,
  more: Pick<Refused, 'accepted' | 'remedy'> = {},
): Refused => ({ decision: 'refused', asksNothing, ...more });
export const ignored = (type: Ignored['type'], asksNothing: Ignored['asksNothing'] = never): Ignored => ({
  decision: 'ignored',
  asksNothing,
  type,
});

/** Refuses what is not supported, and notes what is accepted without effect. */
export function decideParameters(
  body: JsonObject,
  { decisions, reading }: { readonly decisions: Decisions; readonly reading: Reading },
): void {
  for (const [name, value] of Object.entries(body)) {
    const decision = Object.hasOwn(decisions, name) ? decisions[name] : undefined;
    if (decision === undefined) refuseUnknown(name);
    else if (decision.decision !== 'honoured' && !asksNothing(decision, value)) {
      if (decision.decision === 'refused') refuse(name, { value, decision });
      else assertType(name, { value, decision });
      reading.ignore(name);
    }
  }
}

const asksNothing = (decision: Refused | Ignored, value: unknown): boolean =>
  value === null || value === undefined || decision.asksNothing(value);

function refuse(name: string, of: { readonly value: unknown; readonly decision: Refused }): never {
  const { value, decision } = of;
  if (decision.accepted === undefined) return refuseParameter(name, decision.remedy);
  const asked = typeof value === 'number' ? `${value}` : 'this value';
  return refuseUnsupportedValue(
    name,
    `'${name}' does not support ${asked} here. Supported: ${decision.accepted}.`,
  );
}

function assertType(name: string, of: { readonly value: unknown; readonly decision: Ignored }): void {
  const { value, decision } = of;
  if (typeof value !== decision.type) {
    refuseType(name, { expected: `a value of type ${decision.type}`, got: value });
  }
}
