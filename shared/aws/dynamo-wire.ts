/**
 * DynamoDB's JSON: the SDK's shapes, except that binary values travel as base64. A string under `B` and a list of
 * strings under `BS` can only be attribute values: in every other place where such a key may stand (an attribute,
 * a table or a map entry of that name) its value is an object or a list of objects.
 */

/** An input as the service reads it. */
export const toWire = (input: unknown): string => {
  // Most inputs carry no binary value and need no copy.
  return JSON.stringify(hasBytes(input) ? encode(input) : input);
};

/** An answer in the SDK's shapes. Throws SyntaxError on anything but a JSON object. */
export function fromWire(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new SyntaxError('DynamoDB did not answer with a JSON object.');
  // Most answers carry no binary value and are left as parsed.
  if (text.includes('"B"') || text.includes('"BS"')) decode(value);
  return value;
}

function hasBytes(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return value instanceof Uint8Array || Object.values(value).some(hasBytes);
}

function encode(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  }
  if (Array.isArray(value)) return value.map(encode);
  const encoded: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) encoded[key] = encode(member);
  return encoded;
}

/** Works in place: the tree was parsed a moment ago and nobody else has it. */
function decode(node: unknown): void {
  if (Array.isArray(node)) {
    for (const member of node) decode(member);
    return;
  }
  if (!isObject(node)) return;
  for (const [key, member] of Object.entries(node)) {
    if (key === 'B' && typeof member === 'string') node[key] = bytes(member);
    else if (key === 'BS' && isStringList(member)) node[key] = member.map(bytes);
    else decode(member);
  }
}

const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isStringList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 0 && value.every((member) => typeof member === 'string');
