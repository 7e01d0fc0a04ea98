import { catalogueOf } from '../../../shared/domain/catalogue.ts';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import { costOf, type ModelPrice, pricesFor } from '../../../shared/domain/price.ts';
import { NO_USAGE } from '../../../shared/domain/usage.ts';
import { GOLDEN_COSTS, type GoldenCost } from '../../fixtures/golden-costs.ts';
import { ASK, DEADLINE_MS, proxyFixture, START, textEvent } from '../../support/proxy-fixture.ts';

/** The price that a case is of. Throws where the catalogue has none: then the case says nothing. */
function priceOf(of: GoldenCost['of']): ModelPrice {
  if (!('model' in of)) return of;
  const model = catalogueOf(of.region ?? 'us-east-1').find(({ id }) => id === of.model);
  if (model?.price === undefined) throw new TypeError(`No such model there: ${of.model}`);
  return model.price;
}

test.each(GOLDEN_COSTS)('$name: $by', ({ of, use, usage, nanoUsd }) => {
  const prices = pricesFor(priceOf(of), { tier: 'standard', cacheWrites: 'none', ...use });
  expect(prices && costOf(prices, { ...NO_USAGE, ...usage })).toBe(nanoUsd);
});

/**
 * How a request ends decides what it is charged. The model of these costs 3 USD a million tokens of input, 3.75 of
 * what is written to the cache, and 15 of output.
 */
describe('a request', () => {
  const SHORT = { ...ASK, max_completion_tokens: 60 };
  const LONG = {
    ...ASK,
    messages: [{ role: 'user', content: 'x'.repeat(3_000) }],
    max_completion_tokens: 4_096,
  };
  const BALANCED = { limits: { estimation: 'balanced' } } as const;
  // The bound of SHORT: 128 + 16 + 2 bytes = 146 tokens of input. 146 x 3,750 + 60 x 15,000 = 547,500 + 900,000.
  const SHORT_BOUND = 1_447_500;
  // The bound of LONG: 144 + 3,000 = 3,144. 3,144 x 3,750 + 4,096 x 15,000 = 11,790,000 + 61,440,000.
  const LONG_BOUND = 73_230_000;

  const leave = async (script: Parameters<typeof proxyFixture>[0], ask: object) => {
    const proxy = proxyFixture({ stream: [[START, textEvent('a')], 'hang'], ...script });
    const { body } = await proxy.chat({ ...ask, stream: true });
    if (typeof body === 'string') throw new TypeError('The body is text.');
    await body.next();
    await body.return();
    return proxy.records();
  };

  test('that is abandoned without a count costs its strict reservation', async () => {
    expect(await leave({}, SHORT)).toMatchObject([
      { outcome: 'abandoned', nanoUsd: SHORT_BOUND, estimated: true },
    ]);
  });

  test('that is abandoned without a count after a balanced estimate costs the strict bound all the same', async () => {
    expect(await leave(BALANCED, LONG)).toMatchObject([
      { outcome: 'abandoned', nanoUsd: LONG_BOUND, estimated: true },
    ]);
  });

  test('that is abandoned with a count costs what was counted: 11 x 3,000 + 2 x 15,000', async () => {
    const proxy = proxyFixture();
    const { body } = await proxy.chat(SHORT);
    if (typeof body === 'string') throw new TypeError('The body is text.');
    await body.return();
    expect(await proxy.records()).toMatchObject([
      { outcome: 'abandoned', nanoUsd: 63_000, estimated: false },
    ]);
  });

  test('that Bedrock refused costs nothing', async () => {
    const proxy = proxyFixture({ refusal: new GatewayError('upstream_throttled', 'No.') });
    await expect(proxy.chat(SHORT)).rejects.toThrow('No.');
    expect(await proxy.records()).toMatchObject([
      { outcome: 'failed', usage: NO_USAGE, nanoUsd: 0, estimated: false },
    ]);
  });

  test.each([
    ['its strict reservation', {}, SHORT, SHORT_BOUND],
    // Reserved: 144 + 1,000 and 1,024 tokens, 1,144 x 3,750 + 1,024 x 15,000 = 4,290,000 + 15,360,000 = 19,650,000;
    // debt: 73,230,000 - 19,650,000 = 53,580,000.
    ['what was reserved and the debt', BALANCED, LONG, 19_650_000 + 53_580_000],
  ])('whose process died costs %s', async (_, script, ask, nanoUsd) => {
    const proxy = proxyFixture({ ...script, store: { settle: () => Promise.reject(new Error('dead')) } });
    await proxy.chat(ask);
    expect(await proxy.records()).toEqual([]);
    await proxy.store.sweep(proxy.principal.tenant, DEADLINE_MS + 60_001);
    expect(await proxy.records()).toMatchObject([{ outcome: 'orphaned', nanoUsd, estimated: true }]);
  });

  test('reserves by a balanced estimate no more than is expected', async () => {
    const proxy = proxyFixture({ ...BALANCED, store: { settle: () => Promise.reject(new Error('dead')) } });
    await proxy.chat(LONG);
    const spend = await proxy.store.readSpend(proxy.principal.tenant, proxy.time.clock());
    expect(spend).toEqual({ nanoUsd: 19_650_000, debtNanoUsd: 53_580_000 });
  });
});
