/** Cohere's embeddings by InvokeModel: up to 96 texts a call, or one picture. */
import { randomUUID } from 'node:crypto';
import { countMediaTokens, countTokens } from '../tokens.ts';
import { type Fields, readInteger, readList, readObject, readString, readStrings } from '../wire-value.ts';
import { checkKeys, checkMember, type Embedded, malformed } from './malformed.ts';
import { binaryOf, int8Of, vectorOf } from './vector.ts';

const TEXTS_MAX = 96;
const V3_CHARACTERS_MAX = 2048;
const V3_DIMENSIONS = 1024;
const V4_DIMENSIONS = [256, 512, 1024, 1536];
const V4_DIMENSIONS_DEFAULT = 1536;
const INPUT_TYPES = ['search_document', 'search_query', 'classification', 'clustering', 'image'];
const EMBEDDING_TYPES = ['float', 'int8', 'uint8', 'binary', 'ubinary', 'base64'];
/** What stays of a text that is too long and may be cut; four characters are about a token. */
const TOKENS_MAX = { v3: 512, v4: 128_000 } as const;

const V3_KEYS = ['texts', 'images', 'input_type', 'truncate', 'embedding_types'];

/** cohere.embed-english-v3 and cohere.embed-multilingual-v3. */
export function embedCohereV3(body: Fields): Embedded {
  checkKeys(body, { required: ['input_type'], known: V3_KEYS });
  checkMember(body['truncate'], 'truncate', ['NONE', 'START', 'END']);
  const inputs = readInputs(body);
  const long = inputs.findIndex(({ text }) => (text?.length ?? 0) > V3_CHARACTERS_MAX);
  if (long >= 0) malformed(`#/texts/${long}: expected maxLength: ${V3_CHARACTERS_MAX}, actual: more`);
  return embed(body, { inputs, dimensions: V3_DIMENSIONS, tokensMax: TOKENS_MAX.v3, alwaysByType: 'no' });
}

/** cohere.embed-v4:0, which answers by type whether that was asked or not. */
export function embedCohereV4(body: Fields): Embedded {
  checkKeys(body, {
    required: ['input_type'],
    known: [...V3_KEYS, 'inputs', 'output_dimension', 'max_tokens'],
  });
  checkMember(body['truncate'], 'truncate', ['NONE', 'LEFT', 'RIGHT', 'START', 'END']);
  const dimensions = readInteger(body['output_dimension']) ?? V4_DIMENSIONS_DEFAULT;
  checkMember(dimensions, 'output_dimension', V4_DIMENSIONS);
  const tokensMax = Math.min(readInteger(body['max_tokens']) ?? TOKENS_MAX.v4, TOKENS_MAX.v4);
  return embed(body, { inputs: readInputs(body), dimensions, tokensMax, alwaysByType: 'yes' });
}

/** One thing to embed: what it is hashed by, and what it costs. */
interface Input {
  readonly text?: string;
  readonly content: string;
  readonly tokens: number;
}

function readInputs(body: Fields): readonly Input[] {
  checkMember(body['input_type'], 'input_type', INPUT_TYPES);
  const texts = (readStrings(body['texts']) ?? []).map((text) => ({
    text,
    content: text,
    tokens: countTokens(text),
  }));
  const images = (readStrings(body['images']) ?? []).map(imageInput);
  const inputs = (readList(body['inputs']) ?? []).map(mixedInput);
  const given = [texts, images, inputs].filter(({ length }) => length > 0);
  if (given.length === 0) malformed('#: required key [texts] not found');
  if (given.length > 1) malformed('#: only one of [texts, images, inputs] is permitted');
  const all = given.flat();
  if (all.length > TEXTS_MAX)
    malformed(`#/texts: expected maximum item count: ${TEXTS_MAX}, found: ${all.length}`);
  if (images.length > 1) malformed('#/images: expected maximum item count: 1');
  return all;
}

const imageInput = (uri: string): Input => {
  if (!uri.startsWith('data:image/')) malformed('#/images/0: expected a data URI');
  return { content: uri, tokens: countMediaTokens(uri) };
};

/** An item of v4's `inputs`: `{content: [{type: 'text'|'image_url', …}]}`. */
function mixedInput(item: unknown): Input {
  const parts = (readList(readObject(item)?.['content']) ?? []).map((part) => readObject(part) ?? {});
  const texts = parts.map((part) => readString(part['text']) ?? '');
  const urls = parts.map((part) => {
    const image = part['image_url'];
    return typeof image === 'string' ? image : (readString(readObject(image)?.['url']) ?? '');
  });
  const tokens =
    texts.reduce((sum, text) => sum + countTokens(text), 0) +
    urls.reduce((sum, url) => sum + (url === '' ? 0 : countMediaTokens(url)), 0);
  return { content: [...texts, ...urls].join('\n'), tokens };
}

interface Shape {
  readonly inputs: readonly Input[];
  readonly dimensions: number;
  readonly tokensMax: number;
  readonly alwaysByType: 'yes' | 'no';
}

function embed(body: Fields, { inputs, dimensions, tokensMax, alwaysByType }: Shape): Embedded {
  const types = readStrings(body['embedding_types']);
  for (const type of types ?? []) checkMember(type, 'embedding_types', EMBEDDING_TYPES);
  const truncates = (readString(body['truncate']) ?? 'NONE') !== 'NONE';
  const long = inputs.findIndex(({ tokens }) => tokens > tokensMax);
  if (long >= 0 && !truncates) malformed(`#/texts/${long}: expected at most ${tokensMax} tokens`);
  const vectors = inputs.map(({ content }) => vectorOf(content, { dimensions }));
  const byType = types !== undefined || alwaysByType === 'yes';
  return {
    inputTokens: inputs.reduce((sum, { tokens }) => sum + Math.min(tokens, tokensMax), 0),
    body: {
      id: randomUUID(),
      ...(inputs[0]?.text !== undefined && { texts: inputs.map(({ text }) => text) }),
      embeddings: byType ? vectorsByType(vectors, types ?? ['float']) : vectors,
      response_type: byType ? 'embeddings_by_type' : 'embeddings_floats',
    },
  };
}

const vectorsByType = (vectors: readonly (readonly number[])[], types: readonly string[]): object =>
  Object.fromEntries(types.map((type) => [type, vectors.map((vector) => encoded(vector, type))]));

function encoded(vector: readonly number[], type: string): readonly number[] | string {
  switch (type) {
    case 'int8':
      return int8Of(vector);
    case 'uint8':
      return int8Of(vector).map((value) => value + 128);
    case 'binary':
      return packed(vector).map((byte) => byte - 128);
    case 'ubinary':
      return packed(vector);
    case 'base64':
      return Buffer.from(Float32Array.from(vector).buffer).toString('base64');
    default:
      return vector;
  }
}

/** Eight bits a byte, the first number in the highest. */
const packed = (vector: readonly number[]): readonly number[] => {
  const bits = binaryOf(vector);
  return Array.from({ length: bits.length / 8 }, (_, byte) =>
    bits.slice(byte * 8, byte * 8 + 8).reduce((sum, bit) => sum * 2 + bit, 0),
  );
};
