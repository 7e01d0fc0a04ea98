/** Amazon Titan's embeddings by InvokeModel: one text, or one text with one picture, a call. */

import { Constraints } from '../constraints.ts';
import { checkInputLength } from '../conversation.ts';
import type { EmulatedModel } from '../models.ts';
import { refuse } from '../service-error.ts';
import { countMediaTokens, countTokens } from '../tokens.ts';
import { type Fields, readInteger, readObject, readString, readStrings } from '../wire-value.ts';
import { checkKeys, checkMember, type Embedded, malformed } from './malformed.ts';
import { binaryOf, vectorOf } from './vector.ts';

const V2_DIMENSIONS = [256, 512, 1024];
const V1_DIMENSIONS = 1536;
const IMAGE_DIMENSIONS = [256, 384, 1024];
const DIMENSIONS_DEFAULT = 1024;
const IMAGE_TEXT_TOKENS_MAX = 128;

/** amazon.titan-embed-text-v2:0. Equal texts have equal vectors. */
export function embedTitanV2(body: Fields, model: EmulatedModel): Embedded {
  checkKeys(body, {
    required: ['inputText'],
    known: ['inputText', 'dimensions', 'normalize', 'embeddingTypes'],
  });
  const { text, inputTokens } = readText(body, model);
  const dimensions = readInteger(body['dimensions']) ?? DIMENSIONS_DEFAULT;
  checkMember(dimensions, 'dimensions', V2_DIMENSIONS);
  const types = readStrings(body['embeddingTypes']) ?? ['float'];
  checkTypes(types);
  const vector = vectorOf(text, { dimensions, isNormalized: body['normalize'] !== false });
  return { inputTokens, body: { ...byType(vector, types), inputTextTokenCount: inputTokens } };
}

/** amazon.titan-embed-text-v1 and amazon.titan-embed-g1-text-02: 1536 numbers, whatever is asked. */
export function embedTitanV1(body: Fields, model: EmulatedModel): Embedded {
  checkKeys(body, { required: ['inputText'], known: ['inputText'] });
  const { text, inputTokens } = readText(body, model);
  return {
    inputTokens,
    body: { embedding: vectorOf(text, { dimensions: V1_DIMENSIONS }), inputTextTokenCount: inputTokens },
  };
}

/** amazon.titan-embed-image-v1: a text, a picture, or both. */
export function embedTitanImage(body: Fields): Embedded {
  checkKeys(body, { required: [], known: ['inputText', 'inputImage', 'embeddingConfig'] });
  const text = readString(body['inputText']) ?? '';
  const image = readString(body['inputImage']);
  if (text === '' && image === undefined) malformed('#: required key [inputText] not found');
  const dimensions =
    readInteger(readObject(body['embeddingConfig'])?.['outputEmbeddingLength']) ?? DIMENSIONS_DEFAULT;
  checkMember(dimensions, 'embeddingConfig/outputEmbeddingLength', IMAGE_DIMENSIONS);
  const textTokens = countTokens(text);
  if (textTokens > IMAGE_TEXT_TOKENS_MAX) refuse('Input is too long for requested model.');
  const embedding = vectorOf(`${text}${image ?? ''}`, { dimensions });
  const inputTokens = textTokens + (image === undefined ? 0 : countMediaTokens(image));
  return { inputTokens, body: { embedding, inputTextTokenCount: textTokens } };
}

function readText(body: Fields, model: EmulatedModel): { text: string; inputTokens: number } {
  const text = readString(body['inputText']) ?? '';
  if (text === '') malformed('expected minLength: 1, actual: 0');
  const inputTokens = countTokens(text);
  checkInputLength(inputTokens, model);
  return { text, inputTokens };
}

function checkTypes(types: readonly string[]): void {
  const constraints = new Constraints();
  for (const [index, type] of types.entries()) {
    constraints.oneOf(type, `embeddingTypes.${index + 1}.member`, ['float', 'binary']);
  }
  constraints.settle();
}

function byType(vector: readonly number[], types: readonly string[]): object {
  const float = types.includes('float') ? { float: vector } : {};
  const binary = types.includes('binary') ? { binary: binaryOf(vector) } : {};
  return { ...(types.includes('float') && { embedding: vector }), embeddingsByType: { ...float, ...binary } };
}
