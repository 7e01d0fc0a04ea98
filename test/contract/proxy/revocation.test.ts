import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import { errorHeaders, errorStatus, publicError } from '../../../shared/http/openai-error.ts';
import type { KeyWatch, ModelRuntime } from '../../../shared/ports.ts';
import { NOW_MS } from '../../support/limits-fixture.ts';
import { type ManualTime, manualTime } from '../../support/manual-time.ts';
import {
  ASK,
  bodyText,
  collect,
  HELLO_ANSWER,
  HELLO_STREAM,
  type ProxyScript,
  proxyFixture,
  START,
  streamData,
  textEvent,
} from '../../support/proxy-fixture.ts';

const STREAM = { ...ASK, stream: true };
/** What nobody counted is charged as it was reserved. */
const CUT = { outcome: 'failed', estimated: true, usage: { input: 146, output: 4096 } };
const REVOKED = {
  error: {
    message: 'The API key was revoked while the answer was written.',
    type: 'invalid_request_error',
    param: null,
    code: 'key_revoked',
  },
};
const LIVE = async () => true;
const FAILS = () => Promise.reject(new GatewayError('service_unavailable', 'No.'));
const HANGS = () => new Promise<boolean>(() => undefined);

/** A key store that answers as the script says, read by read and then as it ended; `reads` are their instants. */
function scriptedWatch(...answers: readonly (() => Promise<boolean>)[]) {
  const reads: number[] = [];
  const at: { time: ManualTime | undefined } = { time: undefined };
  const keyWatch: KeyWatch = {
    isLive: () => {
      reads.push((at.time?.clock() ?? 0) - NOW_MS);
      return (answers[reads.length - 1] ?? answers.at(-1) ?? LIVE)();
    },
  };
  return { keyWatch, reads, at };
}

/** A proxy whose key store is scripted. */
function watchedProxy(script: ProxyScript, ...answers: readonly (() => Promise<boolean>)[]) {
  const { keyWatch, reads, at } = scriptedWatch(...answers);
  const proxy = proxyFixture({ ...script, keyWatch });
  at.time = proxy.time;
  return { ...proxy, reads };
}

/** A proxy whose key is revoked at an instant after the request; a read that begins in `faltering` fails. */
function revokedProxy(script: ProxyScript, of: { readonly atMs: number; readonly faltering?: number }) {
  const at: { time: ManualTime | undefined } = { time: undefined };
  let toFail = of.faltering ?? 0;
  const keyWatch: KeyWatch = {
    isLive: () => {
      const sinceMs = (at.time?.clock() ?? 0) - NOW_MS;
      if (sinceMs < of.atMs) return LIVE();
      toFail -= 1;
      return toFail < 0 ? Promise.resolve(false) : HANGS();
    },
  };
  const proxy = proxyFixture({ ...script, keyWatch });
  at.time = proxy.time;
  return proxy;
}

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

/** Bedrock that accepts nothing until it is left. */
const undecided: ModelRuntime = {
  converse: ({ signal }) => untilAborted(signal),
  converseStream: ({ signal }) => untilAborted(signal),
};

/** A model that says a word every 100 ms and never ends. */
const talking = (time: () => ManualTime): ModelRuntime => ({
  converse: ({ signal }) => untilAborted(signal),
  async converseStream({ signal }) {
    return (async function* () {
      yield [START];
      for (;;) {
        await Promise.race([
          untilAborted(signal),
          new Promise<void>((resolve) => void time().timer(100, resolve)),
        ]);
        yield [textEvent('word ')];
      }
    })();
  },
});

const SILENT: ProxyScript = { stream: [[START, textEvent('a')], 'hang'] };
const settlements = (order: readonly string[]) => order.filter((step) => step.startsWith('settle'));

describe('within 5 s of the revocation of its key, at any instant and also if a read hangs meanwhile,', () => {
  const instants = [1, 2_999, 3_000, 3_001, 4_500, 5_999, 6_000, 61_234].flatMap((atMs) => [
    { atMs, faltering: 0 },
    { atMs, faltering: 1 },
  ]);

  test.each(instants)('a stream of a silent model is cut: $atMs ms, $faltering reads hang', async (of) => {
    const proxy = revokedProxy(SILENT, of);
    const rest = bodyText(await proxy.chat(STREAM));
    await proxy.time.pass(of.atMs - 1);
    expect(await proxy.records()).toEqual([]);
    await proxy.time.pass(5_001);
    expect(proxy.calls[0]?.signal.aborted).toBe(true);
    expect(streamData(await rest).at(-1)).toEqual(REVOKED);
    expect(await proxy.records()).toMatchObject([CUT]);
    expect(settlements(proxy.order)).toEqual(['settle:failed']);
    expect(proxy.time.armed()).toBe(0);
  });

  test.each(instants)('a whole answer is refused: $atMs ms, $faltering reads hang', async (of) => {
    const proxy = revokedProxy({ runtime: undecided }, of);
    const answer = proxy.chat(ASK).catch((error: unknown) => error);
    await proxy.time.pass(of.atMs + 5_000);
    const error = publicError(await answer);
    expect([errorStatus(error), error.code, errorHeaders(error)['x-should-retry']]).toEqual([
      401,
      'key_revoked',
      'false',
    ]);
    expect(await proxy.records()).toMatchObject([CUT]);
    expect(settlements(proxy.order)).toEqual(['settle:failed']);
    expect(proxy.time.armed()).toBe(0);
  });

  test('a stream is refused that Bedrock has not accepted yet', async () => {
    const proxy = revokedProxy({ runtime: undecided }, { atMs: 1_000 });
    const answer = proxy.chat(STREAM).catch((error: unknown) => error);
    await proxy.time.pass(6_000);
    expect(await answer).toMatchObject({ code: 'key_revoked' });
    expect(await proxy.records()).toMatchObject([CUT]);
    expect(settlements(proxy.order)).toEqual(['settle:failed']);
    expect(proxy.time.armed()).toBe(0);
  });

  test('a stream is cut in the middle of its words', async () => {
    const at: { time: ManualTime } = { time: manualTime(NOW_MS) };
    const proxy = revokedProxy({ runtime: talking(() => at.time) }, { atMs: 4_000 });
    at.time = proxy.time;
    const rest = bodyText(await proxy.chat(STREAM));
    await proxy.time.pass(9_000);
    const data = streamData(await rest);
    // Words came until the read at 6 s.
    expect(data.filter((event) => JSON.stringify(event).includes('word'))).toHaveLength(59);
    expect(data.at(-1)).toEqual(REVOKED);
    expect(data).not.toContain('[DONE]');
    expect(await proxy.records()).toMatchObject([CUT]);
  });

  test('a stream is settled whose caller does not read, and the caller finds the error', async () => {
    const proxy = revokedProxy(SILENT, { atMs: 100 });
    const { body } = await proxy.chat(STREAM);
    if (typeof body === 'string') throw new TypeError('The body is text.');
    await body.next();
    await proxy.time.pass(5_000);
    expect(await proxy.records()).toMatchObject([CUT]);
    expect(streamData((await collect(body)).join(''))).toEqual([REVOKED]);
    expect(settlements(proxy.order)).toEqual(['settle:failed']);
  });
});

describe('a key that cannot be read', () => {
  test.each([
    ['are refused', FAILS],
    ['find no answer', HANGS],
  ])('ends the stream after two reads in a row that %s', async (_, read) => {
    const proxy = watchedProxy(SILENT, read);
    const rest = bodyText(await proxy.chat(STREAM));
    await proxy.time.pass(5_000);
    expect(streamData(await rest).at(-1)).toMatchObject({
      error: { type: 'server_error', code: 'service_unavailable' },
    });
    expect(proxy.reads).toEqual([3_000, 4_000]);
    expect(await proxy.records()).toMatchObject([CUT]);
    expect(proxy.log.map(({ event, error }) => [event, error])).toEqual([
      ['key-unread', undefined],
      ['key-unread', undefined],
      ['usage', 'service_unavailable'],
    ]);
    expect(proxy.time.armed()).toBe(0);
  });

  test('refuses a whole answer with 503, and charges it: the model was at work', async () => {
    const proxy = watchedProxy({ runtime: undecided }, FAILS);
    const answer = proxy.chat(ASK).catch((error: unknown) => error);
    await proxy.time.pass(4_000);
    const error = publicError(await answer);
    expect([errorStatus(error), error.code]).toEqual([503, 'service_unavailable']);
    expect(await proxy.records()).toMatchObject([CUT]);
    expect(settlements(proxy.order)).toEqual(['settle:failed']);
  });

  test.each([
    ['is refused', FAILS],
    ['finds no answer', HANGS],
  ])(
    'ends nothing where a read that %s is followed by one that succeeds, time and again',
    async (_, read) => {
      const gate = Promise.withResolvers<void>();
      const stream = [[START], gate.promise, ...HELLO_STREAM];
      const proxy = watchedProxy({ stream }, read, LIVE, read, LIVE, read, LIVE);
      const rest = bodyText(await proxy.chat(STREAM));
      await proxy.time.pass(13_000);
      expect(proxy.reads).toEqual([3_000, 4_000, 7_000, 8_000, 11_000, 12_000]);
      gate.resolve();
      expect(streamData(await rest).at(-1)).toBe('[DONE]');
      expect(await proxy.records()).toMatchObject([{ outcome: 'completed' }]);
      expect(proxy.time.armed()).toBe(0);
    },
  );

  test('is not ended by what a read says after its time', async () => {
    const late = Promise.withResolvers<boolean>();
    const gate = Promise.withResolvers<void>();
    const proxy = watchedProxy(
      { stream: [[START], gate.promise, ...HELLO_STREAM] },
      () => late.promise,
      LIVE,
    );
    const rest = bodyText(await proxy.chat(STREAM));
    await proxy.time.pass(3_950);
    late.resolve(false);
    await proxy.time.pass(4_000);
    expect(proxy.reads).toEqual([3_000, 4_000, 7_000]);
    gate.resolve();
    expect(streamData(await rest).at(-1)).toBe('[DONE]');
  });
});

describe('a key that holds', () => {
  test('is read every 3 s while its answer is written, one read at a time however long each takes', async () => {
    const at: { time: ManualTime } = { time: manualTime(NOW_MS) };
    let underWay = 0;
    let most = 0;
    const slow = async (): Promise<boolean> => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise<void>((resolve) => void at.time.timer(899, resolve));
      underWay -= 1;
      return true;
    };
    const proxy = watchedProxy(SILENT, slow);
    at.time = proxy.time;
    const { body } = await proxy.chat(STREAM);
    await proxy.time.pass(30_999);
    expect(proxy.reads).toEqual([3, 6, 9, 12, 15, 18, 21, 24, 27, 30].map((seconds) => seconds * 1_000));
    expect(most).toBe(1);
    if (typeof body !== 'string') await body.return();
    expect(proxy.time.armed()).toBe(0);
  });

  test.each([ASK, STREAM])('is not read for an answer that takes less than 3 s', async (request) => {
    const gate = Promise.withResolvers<void>();
    const runtime: ModelRuntime = {
      converse: async () => gate.promise.then(() => HELLO_ANSWER),
      converseStream: async () =>
        (async function* () {
          await gate.promise;
          yield* HELLO_STREAM;
        })(),
    };
    const proxy = watchedProxy({ runtime }, LIVE);
    const text = proxy.chat(request).then(bodyText);
    await proxy.time.pass(2_999);
    gate.resolve();
    expect(await text).toContain('world');
    expect(proxy.reads).toEqual([]);
    expect(proxy.time.armed()).toBe(0);
  });

  test('is read no more once the model has finished, though the caller has not fetched the end', async () => {
    for (const request of [ASK, STREAM]) {
      const proxy = watchedProxy({}, LIVE);
      const { body } = await proxy.chat(request);
      if (typeof body === 'string') throw new TypeError('The body is text.');
      for (let text = ''; !/DONE|usage/.test(text); ) text = String((await body.next()).value);
      await proxy.time.pass(60_000);
      expect(proxy.reads).toEqual([]);
      await body.return();
      expect(await proxy.records()).toMatchObject([{ outcome: 'completed' }]);
    }
  });
});
