/** How a request's tokens and money stand in its tenant's counters, from its admission to its end. */
import { CATALOGUE } from '../../../shared/domain/catalogue.ts';
import type { TenantLimits } from '../../../shared/domain/limits.ts';
import { dynamoStores, limitsItemOf, TABLES } from '../../support/limits-fixture.ts';
import { createMemoryDynamo } from '../../support/memory-dynamo.ts';
import {
  ASK,
  bodyText,
  CHAT_MODEL,
  type ProxyScript,
  proxyFixture,
  START,
  stopEvent,
  textEvent,
} from '../../support/proxy-fixture.ts';

/** Every model's output counts five times in Bedrock's quotas. */
const FIVEFOLD = CATALOGUE.map((model) => ({ ...model, outputFactor: 5 }));

const streamOf = (usage: Readonly<Record<string, number>>) => [
  [START, textEvent('a')],
  [stopEvent(), { kind: 'metadata', payload: { usage } }] as const,
];

/** The proxy on the product's own limits store, and what the tenant's item says. */
function counted(script: ProxyScript) {
  const dynamo = createMemoryDynamo();
  const { limits: store, events } = dynamoStores(dynamo);
  const proxy = proxyFixture({ ...script, store });
  const held = async (): Promise<Readonly<Record<string, number>>> => {
    const item = await limitsItemOf(dynamo, { tenant: proxy.principal.tenant, table: TABLES.limitsTable });
    const numbers = Object.entries(item).flatMap(([name, { N }]) =>
      N === undefined ? [] : [[name, Number(N)]],
    );
    return Object.fromEntries(numbers);
  };
  return { proxy, held, events };
}

const counters = (of: {
  readonly tokens: number;
  readonly minuteTokens: number;
  readonly nanoUsd: number;
}) => ({
  'usd#202611': of.nanoUsd,
  'tpmo#202611': of.tokens,
  'usdd#20261120': of.nanoUsd,
  'tpd#20261120': of.tokens,
  'rpd#20261120': 1,
  'rpm#202611202017': 1,
  'tpm#202611202017': of.minuteTokens,
});

describe('tokens a minute counted as Bedrock does', () => {
  const body = { ...ASK, stream: true, max_tokens: 100 };
  const usage = {
    inputTokens: 11,
    outputTokens: 2,
    cacheReadInputTokens: 100,
    cacheWriteInputTokens: 7,
  };
  const cost = 11 * 3_000 + 2 * 15_000 + 100 * 300 + 7 * 3_750;

  test.each<[string, Partial<TenantLimits>, number, number]>([
    ['every token once where nothing is chosen', {}, 246, 120],
    [
      'output by the factor, and reads of the cache not at all',
      { tokenCounting: 'bedrock' },
      146 + 500,
      11 + 7 + 10,
    ],
  ])('reserve and settle %s', async (_, limits, reserved, used) => {
    const { proxy, held, events } = counted({ catalogue: FIVEFOLD, limits, stream: streamOf(usage) });
    const answer = await proxy.chat(body);
    const money = 146 * 3_750 + 100 * 15_000;
    expect(await held()).toMatchObject(counters({ tokens: 246, minuteTokens: reserved, nanoUsd: money }));
    await bodyText(answer);
    expect(await held()).toMatchObject({
      ...counters({ tokens: 120, minuteTokens: used, nanoUsd: cost }),
      inflight: 0,
    });
    expect(events).toEqual([]);
  });

  test('bind the account and the model alike, and days of tokens not', async () => {
    const models = [{ model: 'anthropic.claude-3-sonnet-20240229-v1:0', limits: { tokensPerMinute: 646 } }];
    const limits: Partial<TenantLimits> = { tokenCounting: 'bedrock', tokensPerDay: 246, models };
    const { proxy, held } = counted({ catalogue: FIVEFOLD, limits, accountLimits: { tokensPerMinute: 646 } });
    await proxy.chat(body);
    const minute = Object.entries(await held()).filter(([name]) => name.startsWith('tpm#202611202017#'));
    expect(minute.map(([, tokens]) => tokens)).toEqual([646, 646]);
  });

  test('refuse by that count', async () => {
    const limits = { tokenCounting: 'bedrock', tokensPerMinute: 645 } as const;
    const { proxy } = counted({ catalogue: FIVEFOLD, limits });
    await expect(proxy.chat(body)).rejects.toMatchObject({ code: 'request_exceeds_limit' });
    expect(proxy.calls).toEqual([]);
  });
});

describe('a balanced estimate', () => {
  /** 3,000 bytes: at most as many tokens, a third of them expected. */
  const body = { model: CHAT_MODEL, messages: [{ role: 'user', content: 'x'.repeat(3_000) }], stream: true };
  const EXPECTED = { tokens: 144 + 1_000 + 1_024, nanoUsd: (144 + 1_000) * 3_750 + 1_024 * 15_000 };
  const MOST = { tokens: 144 + 3_000 + 4_096, nanoUsd: (144 + 3_000) * 3_750 + 4_096 * 15_000 };
  const balanced = { estimation: 'balanced' } as const;
  const plain = (of: { readonly tokens: number; readonly nanoUsd: number }) =>
    counters({ ...of, minuteTokens: of.tokens });

  test('reserves what is expected and owes the rest until the end', async () => {
    const { proxy, held, events } = counted({ limits: balanced });
    const answer = await proxy.chat(body);
    expect(await held()).toMatchObject({
      ...plain(EXPECTED),
      debt: MOST.nanoUsd - EXPECTED.nanoUsd,
      inflight: 1,
    });
    await bodyText(answer);
    expect(await held()).toMatchObject({ ...plain({ tokens: 13, nanoUsd: 63_000 }), debt: 0, inflight: 0 });
    expect(events).toEqual([]);
  });

  test('lets through what the bound of a strict one would not, and only so often', async () => {
    const nanoUsdPerMonth = EXPECTED.nanoUsd + 63_000;
    await expect(proxyFixture({ limits: { nanoUsdPerMonth } }).chat(body)).rejects.toMatchObject({
      code: 'insufficient_quota',
    });
    const { proxy } = counted({ limits: { ...balanced, nanoUsdPerMonth } });
    const answer = await proxy.chat(body);
    await expect(proxy.chat(body)).rejects.toMatchObject({ code: 'budget_reserved' });
    await bodyText(answer);
    await proxy.chat(body);
    expect(proxy.calls).toHaveLength(2);
  });

  test('whose answer is never counted is charged with all that it owed', async () => {
    const { proxy, held } = counted({ limits: balanced, stream: [[START, textEvent('a')], 'hang'] });
    const { body: answer } = await proxy.chat(body);
    if (typeof answer === 'string') throw new TypeError('The body is text.');
    await answer.next();
    await answer.return();
    expect(await held()).toMatchObject({ ...plain(MOST), debt: 0, inflight: 0 });
  });

  test.each([
    [
      'balanced, within what was owed, is as foretold',
      balanced,
      { inputTokens: 3_000, outputTokens: 4_096 },
      0,
    ],
    ['balanced, beyond what was owed, is told', balanced, { inputTokens: 10_000, outputTokens: 4_096 }, 1],
    ['strict, within the bound, is as foretold', {}, { inputTokens: 3_000, outputTokens: 4_096 }, 0],
    ['strict, beyond the bound, is told', {}, { inputTokens: 10_000, outputTokens: 4_096 }, 1],
  ])('%s to the operator, and charged in full', async (_, limits, usage, lines) => {
    const { proxy, held, events } = counted({ limits, stream: streamOf(usage) });
    await bodyText(await proxy.chat(body));
    const tokens = usage.inputTokens + usage.outputTokens;
    const nanoUsd = usage.inputTokens * 3_000 + usage.outputTokens * 15_000;
    expect(await held()).toMatchObject(plain({ tokens, nanoUsd }));
    const told = { level: 'error', event: 'limits.reservation-exceeded', tokens, nanoUsd };
    expect(events).toEqual(Array.from({ length: lines }, () => expect.objectContaining(told)));
  });

  test('that does not fit says that it is one', async () => {
    const { proxy } = counted({ limits: { ...balanced, tokensPerMinute: 100 } });
    await expect(proxy.chat(body)).rejects.toMatchObject({
      message:
        'Request too large for the limit of this project on tokens a minute: limit 100 tokens, this request may need ' +
        '2168 tokens as estimated. Shorten the input or set max_completion_tokens below 4096, its default here.',
    });
  });
});
