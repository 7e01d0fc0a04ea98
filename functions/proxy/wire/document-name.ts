/**
 * The name of a document as Bedrock takes it: letters, digits, single spaces, hyphens, parentheses and brackets, at
 * most 200 characters, no two alike in a request (service model of bedrock-runtime, DocumentBlock).
 */

const NAME_MAX = 200;
/** Room for what tells two of one name apart. */
const STEM_MAX = NAME_MAX - ' (99)'.length;
const EXTENSION = /\.[A-Za-z0-9]{1,10}$/;
const FORBIDDEN = /[^A-Za-z0-9\-()[\]]+/g;

/** From a file's name, or from its number where it has none that says anything. The model reads the name. */
export function documentName(
  filename: string | undefined,
  of: { readonly number: number; readonly taken: ReadonlySet<string> },
): string {
  const stem = (filename ?? '').replace(EXTENSION, '').replace(FORBIDDEN, ' ').slice(0, STEM_MAX).trim();
  const name = stem === '' ? `document-${of.number}` : stem;
  if (!of.taken.has(name)) return name;
  let suffix = of.number;
  while (of.taken.has(`${name} (${suffix})`)) suffix += 1;
  return `${name} (${suffix})`;
}
