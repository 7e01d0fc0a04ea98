/** How the embedding models' bodies are refused: by a JSON schema, whose complaints Bedrock passes on. */
import { refuse } from '../service-error.ts';
import type { Fields } from '../wire-value.ts';

export function malformed(complaint: string): never {
  refuse(`Malformed input request: ${complaint}, please reformat your input and try again.`);
}

/** Refuses a body that lacks a key or has one that is none of the model's. */
export function checkKeys(
  body: Fields,
  { required, known }: { readonly required: readonly string[]; readonly known: readonly string[] },
): void {
  const missing = required.filter((key) => body[key] === undefined || body[key] === null);
  const unknown = Object.keys(body).filter((key) => !known.includes(key));
  const complaints = [
    ...missing.map((key) => `#: required key [${key}] not found`),
    ...unknown.map((key) => `#: extraneous key [${key}] is not permitted`),
  ];
  if (complaints.length > 0) malformed(complaints.join(''));
}

/** Refuses a value that is none of those allowed; an absent one passes. */
export function checkMember(value: unknown, key: string, allowed: readonly unknown[]): void {
  if (value === undefined || value === null || allowed.includes(value)) return;
  malformed(`#/${key}: ${String(value)} is not a valid enum value`);
}

/** What a model answers, and the tokens that its header counts. */
export interface Embedded {
  readonly body: object;
  readonly inputTokens: number;
}
