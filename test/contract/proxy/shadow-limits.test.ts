/** Limits in shadow: nothing is refused, the caller hears nothing, the operator does. */
import type { LimitName, LimitSet } from '../../../shared/domain/limits.ts';
import type { LogEvent } from '../../../shared/domain/log-event.ts';
import { requestAt } from '../../support/limits-fixture.ts';
import { ASK, bodyText, CHAT_MODEL, type ProxyScript, proxyFixture } from '../../support/proxy-fixture.ts';

/** What ASK reserves. */
const TOKENS = 128 + 16 + 2 + 4096;
const USD = 0.0619875;
const MODEL_BEHIND = 'anthropic.claude-3-sonnet-20240229-v1:0';

const inShadow = (limits: LimitSet): LimitSet => ({ ...limits, shadow: Object.keys(limits) as LimitName[] });
const OWNERS: readonly { readonly owner: string; readonly under: (limits: LimitSet) => ProxyScript }[] = [
  { owner: 'project', under: (limits) => ({ limits: inShadow(limits) }) },
  { owner: 'service_account', under: (limits) => ({ accountLimits: inShadow(limits) }) },
  {
    owner: 'model',
    under: (limits) => ({ limits: { models: [{ model: MODEL_BEHIND, limits: inShadow(limits) }] } }),
  },
];
const KINDS: readonly (readonly [LimitSet, string, string, number, number])[] = [
  [{ requestsPerMinute: 1 }, 'requests_per_minute', 'requests-minute', 2, 1],
  [{ requestsPerDay: 1 }, 'requests_per_day', 'requests-day', 2, 1],
  [{ tokensPerMinute: TOKENS }, 'tokens_per_minute', 'tokens-minute', 13 + TOKENS, TOKENS],
  [{ tokensPerDay: TOKENS }, 'tokens_per_day', 'tokens-day', 13 + TOKENS, TOKENS],
  [{ tokensPerMonth: TOKENS }, 'tokens_per_month', 'tokens-month', 13 + TOKENS, TOKENS],
  [{ nanoUsdPerDay: 61_987_500 }, 'usd_per_day', 'money-day', 0.0620505, USD],
  [{ nanoUsdPerMonth: 61_987_500 }, 'usd_per_month', 'money-month', 0.0620505, USD],
];

const isUsage = ({ event }: LogEvent): boolean => event === 'usage';

describe.each(OWNERS)('a limit of the $owner in shadow', ({ owner, under }) => {
  test.each(KINDS)('%o lets through what it would refuse, and says so to the log', async (limits, ...of) => {
    const [limit, counter, committed, limitValue] = of;
    const proxy = proxyFixture(under(limits));
    await bodyText(await proxy.chat(ASK));
    expect(proxy.log.filter((event) => !isUsage(event))).toEqual([]);
    const answer = await proxy.chat(ASK);
    expect([answer.status, answer.headers]).toEqual([200, { 'content-type': 'application/json' }]);
    await bodyText(answer);
    expect(proxy.log.filter((event) => !isUsage(event))).toEqual([
      {
        level: 'warn',
        event: 'limits.shadow-exceeded',
        tenant: proxy.principal.tenant,
        request: requestAt(2),
        model: CHAT_MODEL,
        account: proxy.principal.account,
        limit,
        counter,
        owner,
        committed,
        limitValue,
      },
    ]);
    const usage = proxy.log.filter(isUsage);
    expect(usage.map((event) => event['ShadowRefusals'])).toEqual([0, 1]);
  });

  test('lets a request through that is larger than the whole limit', async () => {
    const proxy = proxyFixture(under({ tokensPerMinute: 100, nanoUsdPerMonth: 1 }));
    await bodyText(await proxy.chat(ASK));
    expect(
      proxy.log.filter((event) => !isUsage(event)).map((event) => [event['limit'], event['committed']]),
    ).toEqual([
      ['usd_per_month', USD],
      ['tokens_per_minute', TOKENS],
    ]);
  });
});

test('CloudWatch counts the requests that shadow limits would have refused, once each', async () => {
  const limits = inShadow({ requestsPerMinute: 1, requestsPerDay: 1 });
  const proxy = proxyFixture({ limits });
  for (let count = 0; count < 3; count += 1) await bodyText(await proxy.chat(ASK));
  const usage = proxy.log.filter(isUsage);
  expect(usage.map((event) => event['ShadowRefusals'])).toEqual([0, 1, 1]);
  expect(JSON.stringify(usage[0]?.['_aws'])).toContain('{"Name":"ShadowRefusals","Unit":"Count"}');
});

test('a slot of ten seconds is in shadow with its minute', async () => {
  const proxy = proxyFixture({ limits: { ...inShadow({ requestsPerMinute: 6 }), smoothing: '10s' } });
  await bodyText(await proxy.chat(ASK));
  await bodyText(await proxy.chat(ASK));
  expect(
    proxy.log.filter((event) => !isUsage(event)).map((event) => [event['counter'], event['limitValue']]),
  ).toEqual([['requests-slot', 1]]);
});

test('a limit that is enforced refuses beside one in shadow, and what was refused is not logged as let through', async () => {
  const limits: LimitSet = { requestsPerMinute: 1, requestsPerDay: 1, shadow: ['requestsPerDay'] };
  const proxy = proxyFixture({ limits });
  await bodyText(await proxy.chat(ASK));
  await expect(proxy.chat(ASK)).rejects.toMatchObject({ code: 'request_rate_exceeded' });
  expect(proxy.log.filter((event) => !isUsage(event))).toEqual([]);
});
