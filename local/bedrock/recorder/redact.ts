/**
 * Takes out of recorded traffic what belongs to somebody: account ids, the names behind ARNs, proofs of reasoning,
 * files, and, where asked, every word of the conversation. Padding goes, too, as it says nothing.
 */

/** `keep`: texts stay as they are. `replace`: their letters and digits become `x`, so that lengths stay. */
export type TextPolicy = 'keep' | 'replace';

const ACCOUNT = /\b\d{12}\b/g;
const NO_ACCOUNT = '000000000000';
/** The resource of an ARN of one's own account; the ids of models are everybody's. */
const OWN_RESOURCE =
  /\b(arn:aws[a-z-]*:[a-z-]+:[a-z0-9-]*:\d{12}:)(?!(?:inference-profile|foundation-model)\/)([a-z-]+[/:])[^\s"',]+/g;
const REQUEST_ID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;
const NO_REQUEST_ID = '00000000-0000-4000-8000-000000000000';
/** A key of AWS, long-lived or of a session. */
const ACCESS_KEY = /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g;
const BEARER = /\bbedrock-api-key-[\w+/=-]+/g;

const PROOFS = new Set(['signature', 'redactedContent', 'encrypted_content']);
const FILES = new Set(['bytes', 'data', 'file_data', 'url', 'inputImage']);
/** Members whose text is somebody's; a schema's descriptions and the tools' names are kept. */
const TEXTS = new Set([
  'arguments',
  'content',
  'input',
  'inputText',
  'instructions',
  'output',
  'partial_json',
  'reasoning_content',
  'stop',
  'stopSequences',
  'stop_sequences',
  'text',
  'texts',
  'thinking',
  'value',
]);
const FILE_CHARACTERS_MAX = 48;
const VECTOR_MAX = 4;

/** A JSON value that may be published. */
export const redact = (value: unknown, texts: TextPolicy): unknown =>
  walk(value, { key: '', texts, inText: 'no' });

/** A path or a message that may be published. */
export const redactString = (text: string): string =>
  text
    .replace(OWN_RESOURCE, '$1$2redacted')
    .replace(ACCOUNT, NO_ACCOUNT)
    .replace(REQUEST_ID, NO_REQUEST_ID)
    .replace(ACCESS_KEY, 'AKIAREDACTEDREDACTED')
    .replace(BEARER, 'bedrock-api-key-redacted');

interface Walking {
  readonly key: string;
  readonly texts: TextPolicy;
  /** Whether all strings below are somebody's: the arguments of a tool are an object of any keys. */
  readonly inText: 'yes' | 'no';
}

function walk(value: unknown, walking: Walking): unknown {
  if (typeof value === 'string') return redactText(value, walking);
  if (Array.isArray(value)) return walkList(value, walking);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // The padding of frames; a parameter of a tool may have the name, but stands in its arguments.
      .filter(([key]) => key !== 'p' || walking.inText === 'yes')
      .map(([key, item]) => [key, walk(item, inside(key, item, walking))]),
  );
}

/** What holds below a member. */
const inside = (key: string, item: unknown, { texts, inText }: Walking): Walking => ({
  key,
  texts,
  inText: inText === 'yes' || isFree(key, item) ? 'yes' : 'no',
});

/** Objects whose keys are the caller's or the tool's: arguments, JSON results, metadata of requests. */
function isFree(key: string, item: unknown): boolean {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return false;
  // A tool's schema is `json`, too; what it says is kept with its names, as a fixture is of no use without.
  if (key === 'json') return !('type' in item && 'properties' in item);
  if (key === 'requestMetadata' || key === 'input') return true;
  return key === 'metadata' && Object.values(item).every((value) => typeof value === 'string');
}

function walkList(list: readonly unknown[], walking: Walking): readonly unknown[] {
  const isVector = list.length > VECTOR_MAX && list.every((item) => typeof item === 'number');
  return isVector ? list.slice(0, VECTOR_MAX) : list.map((item) => walk(item, walking));
}

function redactText(text: string, { key, texts, inText }: Walking): string {
  if (PROOFS.has(key)) return 'redacted';
  if (FILES.has(key) && text.length > FILE_CHARACTERS_MAX) return text.slice(0, FILE_CHARACTERS_MAX);
  const redacted = redactString(text);
  const isText = TEXTS.has(key) || inText === 'yes';
  return texts === 'replace' && isText ? redacted.replace(/[\p{L}\p{N}]/gu, 'x') : redacted;
}
