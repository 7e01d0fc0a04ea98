import { choosePrices, pricedModel } from '../../../functions/proxy/model-choice.ts';
import { findModel } from '../../../shared/domain/catalogue.ts';

const known = findModel('amazon.nova-lite-v1:0');
if (known?.price === undefined) throw new TypeError('The model is not in the catalogue.');
const priced = { ...known, price: { input: 60_000, output: 240_000 } };

test('a model without a price is refused, never free', () => {
  const { price: _, ...unpriced } = priced;
  expect(() => pricedModel({ name: unpriced.id, model: unpriced })).toThrow(
    expect.objectContaining({
      code: 'model_not_priced',
      message: `The model '${unpriced.id}' has no known price and cannot be called.`,
      param: 'model',
    }),
  );
});

test('a request is priced at its tier’s own prices', () => {
  expect(choosePrices({ name: priced.id, model: priced }, { tier: 'standard', cacheWrites: 'none' })).toEqual(
    priced.price,
  );
});

test.each([
  [
    { tier: 'priority', cacheWrites: 'none' } as const,
    `in the service tier 'priority' and cannot be called so.`,
  ],
  [
    { tier: 'standard', cacheWrites: '1h' } as const,
    `in the service tier 'standard', with a prompt cache for 1h, and cannot be called so.`,
  ],
])('a request that uses a class without a price is refused: %j', (use, ending) => {
  expect(() => choosePrices({ name: priced.id, model: priced }, use)).toThrow(
    expect.objectContaining({
      code: 'model_not_priced',
      message: `The model '${priced.id}' has no known price ${ending}`,
      param: 'model',
    }),
  );
});
