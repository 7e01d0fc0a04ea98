/** Vectors as OpenAI's list of embeddings. */
import type { EncodingFormat } from './request.ts';

const BYTES_A_NUMBER = 4;

/** The answer as JSON text. */
export function writeEmbeddings(of: {
  /** The model as the caller named it. */
  readonly model: string;
  readonly vectors: readonly (readonly number[])[];
  readonly encoding: EncodingFormat;
  readonly promptTokens: number;
  /** In nano-USD; defined where the answer is to say what it cost. */
  readonly nanoUsd: number | undefined;
}): string {
  const { model, vectors, encoding, promptTokens, nanoUsd } = of;
  const data = vectors.map((vector, index) => ({
    object: 'embedding',
    index,
    embedding: encoding === 'base64' ? base64Of(vector) : vector,
  }));
  const usage = {
    prompt_tokens: promptTokens,
    total_tokens: promptTokens,
    ...(nanoUsd !== undefined && { cost: nanoUsd / 1e9 }),
  };
  return JSON.stringify({ object: 'list', data, model, usage });
}

/** Little-endian float32, whatever the machine's own order: OpenAI's clients read it so. */
function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * BYTES_A_NUMBER);
  vector.forEach((number, index) => {
    bytes.writeFloatLE(number, index * BYTES_A_NUMBER);
  });
  return bytes.toString('base64');
}
