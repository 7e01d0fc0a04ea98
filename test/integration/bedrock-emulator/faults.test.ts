import {
  type BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { type BedrockEmulator, startBedrockEmulator } from '../../../local/bedrock/emulator.ts';
import { asking, collect, factsOf, PROTOCOLS, RUNTIME_CLIENTS, textsOf } from './clients.ts';

const REFUSALS = [
  ['access-denied', 'AccessDeniedException', 403],
  ['internal', 'InternalServerException', 500],
  ['model-error', 'ModelErrorException', 424],
  ['not-ready', 'ModelNotReadyException', 429],
  ['quota', 'ServiceQuotaExceededException', 400],
  ['throttle', 'ThrottlingException', 429],
  ['timeout', 'ModelTimeoutException', 408],
  ['unavailable', 'ServiceUnavailableException', 503],
  ['validation', 'ValidationException', 400],
] as const;

describe.each(PROTOCOLS)(
  'a fault asked of the Bedrock emulator, as the AWS SDK sees it over %s',
  (protocol) => {
    let emulator: BedrockEmulator;
    let client: BedrockRuntimeClient;

    beforeAll(async () => {
      emulator = await startBedrockEmulator({ tokenDelayMs: 0 });
      client = RUNTIME_CLIENTS[protocol](emulator.url);
    });
    afterAll(async () => {
      client.destroy();
      await emulator.close();
    });

    const converse = (wishes: string) =>
      client.send(new ConverseCommand(asking(`pears [[emulator ${wishes}]]`)));
    const stream = async (wishes: string) => {
      const answer = await client.send(new ConverseStreamCommand(asking(`pears [[emulator ${wishes}]]`)));
      return collect(answer.stream);
    };
    const failureOf = (attempt: Promise<unknown>) =>
      attempt.then(
        () => undefined,
        (error: unknown) => factsOf(error),
      );
    /** The texts that came before the failure, and the failure. */
    const brokenStream = async (wishes: string) => {
      const { stream: events } = await client.send(
        new ConverseStreamCommand(asking(`pears [[emulator ${wishes}]]`)),
      );
      const texts: string[] = [];
      const failure = await failureOf(
        (async () => {
          for await (const event of events ?? []) texts.push(...textsOf([event]));
        })(),
      );
      return { texts: texts.length, failure };
    };

    it.each(REFUSALS)('%s: both operations reject with %s and status %d', async (fault, name, status) => {
      const failures = [
        await failureOf(converse(`fault=${fault}`)),
        await failureOf(stream(`fault=${fault}`)),
      ];
      const expected = { name, status, message: expect.stringMatching(/\w/) };
      expect(failures).toEqual([expected, expected]);
    });

    it('exception-first-frame: the call rejects with ThrottlingException and no status', async () => {
      expect(await failureOf(stream('fault=exception-first-frame'))).toEqual({
        name: 'ThrottlingException',
        message: 'Too many requests, please wait before trying again.',
      });
    });

    it('exception-mid-stream: the tokens before it arrive, then ModelStreamErrorException', async () => {
      expect(await brokenStream('tokens=9 fault=exception-mid-stream after=5')).toEqual({
        texts: 5,
        failure: {
          name: 'ModelStreamErrorException',
          message: 'The model returned an error while processing the request.',
        },
      });
    });

    it.each([
      ['internalServerException', 'InternalServerException'],
      ['serviceUnavailableException', 'ServiceUnavailableException'],
      ['throttlingException', 'ThrottlingException'],
      ['validationException', 'ValidationException'],
    ])('exception-mid-stream carries %s where that is asked for', async (exception, name) => {
      const { failure } = await brokenStream(`fault=exception-mid-stream exception=${exception}`);
      expect(failure?.name).toBe(name);
    });

    it('torn-frame: the tokens before it arrive, then the SDK says that the stream is truncated', async () => {
      expect(await brokenStream('tokens=8 fault=torn-frame')).toEqual({
        texts: 4,
        failure: { name: 'Error', message: 'Truncated event message received.' },
      });
    });

    it('no-message-stop: the stream ends without an error, messageStop or usage', async () => {
      const events = await stream('tokens=2 fault=no-message-stop');
      expect(events.map((event) => Object.keys(event)[0])).toEqual([
        'messageStart',
        'contentBlockDelta',
        'contentBlockDelta',
        'contentBlockStop',
      ]);
    });

    it('reset: the tokens before it arrive, then the connection breaks', async () => {
      const { texts, failure } = await brokenStream('tokens=8 fault=reset');
      expect({ texts, message: failure?.message }).toEqual({
        texts: 4,
        message: protocol === 'HTTP/2' ? 'Stream closed with error code NGHTTP2_INTERNAL_ERROR' : 'aborted',
      });
    });

    it.each(['reset', 'torn-frame'])('%s: an answer in one piece fails, too', async (fault) => {
      expect(await failureOf(converse(`fault=${fault}`))).toEqual(
        expect.objectContaining({ message: expect.any(String) }),
      );
    });

    it('no-message-stop: an answer in one piece has no stop reason', async () => {
      const answer = await converse('tokens=1 fault=no-message-stop');
      expect([answer.stopReason, answer.output?.message?.content]).toEqual([undefined, [{ text: 'This' }]]);
    });

    it('shows a generation that was refused, so that attempts can be counted', async () => {
      emulator.generations.clear();
      await failureOf(converse('fault=throttle'));
      const generation = await emulator.generations.whenBegun();
      await generation.ended;
      expect([emulator.generations.count, generation.fault, generation.state, generation.tokensSent]).toEqual(
        [1, 'throttle', 'finished', 0],
      );
    });

    it.each(['fault=thortle', 'tokens=-1', 'tokens=many', 'exception=none', 'speed=3', 'fault', '"'])(
      'refuses the directive %s, which it does not understand',
      async (wishes) => {
        expect(await failureOf(converse(wishes))).toMatchObject({
          name: 'ValidationException',
          status: 400,
          message: expect.stringContaining('does not understand'),
        });
      },
    );
  },
);
