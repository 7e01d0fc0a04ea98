/** amazon.nova-2-multimodal-embeddings-v1:0 by InvokeModel: one text, picture, sound or film a call. */
import { checkInputLength } from '../conversation.ts';
import type { EmulatedModel } from '../models.ts';
import { countMediaTokens, countTokens } from '../tokens.ts';
import { type Fields, readInteger, readObject, readString } from '../wire-value.ts';
import { checkKeys, checkMember, type Embedded, malformed } from './malformed.ts';
import { vectorOf } from './vector.ts';

const DIMENSIONS = [256, 384, 1024, 3072];
const DIMENSIONS_DEFAULT = 3072;
const PURPOSES = [
  'GENERIC_INDEX',
  'GENERIC_RETRIEVAL',
  'TEXT_RETRIEVAL',
  'IMAGE_RETRIEVAL',
  'VIDEO_RETRIEVAL',
  'DOCUMENT_RETRIEVAL',
  'AUDIO_RETRIEVAL',
  'CLASSIFICATION',
  'CLUSTERING',
];
const MEDIA = ['image', 'audio', 'video'] as const;

export function embedNova(body: Fields, model: EmulatedModel): Embedded {
  checkKeys(body, {
    required: ['taskType', 'singleEmbeddingParams'],
    known: ['schemaVersion', 'taskType', 'singleEmbeddingParams'],
  });
  checkMember(body['schemaVersion'], 'schemaVersion', ['nova-multimodal-embed-v1']);
  checkMember(body['taskType'], 'taskType', ['SINGLE_EMBEDDING']);
  const parameters = readObject(body['singleEmbeddingParams']) ?? {};
  checkKeys(parameters, {
    required: ['embeddingPurpose'],
    known: ['embeddingPurpose', 'embeddingDimension', 'text', ...MEDIA],
  });
  checkMember(parameters['embeddingPurpose'], 'singleEmbeddingParams/embeddingPurpose', PURPOSES);
  const dimensions = readInteger(parameters['embeddingDimension']) ?? DIMENSIONS_DEFAULT;
  checkMember(dimensions, 'singleEmbeddingParams/embeddingDimension', DIMENSIONS);
  const { type, content, inputTokens } = readInput(parameters, model);
  return {
    inputTokens,
    body: {
      embeddings: [{ embeddingType: type, embedding: vectorOf(content, { dimensions }) }],
      inputTokenCount: inputTokens,
    },
  };
}

function readInput(parameters: Fields, model: EmulatedModel) {
  const given = ['text', ...MEDIA].filter((name) => parameters[name] !== undefined);
  if (given.length !== 1)
    malformed('#/singleEmbeddingParams: exactly one of [text, image, audio, video] is required');
  const media = MEDIA.find((name) => given.includes(name));
  if (media !== undefined) {
    const bytes = readString(readObject(readObject(parameters[media])?.['source'])?.['bytes']);
    if (bytes === undefined)
      malformed(`#/singleEmbeddingParams/${media}/source: required key [bytes] not found`);
    return { type: media.toUpperCase(), content: bytes, inputTokens: countMediaTokens(bytes) };
  }
  return readText(readObject(parameters['text']) ?? {}, model);
}

function readText(text: Fields, model: EmulatedModel) {
  checkKeys(text, { required: ['truncationMode'], known: ['truncationMode', 'value', 'source'] });
  checkMember(text['truncationMode'], 'singleEmbeddingParams/text/truncationMode', ['START', 'END', 'NONE']);
  const value = readString(text['value']) ?? '';
  if (value === '') malformed('#/singleEmbeddingParams/text/value: expected minLength: 1, actual: 0');
  const tokens = countTokens(value);
  if (text['truncationMode'] === 'NONE') checkInputLength(tokens, model);
  return { type: 'TEXT', content: value, inputTokens: Math.min(tokens, model.inputTokensMax) };
}
