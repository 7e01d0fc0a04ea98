/** The models this product knows, from data that scripts/build-catalogue.ts writes. */
import { CATALOGUE_ROWS, type CatalogueRow } from './catalogue-data.ts';
import type { Model } from './model.ts';
import { FAMILIES } from './model-family.ts';

/** Every chat model with a known price, ordered by id. */
export const CATALOGUE: readonly Model[] = CATALOGUE_ROWS.map(modelOf);

const BY_ID: ReadonlyMap<string, Model> = new Map(CATALOGUE.map((model) => [model.id, model]));

/** The model of exactly this id, or undefined. */
export const findModel = (id: string): Model | undefined => BY_ID.get(id);

function modelOf(row: CatalogueRow): Model {
  const [id, provider, family, createdAt, inputTokensMax, outputTokensMax, ...prices] = row;
  const [input, output, cacheRead, cacheWrite] = prices;
  return {
    id,
    provider,
    mode: 'chat',
    inputTokensMax,
    outputTokensMax,
    price: {
      input,
      output,
      ...(cacheRead !== undefined && { cacheRead }),
      ...(cacheWrite !== undefined && { cacheWrite }),
    },
    createdAt,
    takes: FAMILIES[family],
  };
}
