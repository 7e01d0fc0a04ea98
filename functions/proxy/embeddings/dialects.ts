/** A call for vectors in the words of each family, and the vectors of its answer. */
import type { EmbeddingDialect, InputType } from '../../../shared/domain/embedding-model.ts';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import type { InvokeAnswer } from '../../../shared/domain/invoke-model.ts';

/** What one call is to embed. */
export interface EmbeddingCall {
  /** As many as the model takes a call, at least one. */
  readonly texts: readonly string[];
  /** Absent: the model's own choice. */
  readonly dimensions: number | undefined;
  readonly inputType: InputType;
}

/** Far beyond any call; a count above it is no count, and its price no amount of money. */
const TOKENS_MAX = 1_000_000_000;

/** Nova says the same of a text in other words (Amazon Nova user guide, "embeddingPurpose"). */
const NOVA_PURPOSES: Readonly<Record<InputType, string>> = {
  search_document: 'GENERIC_INDEX',
  search_query: 'GENERIC_RETRIEVAL',
  classification: 'CLASSIFICATION',
  clustering: 'CLUSTERING',
};

/** The body of InvokeModel. A text that is too long is refused by Bedrock, never cut: where a model would cut, it is told not to. */
export function embeddingBody(
  dialect: EmbeddingDialect,
  { texts, dimensions, inputType }: EmbeddingCall,
): Readonly<Record<string, unknown>> {
  const [text = ''] = texts;
  switch (dialect) {
    case 'titan-v1':
      return { inputText: text };
    case 'titan-v2':
      return { inputText: text, ...(dimensions !== undefined && { dimensions }) };
    case 'titan-image':
      return {
        inputText: text,
        ...(dimensions !== undefined && { embeddingConfig: { outputEmbeddingLength: dimensions } }),
      };
    case 'cohere-v3':
      return { texts, input_type: inputType, truncate: 'NONE' };
    case 'cohere-v4':
      return {
        texts,
        input_type: inputType,
        embedding_types: ['float'],
        ...(dimensions !== undefined && { output_dimension: dimensions }),
      };
    case 'nova':
      return {
        schemaVersion: 'nova-multimodal-embed-v1',
        taskType: 'SINGLE_EMBEDDING',
        singleEmbeddingParams: {
          embeddingPurpose: NOVA_PURPOSES[inputType],
          ...(dimensions !== undefined && { embeddingDimension: dimensions }),
          text: { truncationMode: 'NONE', value: text },
        },
      };
  }
}

/** The vectors of an answer, one for each text, in order. Throws `model_error` where it has others. */
export function vectorsIn(
  dialect: EmbeddingDialect,
  of: { readonly answer: InvokeAnswer; readonly count: number },
): readonly (readonly number[])[] {
  const vectors = candidatesIn(dialect, of.answer.body);
  if (!Array.isArray(vectors) || vectors.length !== of.count || !vectors.every(isVector)) {
    throw new GatewayError('model_error', 'The model returned something else than the vectors asked for.');
  }
  return vectors;
}

function candidatesIn(dialect: EmbeddingDialect, body: InvokeAnswer['body']): unknown {
  const { embedding, embeddings } = body;
  switch (dialect) {
    case 'titan-v1':
    case 'titan-v2':
    case 'titan-image':
      return [embedding];
    case 'cohere-v3':
    case 'cohere-v4':
      // By type where types were asked for, and some answers are so unasked.
      return Array.isArray(embeddings) ? embeddings : Object(embeddings).float;
    case 'nova':
      return Array.isArray(embeddings) ? embeddings.map((one: unknown) => Object(one).embedding) : undefined;
  }
}

const isVector = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length > 0 && value.every((number) => Number.isFinite(number));

/** Bedrock's count of the texts: the header's, else what the model says of it; undefined where neither has one. */
export function tokensIn({ body, inputTokens }: InvokeAnswer): number | undefined {
  const { inputTextTokenCount, inputTokenCount } = body;
  return [inputTokens, inputTextTokenCount, inputTokenCount].find(isCount);
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= TOKENS_MAX;
