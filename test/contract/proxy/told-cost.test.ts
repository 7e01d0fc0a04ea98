/** What an answer says of its cost: what the ledger will say, where it was asked for and nowhere else. */
import fc from 'fast-check';
import type { ConverseAnswer } from '../../../shared/domain/converse.ts';
import {
  ASK,
  bodyText,
  HELLO_ANSWER,
  type ProxyScript,
  proxyFixture,
  START,
  stopEvent,
  streamData,
  textEvent,
} from '../../support/proxy-fixture.ts';

const STREAM = { ...ASK, stream: true, stream_options: { include_usage: true } };
const ASKED = { headers: { 'x-include-cost': 'true' } };
/** 11 tokens at 3 USD a million, and 2 at 15. */
const COST = 0.000063;
const USAGE = {
  prompt_tokens: 11,
  completion_tokens: 2,
  total_tokens: 13,
  prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
};

const usageIn = (of: unknown): unknown =>
  typeof of === 'object' && of !== null ? Reflect.get(of, 'usage') : of;

/** What one request was told, and what the ledger says of it. */
async function told(of: { readonly body: object; readonly script?: ProxyScript; readonly headers?: object }) {
  const proxy = proxyFixture(of.script);
  const answer = await proxy.chat(of.body, { headers: { ...of.headers } });
  const text = await bodyText(answer);
  const isStream = answer.headers['content-type'] !== 'application/json';
  const last = isStream ? streamData(text).at(-2) : JSON.parse(text);
  const [record] = await proxy.records();
  return { header: answer.headers['x-request-cost-usd'], usage: usageIn(last), record };
}

test('a whole answer tells it in a header, to the nano-dollar, and in its usage', async () => {
  const { header, usage, record } = await told({ body: ASK, ...ASKED });
  expect([header, record?.nanoUsd]).toEqual(['0.000063000', 63_000]);
  expect(usage).toEqual({ ...USAGE, cost: COST });
});

test('a stream tells it in the chunk of its usage, and has no header', async () => {
  const { header, usage, record } = await told({ body: STREAM, ...ASKED });
  expect([header, record?.nanoUsd]).toEqual([undefined, 63_000]);
  expect(usage).toEqual({ ...USAGE, cost: COST });
});

test('a stream without include_usage has nowhere to tell it', async () => {
  const answer = await proxyFixture().chat({ ...ASK, stream: true }, ASKED);
  expect(await bodyText(answer)).not.toContain('cost');
  expect(answer.headers).not.toHaveProperty('x-request-cost-usd');
});

test.each([
  ['nobody asks', {}, {}, false],
  ['the request asks', {}, { 'x-include-cost': 'true' }, true],
  ['the request asks not to', {}, { 'x-include-cost': 'false' }, false],
  ['the project shows it', { showsCost: true as const }, {}, true],
  [
    'the project shows it and the request asks',
    { showsCost: true as const },
    { 'x-include-cost': 'true' },
    true,
  ],
  [
    'the project shows it and the request asks not to',
    { showsCost: true as const },
    { 'x-include-cost': 'false' },
    false,
  ],
])('where %s', async (_, script, headers, isTold) => {
  const whole = await told({ body: ASK, script, headers });
  const stream = await told({ body: STREAM, script, headers });
  const usage = isTold ? { ...USAGE, cost: COST } : USAGE;
  expect([whole.header, whole.usage, stream.usage]).toEqual([
    isTold ? '0.000063000' : undefined,
    usage,
    usage,
  ]);
});

test.each(['', 'TRUE', '1', 'yes', 'true, true'])(
  'another value (%j) is refused by the header’s name',
  async (value) => {
    const proxy = proxyFixture({ showsCost: true });
    await expect(proxy.chat(ASK, { headers: { 'x-include-cost': value } })).rejects.toMatchObject({
      code: 'invalid_value',
      param: 'x-include-cost',
      message: "Invalid header 'x-include-cost': expected 'true' or 'false'.",
    });
    expect(proxy.order).toEqual([]);
  },
);

const tokens = fc.nat(3_000_000);
const counts = fc.record({
  inputTokens: tokens,
  outputTokens: tokens,
  cacheReadInputTokens: tokens,
  cacheWriteInputTokens: tokens,
});

test('what is told is what the ledger says, whatever was used', async () => {
  await fc.assert(
    fc.asyncProperty(counts, async (usage) => {
      const answer: ConverseAnswer = { ...HELLO_ANSWER, usage };
      const whole = await told({ body: ASK, script: { answer }, ...ASKED });
      const metadata = { kind: 'metadata', payload: { usage } } as const;
      const stream = [
        [START, textEvent('a')],
        [stopEvent(), metadata],
      ];
      const streamed = await told({ body: STREAM, script: { stream }, ...ASKED });
      const nanoUsd = whole.record?.nanoUsd ?? -1;
      expect(BigInt(String(whole.header).replace('.', ''))).toBe(BigInt(nanoUsd));
      expect(whole.header).toMatch(/^\d+\.\d{9}$/);
      expect(streamed.record?.nanoUsd).toBe(nanoUsd);
      for (const { cost } of [Object(whole.usage), Object(streamed.usage)]) {
        // As a decimal text it is the exact amount, so that a sum of them is that of the ledger.
        expect(Number(cost).toFixed(9)).toBe(whole.header);
      }
    }),
  );
});

test('an answer that was not counted tells the reservation, which is what it is charged', async () => {
  const { usage: _, ...uncounted } = HELLO_ANSWER;
  const { header, usage, record } = await told({ body: ASK, script: { answer: uncounted }, ...ASKED });
  expect([header, usage]).toEqual(['0.061987500', undefined]);
  expect([record?.nanoUsd, record?.estimated]).toEqual([61_987_500, true]);
});
