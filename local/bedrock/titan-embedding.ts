/** amazon.titan-embed-text-v2:0 by InvokeModel: a vector that depends on the text, of length 1 unless told otherwise. */
import { crc32 } from 'node:zlib';
import { Constraints } from './constraints.ts';
import { checkInputLength } from './conversation.ts';
import type { EmulatedModel } from './models.ts';
import { refuse } from './service-error.ts';
import { countTokens } from './tokens.ts';
import { type Fields, readInteger, readString, readStrings } from './wire-value.ts';

const DIMENSIONS = [256, 512, 1024];
const DIMENSIONS_DEFAULT = 1024;

export interface Embedded {
  readonly body: object;
  readonly inputTokens: number;
}

/** Equal texts have equal vectors; texts that share no more than a topic have nothing in common. */
export function embed(body: Fields, model: EmulatedModel): Embedded {
  const text = readString(body['inputText']) ?? keyRequired('inputText');
  if (text === '')
    refuse(
      'Malformed input request: expected minLength: 1, actual: 0, please reformat your input and try again.',
    );
  const dimensions = readInteger(body['dimensions']) ?? DIMENSIONS_DEFAULT;
  if (!DIMENSIONS.includes(dimensions)) {
    refuse(
      `Malformed input request: #/dimensions: ${dimensions} is not a valid enum value, please reformat your input and try again.`,
    );
  }
  const types = readStrings(body['embeddingTypes']) ?? ['float'];
  checkTypes(types);
  const inputTokens = countTokens(text);
  checkInputLength(inputTokens, model);
  const vector = vectorOf(text, { dimensions, isNormalized: body['normalize'] !== false });
  return { inputTokens, body: { ...byType(vector, types), inputTextTokenCount: inputTokens } };
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
  const binary = types.includes('binary') ? { binary: vector.map((value) => (value > 0 ? 1 : 0)) } : {};
  return { ...(types.includes('float') && { embedding: vector }), embeddingsByType: { ...float, ...binary } };
}

interface VectorShape {
  readonly dimensions: number;
  readonly isNormalized: boolean;
}

function vectorOf(text: string, { dimensions, isNormalized }: VectorShape): readonly number[] {
  let state = crc32(text);
  const raw = Array.from({ length: dimensions }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  const length = isNormalized ? Math.hypot(...raw) : 1;
  return raw.map((value) => value / length);
}

function keyRequired(name: string): never {
  refuse(
    `Malformed input request: #: required key [${name}] not found, please reformat your input and try again.`,
  );
}
