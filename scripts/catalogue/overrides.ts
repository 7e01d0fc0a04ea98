/** An operator's own prices: resources/catalogue/overrides.json, as docs/operations.md describes it. */
import * as z from 'zod/mini';
import { SERVICE_TIERS } from '../../shared/domain/price.ts';
import { A_MILLION_TOKENS, picoUsdOf } from './pico-usd.ts';
import { PRICE_CLASSES, type PricePoint } from './price-point.ts';

/** USD a million tokens as text, to the whole pico-USD a token: six decimals. */
const usd = z
  .string()
  .check(z.regex(/^\d{1,4}(?:\.\d{1,6})?$/, 'expected USD a million tokens, like "3.75"'));

const override = z.strictObject({
  model: z.string(),
  region: z.optional(z.string().check(z.regex(/^[a-z]{2}(?:-gov)?-[a-z]+-\d$/))),
  tier: z.optional(z.enum(SERVICE_TIERS)),
  aboveTokens: z.optional(z.int().check(z.positive())),
  source: z.string().check(z.minLength(1)),
  asOf: z.iso.date(),
  input: z.optional(usd),
  output: z.optional(usd),
  cacheRead: z.optional(usd),
  cacheWrite5m: z.optional(usd),
  cacheWrite1h: z.optional(usd),
});

const file = z.strictObject({ prices: z.array(override) });

/** The prices of the file. Throws, naming the field, for an unknown model and a price that is none. */
export function overridePoints(text: string, models: ReadonlySet<string>): readonly PricePoint[] {
  const { prices } = file.parse(JSON.parse(text));
  return prices.flatMap((entry) => {
    if (!models.has(entry.model)) throw new Error(`models.csv has no '${entry.model}'`);
    if (entry.region !== undefined && (entry.tier ?? 'standard') !== 'standard')
      throw new Error(`A region's price is of the standard tier: ${entry.model}`);
    const scope = {
      model: entry.model,
      region: entry.region ?? '',
      tier: entry.tier ?? 'standard',
      aboveTokens: entry.aboveTokens ?? 0,
      source: { name: entry.source, asOf: entry.asOf, rank: 'operator' as const },
    };
    return PRICE_CLASSES.flatMap((name) => {
      const pico = picoUsdOf(entry[name] ?? '', A_MILLION_TOKENS);
      return pico === undefined ? [] : [{ ...scope, name, pico }];
    });
  });
}
