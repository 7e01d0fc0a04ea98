/** Which embedding model speaks which body. */
import { type EmulatedModel, foundationModelOf } from '../models.ts';
import { refuse } from '../service-error.ts';
import type { Fields } from '../wire-value.ts';
import { embedCohereV3, embedCohereV4 } from './cohere.ts';
import type { Embedded } from './malformed.ts';
import { embedNova } from './nova.ts';
import { embedTitanImage, embedTitanV1, embedTitanV2 } from './titan.ts';

type Embedder = (body: Fields, model: EmulatedModel) => Embedded;

const EMBEDDERS: readonly (readonly [id: RegExp, embed: Embedder])[] = [
  [/^amazon\.titan-embed-text-v2/, embedTitanV2],
  [/^amazon\.titan-embed-(?:text-v1|g1-text-02)/, embedTitanV1],
  [/^amazon\.titan-embed-image-v1/, embedTitanImage],
  [/^amazon\.nova-2-multimodal-embeddings/, embedNova],
  [/^cohere\.embed-(?:english|multilingual)-v3/, embedCohereV3],
  [/^cohere\.embed-v4/, embedCohereV4],
];

/** Equal inputs have equal vectors. ValidationException for a body that the model would refuse. */
export function embed(body: Fields, model: EmulatedModel): Embedded {
  const id = foundationModelOf(model.id);
  const embedder = EMBEDDERS.find(([pattern]) => pattern.test(id))?.[1];
  return embedder === undefined
    ? refuse(`The Bedrock emulator does not speak the body of ${id}.`)
    : embedder(body, model);
}
