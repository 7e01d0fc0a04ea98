/** An operator's own prices: resources/catalogue/overrides.json, as docs/operations.md describes it. */
import * as z from 'zod/mini';
import type { PicoUsd } from '../../shared/domain/money.ts';
import { type PriceClass, SERVICE_TIERS } from '../../shared/domain/price.ts';
import type { ListedModel } from './models-file.ts';
import { A_MILLION_TOKENS, AN_IMAGE, picoUsdOf } from './pico-usd.ts';
import { BILLED_CLASSES, PRICE_CLASSES, type PricePoint } from './price-point.ts';

const USD = 'expected USD a million tokens as text, like "3.75"';
const USD_AN_IMAGE = 'expected USD an image as text, like "0.04"';
const SOURCE = 'expected where the price was read';
const TOKENS = 'expected a whole number of tokens, 1 or more';
const REGION = 'expected a region, like "eu-west-1"';

/** To the whole pico-USD a token: six decimals. */
const usd = z.string(USD).check(z.regex(/^\d{1,4}(?:\.\d{1,6})?$/, USD));

/** To the whole nano-USD. */
const usdAnImage = z.string(USD_AN_IMAGE).check(z.regex(/^\d{1,2}(?:\.\d{1,9})?$/, USD_AN_IMAGE));

const override = z.strictObject({
  model: z.string('expected a model id'),
  region: z.optional(z.string(REGION).check(z.regex(/^[a-z]{2}(?:-gov)?-[a-z]+-\d$/, REGION))),
  tier: z.optional(z.enum(SERVICE_TIERS, `expected one of ${SERVICE_TIERS.join(', ')}`)),
  aboveTokens: z.optional(z.int(TOKENS).check(z.positive(TOKENS))),
  source: z.string(SOURCE).check(z.minLength(1, SOURCE)),
  asOf: z.iso.date('expected a day, like "2026-11-01"'),
  input: z.optional(usd),
  output: z.optional(usd),
  cacheRead: z.optional(usd),
  cacheWrite5m: z.optional(usd),
  cacheWrite1h: z.optional(usd),
  image: z.optional(usdAnImage),
});
type Override = z.infer<typeof override>;

const file = z.strictObject({ prices: z.array(override) });

/**
 * The prices of the file. Throws, naming the place (`overrides.json: prices[0].input: …`), for a model that is not
 * listed, a class that the model does not bill, and a price that is none: negative, zero, finer than a pico-USD or
 * beyond all sense.
 */
export function overridePoints(text: string, models: readonly ListedModel[]): readonly PricePoint[] {
  const parsed = file.safeParse(JSON.parse(text));
  const [issue] = parsed.error?.issues ?? [];
  if (parsed.data === undefined) throw misplaced(issue?.path ?? [], issue?.message ?? 'not understood');
  return parsed.data.prices.flatMap((entry, index) => entryPoints(entry, { index, models }));
}

function entryPoints(
  entry: Override,
  of: { readonly index: number; readonly models: readonly ListedModel[] },
): readonly PricePoint[] {
  const place = ['prices', of.index];
  const model = of.models.find(({ id }) => id === entry.model);
  if (model === undefined) throw misplaced([...place, 'model'], `models.csv has no '${entry.model}'`);
  if (entry.region !== undefined && (entry.tier ?? 'standard') !== 'standard')
    throw misplaced([...place, 'tier'], "a region's price is of the standard tier");
  const scope = {
    model: entry.model,
    region: entry.region ?? '',
    tier: entry.tier ?? 'standard',
    aboveTokens: entry.aboveTokens ?? 0,
    source: { name: entry.source, asOf: entry.asOf, rank: 'operator' as const },
  };
  return PRICE_CLASSES.flatMap((name) => {
    const pico = priceAt([...place, name], { name, text: entry[name] });
    if (pico === undefined) return [];
    if (!BILLED_CLASSES[model.mode].includes(name))
      throw misplaced([...place, name], `a model of mode '${model.mode}' bills no such class`);
    return [{ ...scope, name, pico }];
  });
}

function priceAt(
  place: readonly PropertyKey[],
  of: { readonly name: PriceClass; readonly text: string | undefined },
): PicoUsd | undefined {
  if (of.text === undefined) return undefined;
  try {
    return picoUsdOf(of.text, { name: of.name, digits: of.name === 'image' ? AN_IMAGE : A_MILLION_TOKENS });
  } catch (error) {
    throw misplaced(place, error instanceof Error ? error.message : String(error));
  }
}

function misplaced(place: readonly PropertyKey[], problem: string): Error {
  const path = place.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return new Error(`overrides.json: ${path.replace(/^\./, '')}: ${problem}`);
}
