/** Collects the broken constraints of one request and reports them in one ValidationException, as AWS does. */
import { refuse } from './service-error.ts';

/** Holds what was found so far; `settle` throws if that is anything. */
export class Constraints {
  readonly #broken: string[] = [];

  /** The value must be there. */
  present(value: unknown, field: string): void {
    if (value === undefined) this.#add(`Value at '${field}'`, 'Member must not be null');
  }

  /** Both bounds included; an absent value passes. */
  range(
    value: number | undefined,
    field: string,
    bounds: { readonly min: number; readonly max?: number },
  ): void {
    if (value === undefined) return;
    const subject = `Value '${value}' at '${field}'`;
    if (value < bounds.min)
      this.#add(subject, `Member must have value greater than or equal to ${bounds.min}`);
    if (bounds.max !== undefined && value > bounds.max) {
      this.#add(subject, `Member must have value less than or equal to ${bounds.max}`);
    }
  }

  /** The number of items or characters, both bounds included. */
  length(
    length: number | undefined,
    field: string,
    bounds: { readonly min: number; readonly max?: number },
  ): void {
    if (length === undefined) return;
    const subject = `Value at '${field}'`;
    if (length < bounds.min)
      this.#add(subject, `Member must have length greater than or equal to ${bounds.min}`);
    if (bounds.max !== undefined && length > bounds.max) {
      this.#add(subject, `Member must have length less than or equal to ${bounds.max}`);
    }
  }

  oneOf(value: string | undefined, field: string, allowed: readonly string[]): void {
    if (value === undefined || allowed.includes(value)) return;
    this.#add(
      `Value '${value}' at '${field}'`,
      `Member must satisfy enum value set: [${allowed.join(', ')}]`,
    );
  }

  pattern(value: string, field: string, pattern: RegExp): void {
    if (pattern.test(value)) return;
    this.#add(`Value at '${field}'`, `Member must satisfy regular expression pattern: ${pattern.source}`);
  }

  settle(): void {
    const count = this.#broken.length;
    if (count === 0) return;
    refuse(`${count} validation error${count === 1 ? '' : 's'} detected: ${this.#broken.join('; ')}`);
  }

  #add(subject: string, rule: string): void {
    this.#broken.push(`${subject} failed to satisfy constraint: ${rule}`);
  }
}
