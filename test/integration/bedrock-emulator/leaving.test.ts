import { connect } from 'node:net';
import {
  type BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { type BedrockEmulator, startBedrockEmulator } from '../../../local/bedrock/emulator.ts';
import { asking, collect, GPT_OSS, PROTOCOLS, RUNTIME_CLIENTS, textsOf } from './clients.ts';
import { HeldClock } from './held-clock.ts';

describe.each(PROTOCOLS)('a caller of the Bedrock emulator over %s', (protocol) => {
  let clock: HeldClock;
  let emulator: BedrockEmulator;
  let client: BedrockRuntimeClient;

  beforeEach(async () => {
    clock = new HeldClock();
    emulator = await startBedrockEmulator({ clock });
    client = RUNTIME_CLIENTS[protocol](emulator.url);
  });
  afterEach(async () => {
    client.destroy();
    await emulator.close();
  });

  const ticks = async (count: number) => {
    for (let index = 0; index < count; index += 1) await clock.tick();
  };

  it('gets each token after its delay', async () => {
    const answered = client.send(new ConverseStreamCommand(asking('[[emulator tokens=3]]')));
    await ticks(3);
    const events = await collect((await answered).stream);
    expect(clock.waits).toEqual([20, 20, 20]);
    expect(textsOf(events)).toHaveLength(3);
    expect(events.at(-1)?.metadata?.metrics?.latencyMs).toBe(60);
  });

  it('gets an answer in one piece after the delay of all its tokens', async () => {
    const answered = client.send(new ConverseCommand(asking('[[emulator tokens=3 delay=7]]')));
    await ticks(1);
    expect([(await answered).usage?.outputTokens, clock.waits]).toEqual([3, [21]]);
  });

  it('gets slow tokens by the fault slow', async () => {
    const answered = client.send(new ConverseStreamCommand(asking('[[emulator tokens=1 fault=slow]]')));
    await ticks(1);
    await collect((await answered).stream);
    expect(clock.waits).toEqual([250]);
  });

  it('stops the generation by leaving in the middle of it', async () => {
    const abort = new AbortController();
    const answer = await client.send(new ConverseStreamCommand(asking('[[emulator tokens=100]]')), {
      abortSignal: abort.signal,
    });
    // The third wait begins when two tokens are sent, and no later one ever passes.
    await ticks(2);
    const generation = await emulator.generations.whenBegun();
    abort.abort();
    await collect(answer.stream).catch(() => undefined);
    const ended = await generation.ended;
    expect(ended.state).toBe('aborted');
    await clock.cancelled;
    expect(ended.tokensSent).toBeLessThanOrEqual(2);
  });

  it('stops the generation by leaving before an answer in one piece', async () => {
    const abort = new AbortController();
    const answered = client.send(new ConverseCommand(asking('pears')), { abortSignal: abort.signal });
    const generation = await emulator.generations.whenBegun();
    abort.abort();
    await answered.catch(() => undefined);
    expect(await generation.ended).toMatchObject({ state: 'aborted', tokensSent: 0 });
  });

  it('hears messageStart and then nothing by the fault silent, until it leaves', async () => {
    const abort = new AbortController();
    const answer = await client.send(new ConverseStreamCommand(asking('[[emulator fault=silent]]')), {
      abortSignal: abort.signal,
    });
    const events = answer.stream?.[Symbol.asyncIterator]();
    expect((await events?.next())?.value).toEqual({ messageStart: { role: 'assistant' } });
    const generation = await emulator.generations.whenBegun();
    expect(generation.state).toBe('running');
    abort.abort();
    expect((await generation.ended).state).toBe('aborted');
    await events?.next().catch(() => undefined);
  });

  it('keeps others served and the emulator waiting while it does not read', async () => {
    const tokens = 100_000;
    const abort = new AbortController();
    const wish = asking(`[[emulator tokens=${tokens} delay=0]]`, GPT_OSS);
    await client.send(new ConverseStreamCommand(wish), { abortSignal: abort.signal });
    const generation = await emulator.generations.whenBegun();
    const other = await client.send(new ConverseCommand(asking('[[emulator say=hello delay=0]]')));
    expect(other.usage?.outputTokens).toBe(1);
    expect([generation.state, generation.tokensSent < tokens]).toEqual(['running', true]);
    abort.abort();
    expect((await generation.ended).state).toBe('aborted');
  });

  it('is cut off when the emulator closes', async () => {
    const answer = await client.send(new ConverseStreamCommand(asking('[[emulator fault=silent]]')));
    const generation = await emulator.generations.whenBegun();
    await emulator.close();
    expect((await generation.ended).state).toBe('aborted');
    await collect(answer.stream).catch(() => undefined);
  });
});

describe('the port of the Bedrock emulator', () => {
  let emulator: BedrockEmulator;

  beforeEach(async () => {
    emulator = await startBedrockEmulator({ tokenDelayMs: 0 });
  });
  afterEach(() => emulator.close());

  /** Sends each piece once the server has read the one before, and resolves with the first bytes of the answer. */
  const dribble = async (pieces: readonly (string | Buffer)[]): Promise<string> => {
    const socket = connect(emulator.port, '127.0.0.1').setNoDelay(true);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    socket.once('error', reject);
    socket.once('data', (chunk) => resolve(chunk.toString('latin1')));
    for (const piece of pieces) {
      socket.write(piece);
      // A round trip beside it: what was written before this request is read before it is answered.
      await fetch(emulator.url).then((response) => response.text());
    }
    return promise.finally(() => socket.destroy());
  };

  it('speaks HTTP/2 to a preface that comes byte by byte', async () => {
    const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    const answer = await dribble([...'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', settings]);
    // The server's first frame is its SETTINGS: type 4 on stream 0.
    expect(answer.charCodeAt(3)).toBe(4);
  });

  it('speaks HTTP/1.1 to a request that comes byte by byte and begins like the preface', async () => {
    expect(
      await dribble([...'P', ...'OST /model/x/converse HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n']),
    ).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('refuses to start where another already listens', async () => {
    await expect(startBedrockEmulator({ port: emulator.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
