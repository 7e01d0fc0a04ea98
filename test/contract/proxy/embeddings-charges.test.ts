/** What a request for embeddings reserves and is charged, whichever of its calls fails, is cut or is not counted. */
import fc from 'fast-check';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import type { LimitSet } from '../../../shared/domain/limits.ts';
import {
  COHERE,
  cohere,
  type InvokeScript,
  ROUTE,
  scriptedInvoker,
  TITAN,
  textsOf,
  titan,
} from '../../support/embedding-fixture.ts';
import { NOW_MS } from '../../support/limits-fixture.ts';
import { bodyText, DEADLINE_MS, type ProxyScript, proxyFixture } from '../../support/proxy-fixture.ts';

/** Ten texts of a hundred characters: 128 a request, and 16 and 100 a text. */
const TEN = { model: TITAN, input: Array.from({ length: 10 }, () => 'x'.repeat(100)) };
const RESERVED = 128 + 10 * 116;

const refused = new GatewayError('invalid_request', 'No.');
const broken = new GatewayError('upstream_connection_error', 'Broken.');

function worldOf(script: InvokeScript, more: ProxyScript = {}) {
  const invoker = scriptedInvoker(script);
  return { invoker, proxy: proxyFixture({ ...more, invoker }) };
}

const failingAt =
  (index: number, error: Error): InvokeScript =>
  (call, at) => {
    if (at === index) throw error;
    return titan(call, at);
  };

async function recordOf(proxy: ReturnType<typeof proxyFixture>) {
  const records = await proxy.records();
  expect(records).toHaveLength(1);
  const { outcome, usage, nanoUsd, estimated } = records[0] ?? {};
  return { outcome, input: usage?.input, nanoUsd, estimated };
}

describe('a limit', () => {
  test.each<[string, LimitSet, string]>([
    ['tokens a minute', { tokensPerMinute: RESERVED - 1 }, 'request_exceeds_limit'],
    ['tokens a day', { tokensPerDay: RESERVED - 1 }, 'insufficient_quota'],
    ['money a month', { nanoUsdPerMonth: RESERVED * 20 - 1 }, 'insufficient_quota'],
  ])('on %s refuses what may go beyond it, and Bedrock is not asked', async (_, limits, code) => {
    const { invoker, proxy } = worldOf(titan, { limits });
    await expect(proxy.post(ROUTE, TEN)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/Shorten the input\.$/),
    });
    expect([invoker.calls, await proxy.records()]).toEqual([[], []]);
  });

  test.each<[string, LimitSet]>([
    ['tokens a minute', { tokensPerMinute: RESERVED }],
    ['money a month', { nanoUsdPerMonth: RESERVED * 20 }],
  ])('on %s lets pass what fits to the last one', async (_, limits) => {
    const { proxy } = worldOf(titan, { limits });
    expect((await proxy.post(ROUTE, TEN)).status).toBe(200);
  });

  test('on requests counts the request, not its calls', async () => {
    const { invoker, proxy } = worldOf(titan, { limits: { requestsPerMinute: 1 } });
    await bodyText(await proxy.post(ROUTE, TEN));
    await expect(proxy.post(ROUTE, TEN)).rejects.toMatchObject({ code: 'request_rate_exceeded' });
    expect(invoker.calls).toHaveLength(10);
  });
});

describe('a call that Bedrock throttles', () => {
  const throttled = new GatewayError('upstream_throttled', 'Later.', { retryAfterMs: 1500 });
  /** Throttles the first calls of the third text, however many. */
  function throttling(times: number) {
    let left = times;
    return worldOf((call, index) => {
      if (textsOf(call)[0] !== 'ccc' || left === 0) return titan(call, index);
      left -= 1;
      throw throttled;
    });
  }
  const FOUR = { model: TITAN, input: ['a', 'bb', 'ccc', 'dddd'] };

  test('is made again when Bedrock said, twice, and costs what was counted in the end', async () => {
    const { invoker, proxy } = throttling(2);
    const asked = proxy.post(ROUTE, FOUR);
    await proxy.time.pass(1_499);
    expect(invoker.calls).toHaveLength(4);
    await proxy.time.pass(1);
    await proxy.time.pass(1_500);
    const { data, usage } = JSON.parse(await bodyText(await asked));
    expect([data.length, usage.prompt_tokens, invoker.calls.length]).toEqual([4, 10, 6]);
    expect(await recordOf(proxy)).toEqual({
      outcome: 'completed',
      input: 10,
      nanoUsd: 200,
      estimated: false,
    });
    expect(proxy.time.armed()).toBe(0);
  });

  test('a third time fails the request', async () => {
    const { invoker, proxy } = throttling(3);
    const asked = expect(proxy.post(ROUTE, FOUR)).rejects.toBe(throttled);
    await proxy.time.pass(3_000);
    await asked;
    expect(invoker.calls).toHaveLength(6);
    expect(await recordOf(proxy)).toEqual({ outcome: 'failed', input: 7, nanoUsd: 140, estimated: false });
  });

  test('is not made again where it is the only one', async () => {
    const { invoker, proxy } = throttling(1);
    await expect(proxy.post(ROUTE, { ...FOUR, input: 'ccc' })).rejects.toBe(throttled);
    expect(invoker.calls).toHaveLength(1);
  });

  test('is not waited for once the caller has hung up', async () => {
    const controller = new AbortController();
    const { invoker, proxy } = throttling(3);
    const asked = expect(proxy.post(ROUTE, FOUR, { hangUp: controller.signal })).rejects.toBe(throttled);
    await proxy.time.pass(10);
    controller.abort();
    await asked;
    expect([invoker.calls.length, proxy.time.armed()]).toEqual([4, 0]);
    expect(await recordOf(proxy)).toEqual({ outcome: 'abandoned', input: 7, nanoUsd: 140, estimated: false });
  });

  test('after the caller has hung up is not waited for at all', async () => {
    const controller = new AbortController();
    const { invoker, proxy } = worldOf(() => {
      controller.abort();
      throw throttled;
    });
    // Nobody hears with what it ends.
    await expect(proxy.post(ROUTE, FOUR, { hangUp: controller.signal })).rejects.toThrow();
    expect([invoker.calls.length, proxy.time.armed()]).toEqual([1, 0]);
    expect(await recordOf(proxy)).toEqual({ outcome: 'abandoned', input: 0, nanoUsd: 0, estimated: false });
  });

  test('is not made again once another has failed', async () => {
    const { invoker, proxy } = worldOf((call, index) => {
      if (index === 0) throw throttled;
      if (index === 3) throw refused;
      return titan(call, index);
    });
    const asked = expect(proxy.post(ROUTE, FOUR)).rejects.toBe(refused);
    await proxy.time.pass(1_500);
    await asked;
    expect(invoker.calls).toHaveLength(4);
    expect(await recordOf(proxy)).toEqual({ outcome: 'failed', input: 5, nanoUsd: 100, estimated: false });
  });
});

describe('a call that fails after others were counted', () => {
  test('fails the request with its error, and what was counted is charged', async () => {
    const { invoker, proxy } = worldOf(failingAt(9, refused));
    await expect(proxy.post(ROUTE, TEN)).rejects.toBe(refused);
    expect(invoker.calls).toHaveLength(10);
    expect(await recordOf(proxy)).toEqual({
      outcome: 'failed',
      input: 900,
      nanoUsd: 18_000,
      estimated: false,
    });
  });

  test('is charged its most where the model may have worked, and the record says so', async () => {
    const { proxy } = worldOf(failingAt(9, broken));
    await expect(proxy.post(ROUTE, TEN)).rejects.toBe(broken);
    expect(await recordOf(proxy)).toEqual({
      outcome: 'failed',
      input: 900 + 116,
      nanoUsd: (900 + 116) * 20,
      estimated: true,
    });
  });

  test('keeps others from being begun', async () => {
    const many = { model: TITAN, input: Array.from({ length: 100 }, () => 'x') };
    const { invoker, proxy } = worldOf(failingAt(0, refused));
    await expect(proxy.post(ROUTE, many)).rejects.toBe(refused);
    expect(invoker.calls).toHaveLength(8);
    // Seven of the eight that were under way were counted.
    expect(await recordOf(proxy)).toEqual({ outcome: 'failed', input: 7, nanoUsd: 140, estimated: false });
  });

  test('alone costs nothing where Bedrock refused it', async () => {
    const { proxy } = worldOf(failingAt(0, refused));
    await expect(proxy.post(ROUTE, { model: TITAN, input: 'x' })).rejects.toBe(refused);
    expect(await recordOf(proxy)).toEqual({ outcome: 'failed', input: 0, nanoUsd: 0, estimated: false });
  });

  test('for a text that is too long names the input', async () => {
    const long = new GatewayError('context_length_exceeded', 'Too long.', { param: 'messages' });
    const { proxy } = worldOf(failingAt(0, long));
    await expect(proxy.post(ROUTE, TEN)).rejects.toMatchObject({
      code: 'context_length_exceeded',
      message: 'Too long.',
      param: 'input',
    });
  });
});

test.each<[string, object]>([
  ['no vector', {}],
  ['a vector for one text of two', { embeddings: [[1]] }],
  ['text as a vector', { embeddings: ['[1]', '[2]'] }],
  ['an empty vector', { embeddings: [[1], []] }],
  ['null among the numbers', { embeddings: [[1], [null]] }],
])('an answer with %s is a failure of the model, and charged as it was counted', async (_, body) => {
  const { proxy } = worldOf(() => ({ body: { ...body }, inputTokens: 2 }));
  await expect(proxy.post(ROUTE, { model: COHERE, input: ['a', 'b'] })).rejects.toMatchObject({
    code: 'model_error',
  });
  expect(await recordOf(proxy)).toEqual({ outcome: 'failed', input: 2, nanoUsd: 200, estimated: false });
});

test.each([undefined, -1, 1.5, 2_000_000_000])(
  'a call that Bedrock counted as %j is charged its most',
  async (count) => {
    const script: InvokeScript = (call) => ({ body: cohereBody(call), inputTokens: count });
    const { proxy } = worldOf(script);
    const answer = await proxy.post(ROUTE, { model: COHERE, input: ['ab', 'cd'] });
    expect(JSON.parse(await bodyText(answer)).usage).toEqual({ prompt_tokens: 36, total_tokens: 36 });
    expect(await recordOf(proxy)).toEqual({
      outcome: 'completed',
      input: 36,
      nanoUsd: 3600,
      estimated: true,
    });
  },
);
const cohereBody = (call: Parameters<InvokeScript>[0]) => ({ embeddings: textsOf(call).map(() => [1]) });

describe('a request that is cut', () => {
  /** Answers the first text and hangs at the others until it is aborted, as the transport does. */
  const hanging: InvokeScript = async (call, index) => {
    if (index === 0) return titan(call, index);
    return new Promise((_, reject) => {
      call.signal.addEventListener('abort', () => reject(broken), { once: true });
    });
  };
  const THREE = { model: TITAN, input: ['aaaa', 'bbbb', 'cccc'] };
  /** Four counted, and twice the most of four bytes. */
  const CHARGED = { input: 4 + 2 * 20, nanoUsd: (4 + 2 * 20) * 20, estimated: true };

  test('by its deadline is charged what was counted and the most of the rest', async () => {
    const { proxy } = worldOf(hanging);
    const asked = expect(proxy.post(ROUTE, THREE)).rejects.toMatchObject({ code: 'model_timeout' });
    await proxy.time.pass(DEADLINE_MS - NOW_MS);
    await asked;
    expect(await recordOf(proxy)).toEqual({ outcome: 'failed', ...CHARGED });
  });

  test('by the end of its key fails as revoked', async () => {
    const { proxy } = worldOf(hanging, { keyWatch: { isLive: async () => false } });
    const asked = expect(proxy.post(ROUTE, THREE)).rejects.toMatchObject({ code: 'key_revoked' });
    await proxy.time.pass(5_000);
    await asked;
    expect(await recordOf(proxy)).toEqual({ outcome: 'failed', ...CHARGED });
  });

  test('by a caller that hangs up begins nothing more', async () => {
    const controller = new AbortController();
    const { invoker, proxy } = worldOf(hanging);
    const many = { model: TITAN, input: Array.from({ length: 50 }, () => 'aaaa') };
    const asked = expect(proxy.post(ROUTE, many, { hangUp: controller.signal })).rejects.toBe(broken);
    await proxy.time.pass(0);
    controller.abort();
    await asked;
    // The worker that had its answer took one more: nine were begun.
    expect(invoker.calls).toHaveLength(9);
    expect(await recordOf(proxy)).toMatchObject({ outcome: 'abandoned', input: 4 + 8 * 20, estimated: true });
  });

  test('by a caller that hangs up is no answer, also where the calls under way succeed all the same', async () => {
    const controller = new AbortController();
    const { invoker, proxy } = worldOf((call, index) => {
      if (index === 7) controller.abort();
      return titan(call, index);
    });
    const many = { model: TITAN, input: Array.from({ length: 50 }, () => 'aaaa') };
    await expect(proxy.post(ROUTE, many, { hangUp: controller.signal })).rejects.toThrow();
    expect(invoker.calls).toHaveLength(8);
    expect(await recordOf(proxy)).toEqual({
      outcome: 'abandoned',
      input: 32,
      nanoUsd: 640,
      estimated: false,
    });
  });

  test('is asked about its key no more once its vectors are here', async () => {
    let asked = 0;
    const isLive = async () => {
      asked += 1;
      return false;
    };
    const { proxy } = worldOf(titan, { keyWatch: { isLive } });
    const answer = await proxy.post(ROUTE, THREE);
    await proxy.time.pass(60_000);
    expect(JSON.parse(await bodyText(answer)).data).toHaveLength(3);
    expect([asked, (await recordOf(proxy)).outcome]).toEqual([0, 'completed']);
  });

  test('leaves no timer behind', async () => {
    const { proxy } = worldOf(titan);
    await bodyText(await proxy.post(ROUTE, THREE));
    expect(proxy.time.armed()).toBe(0);
  });
});

test('a body that is never read is settled when it is left', async () => {
  const { proxy } = worldOf(titan);
  const { body } = await proxy.post(ROUTE, TEN);
  if (typeof body === 'string') throw new TypeError('The body is a text.');
  await body.return();
  expect(await recordOf(proxy)).toEqual({
    outcome: 'abandoned',
    input: 1000,
    nanoUsd: 20_000,
    estimated: false,
  });
});

test('whatever its calls do, a request is settled once, within what it reserved', async () => {
  const fates = fc.constantFrom<'counted' | 'uncounted' | 'refused' | 'broken'>(
    'counted',
    'uncounted',
    'refused',
    'broken',
  );
  const text = fc.string({ minLength: 1, maxLength: 40, unit: 'binary' });
  const requests = fc.array(fc.record({ text, fate: fates }), { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(requests, async (asked) => {
      const script: InvokeScript = (call, index) => {
        const fate = asked[index]?.fate;
        if (fate === 'refused') throw refused;
        if (fate === 'broken') throw broken;
        const bytes = Buffer.byteLength(textsOf(call).join(''));
        return { body: { embedding: [1] }, inputTokens: fate === 'counted' ? bytes : undefined };
      };
      const proxy = proxyFixture({ invoker: scriptedInvoker(script) });
      const answered = proxy
        .post(ROUTE, { model: TITAN, input: asked.map((one) => one.text) })
        .then(bodyText);
      await answered.catch((error: unknown) => expect([refused, broken]).toContain(error));
      const records = await proxy.records();
      const most = asked.reduce((sum, one) => sum + 16 + textMost(one.text), 128);
      expect(records).toHaveLength(1);
      expect(records[0]?.usage.input).toBeLessThanOrEqual(most);
      const failed = asked.some(({ fate }) => fate === 'refused' || fate === 'broken');
      expect(records[0]?.outcome).toBe(failed ? 'failed' : 'completed');
      expect(proxy.time.armed()).toBe(0);
    }),
    { numRuns: 100 },
  );
});
const textMost = (text: string): number =>
  Math.max(Buffer.byteLength(text), Buffer.byteLength(text.normalize('NFKC')));

test('Cohere’s calls share out the count of each', async () => {
  const { proxy } = worldOf(cohere);
  const input = Array.from({ length: 100 }, () => 'abc');
  await bodyText(await proxy.post(ROUTE, { model: COHERE, input }));
  expect(await recordOf(proxy)).toEqual({
    outcome: 'completed',
    input: 300,
    nanoUsd: 30_000,
    estimated: false,
  });
});
