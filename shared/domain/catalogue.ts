/** The models this product knows, from data that scripts/build-catalogue.ts writes. */
import {
  CATALOGUE_ROWS,
  CATALOGUE_SOURCES,
  type CatalogueRow,
  type PriceCells,
  VARIANT_ROWS,
  type VariantRow,
} from './catalogue-data.ts';
import { CAPABILITIES, type Capability, type Model } from './model.ts';
import { modelsOfRegion } from './model-access.ts';
import { FAMILIES, type ModelFamily } from './model-family.ts';
import {
  type LongContextPrices,
  type ModelPrice,
  SERVICE_TIERS,
  type TierPrices,
  type TokenPrices,
} from './price.ts';

const VARIANTS: ReadonlyMap<string, readonly VariantRow[]> = Map.groupBy(VARIANT_ROWS, ([id]) => id);

/** Models share a few sets of capabilities; this module is loaded in every cold start. */
const CAPABILITIES_OF = new Map<string, readonly Capability[]>();

/** Every model with a known price, whatever its mode, ordered by id, at its price where regions do not differ. */
export const CATALOGUE: readonly Model[] = CATALOGUE_ROWS.map(modelOf);

const BY_ID: ReadonlyMap<string, Model> = new Map(CATALOGUE.map((model) => [model.id, model]));

/** The model of exactly this id, or undefined. */
export const findModel = (id: string): Model | undefined => BY_ID.get(id);

/** The models that a deployment in this region can call, at the prices of the region. */
export const catalogueOf = (region: string): readonly Model[] =>
  modelsOfRegion(CATALOGUE, region).map((model) => {
    const rows = VARIANTS.get(model.id)?.filter(([, regions]) => regions !== '') ?? [];
    return rows.length === 0 || model.price === undefined
      ? model
      : { ...model, price: regionalPrice(model.price, { rows, region }) };
  });

/**
 * A region's own prices take the place of the general ones. A region without any, of a model whose price depends on
 * the region, gets the dearest known in its partition: what it pays is not known, and must not be more than that.
 */
function regionalPrice(
  price: ModelPrice,
  of: { readonly rows: readonly VariantRow[]; readonly region: string },
): ModelPrice {
  const { otherTiers, longContext, imageSideMax, ...general } = price;
  const tiers = {
    ...(otherTiers !== undefined && { otherTiers }),
    ...(imageSideMax !== undefined && { imageSideMax }),
  };
  const own = tierPrices(of.rows.filter(([, regions]) => regions.split(' ').includes(of.region)));
  if (own !== undefined) return { ...own, ...tiers };
  const elsewhere = of.rows.filter(
    ([, regions, , aboveTokens]) =>
      aboveTokens === 0 &&
      regions.split(' ').some((region) => partitionOf(region) === partitionOf(of.region)),
  );
  const dearest = dearestOf([general, ...elsewhere.map((row) => tokenPrices(row[4]))]);
  return { ...dearest, ...(longContext !== undefined && { longContext }), ...tiers };
}

/** GovCloud is apart: its prices say nothing of the rest. */
const partitionOf = (region: string): string => (region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws');

/** Class by class. A class that one of them does not know has no price. */
function dearestOf(prices: readonly TokenPrices[]): TokenPrices {
  const most = (name: keyof TokenPrices): number => Math.max(...prices.map((of) => of[name] ?? Number.NaN));
  return tokenPrices([
    '',
    most('input'),
    most('output'),
    known(most('cacheRead')),
    known(most('cacheWrite5m')),
    known(most('cacheWrite1h')),
    known(most('image')),
  ]);
}

const known = (price: number): number | undefined => (Number.isNaN(price) ? undefined : price);

/** Where a class's general price comes from, and the day it was read there; undefined where it has none. */
export function priceSource(
  id: string,
  name: (typeof CLASSES)[number],
): (typeof CATALOGUE_SOURCES)[number] | undefined {
  const digits = CATALOGUE_ROWS.find((row) => row[0] === id)?.[7][0] ?? '';
  return CATALOGUE_SOURCES[Number.parseInt(digits.charAt(CLASSES.indexOf(name)), 36)];
}

/** In the order of the cells. */
const CLASSES = ['input', 'output', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h', 'image'] as const;

function modelOf(row: CatalogueRow): Model {
  const [id, provider, family, capabilities, createdAt, inputTokensMax, outputTokensMax, cells] = row;
  const { mode, takes, outputFactor, imageTokensMax, pricedImageSideMax }: ModelFamily = FAMILIES[family];
  const price = priceOf(id, cells);
  return {
    id,
    provider,
    mode,
    inputTokensMax,
    outputTokensMax,
    price: pricedImageSideMax === undefined ? price : { ...price, imageSideMax: pricedImageSideMax },
    createdAt,
    outputFactor,
    ...(imageTokensMax !== undefined && { imageTokensMax }),
    takes,
    capabilities: capabilitiesOf(capabilities),
  };
}

function priceOf(id: string, cells: PriceCells): ModelPrice {
  const price = tokenPrices(cells);
  const rows = VARIANTS.get(id)?.filter(([, regions]) => regions === '') ?? [];
  return rows.length === 0 ? price : { ...price, ...variantPrices(rows) };
}

function capabilitiesOf(digits: string): readonly Capability[] {
  const known = CAPABILITIES_OF.get(digits);
  if (known !== undefined) return known;
  const capabilities = CAPABILITIES.filter((_, index) => digits.includes(index.toString(36)));
  CAPABILITIES_OF.set(digits, capabilities);
  return capabilities;
}

/** What a model costs in long contexts and in other tiers. */
function variantPrices(rows: readonly VariantRow[]): Pick<ModelPrice, 'longContext' | 'otherTiers'> {
  const longContext = longContextOf(rows.filter(([, , tier]) => tier === 'standard'));
  const others = SERVICE_TIERS.filter((tier) => tier !== 'standard')
    .map((tier) => [tier, tierPrices(rows.filter(([, , itsTier]) => itsTier === tier))] as const)
    .filter(([, prices]) => prices !== undefined);
  return {
    ...(longContext !== undefined && { longContext }),
    ...(others.length > 0 && { otherTiers: Object.fromEntries(others) }),
  };
}

/** The prices of one region or tier; undefined where there are none. */
function tierPrices(rows: readonly VariantRow[]): TierPrices | undefined {
  const base = rows.find(([, , , aboveTokens]) => aboveTokens === 0);
  if (base === undefined) return undefined;
  const longContext = longContextOf(rows);
  return { ...tokenPrices(base[4]), ...(longContext !== undefined && { longContext }) };
}

function longContextOf(rows: readonly VariantRow[]): LongContextPrices | undefined {
  const long = rows.find(([, , , aboveTokens]) => aboveTokens > 0);
  if (long === undefined) return undefined;
  return { aboveTokens: long[3], ...tokenPrices(long[4]) };
}

function tokenPrices(cells: PriceCells): TokenPrices {
  const [, input, output, cacheRead, cacheWrite5m, cacheWrite1h, image] = cells;
  return {
    input,
    output,
    ...(cacheRead !== undefined && { cacheRead }),
    ...(cacheWrite5m !== undefined && { cacheWrite5m }),
    ...(cacheWrite1h !== undefined && { cacheWrite1h }),
    ...(image !== undefined && { image }),
  };
}
