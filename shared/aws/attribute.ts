/** Reads attributes of an item; each throws TypeError, naming the attribute, where it is not what it must be. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';

export type Item = Record<string, AttributeValue>;

export const text = (value: string): AttributeValue => ({ S: value });
export const integer = (value: number): AttributeValue => ({ N: String(value) });

export const flag = (value: boolean): AttributeValue => ({ BOOL: value });
export const texts = (values: readonly string[]): AttributeValue => ({ L: values.map(text) });

export function textOf(item: Item, name: string): string {
  return item[name]?.S ?? malformed(name);
}

/** As textOf; undefined where the item has no such attribute. */
export function optionalTextOf(item: Item, name: string): string | undefined {
  return item[name] === undefined ? undefined : textOf(item, name);
}

export function flagOf(item: Item, name: string): boolean {
  return item[name]?.BOOL ?? malformed(name);
}

/** A safe integer of at least 0. */
export function integerOf(item: Item, name: string): number {
  const digits = item[name]?.N;
  const value = Number(digits);
  return digits !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : malformed(name);
}

/** As integerOf; undefined where the item has no such attribute. */
export function optionalIntegerOf(item: Item, name: string): number | undefined {
  return item[name] === undefined ? undefined : integerOf(item, name);
}

export function bytesOf(item: Item, name: string, length: number): Uint8Array {
  const bytes = item[name]?.B;
  return bytes?.length === length ? bytes : malformed(name);
}

export function mapOf(item: Item, name: string): Item {
  return item[name]?.M ?? malformed(name);
}

/** A list of texts. */
export function textsOf(item: Item, name: string): readonly string[] {
  const list = item[name]?.L ?? malformed(name);
  return list.map((member) => member.S ?? malformed(name));
}

export function oneOf<Choice extends string>(item: Item, name: string, choices: readonly Choice[]): Choice {
  return choices.find((choice) => choice === item[name]?.S) ?? malformed(name);
}

/** The item's attribute is not what this product writes. */
export function malformed(name: string): never {
  throw new TypeError(`An item's attribute ${name} is missing or malformed.`);
}
