import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { type BedrockEmulator, startBedrockEmulator } from '../../../local/bedrock/emulator.ts';
import type { Fixture } from '../../../local/bedrock/recorder/fixture.ts';
import { type Recorder, startRecorder } from '../../../local/bedrock/recorder/recorder.ts';
import { asking, CLAUDE, collect, textsOf } from './clients.ts';

const SECRET = 'bedrock-api-key-c2VjcmV0';
const THINKING = { additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1024 } } };

describe.each(['keep', 'replace'] as const)('the recorder that is told to %s texts', (texts) => {
  let emulator: BedrockEmulator;
  let recorder: Recorder;
  let client: BedrockRuntimeClient;
  let written: PromiseWithResolvers<Fixture>;

  beforeAll(async () => {
    emulator = await startBedrockEmulator({ tokenDelayMs: 0 });
    recorder = await startRecorder({
      target: emulator.url,
      texts,
      onFixture: (fixture) => written.resolve(fixture),
    });
    client = new BedrockRuntimeClient({
      endpoint: recorder.url,
      region: 'us-east-1',
      maxAttempts: 1,
      token: { token: SECRET },
      authSchemePreference: ['httpBearerAuth'],
      requestHandler: new NodeHttpHandler(),
    });
  });
  beforeEach(() => {
    written = Promise.withResolvers();
  });
  afterAll(async () => {
    client.destroy();
    await recorder.close();
    await emulator.close();
  });

  it('passes a stream on and writes its events without padding, proofs and keys', async () => {
    const { stream } = await client.send(
      new ConverseStreamCommand({ ...asking('[[emulator think="Hm." say="Two words."]]'), ...THINKING }),
    );
    expect(textsOf(await collect(stream)).join('')).toBe('Two words.');
    const fixture = await written.promise;
    const said = (text: string) => (texts === 'keep' ? text : text.replace(/\w/g, 'x'));
    expect(fixture.response).toEqual({
      status: 200,
      headers: { 'content-type': 'application/vnd.amazon.eventstream' },
      body: [
        { messageStart: { role: 'assistant' } },
        { contentBlockDelta: { contentBlockIndex: 0, delta: { reasoningContent: { text: said('Hm.') } } } },
        {
          contentBlockDelta: { contentBlockIndex: 0, delta: { reasoningContent: { signature: 'redacted' } } },
        },
        { contentBlockStop: { contentBlockIndex: 0 } },
        { contentBlockDelta: { contentBlockIndex: 1, delta: { text: said('Two') } } },
        { contentBlockDelta: { contentBlockIndex: 1, delta: { text: said(' words.') } } },
        { contentBlockStop: { contentBlockIndex: 1 } },
        { messageStop: { stopReason: 'end_turn' } },
        { metadata: expect.objectContaining({ usage: expect.objectContaining({ outputTokens: 3 }) }) },
      ],
    });
    expect(JSON.stringify(fixture)).not.toContain(SECRET);
    expect(fixture.request.headers).toEqual({ 'content-type': 'application/json' });
  });

  it('writes no account, no own name behind an ARN, no word of a tool and no file', async () => {
    const png = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(500)]);
    const modelId = `arn:aws:bedrock:us-east-1:123456789012:inference-profile/${CLAUDE}`;
    await client.send(
      new ConverseCommand({
        modelId,
        guardrailConfig: {
          guardrailIdentifier: 'arn:aws:bedrock:us-east-1:123456789012:guardrail/mine',
          guardrailVersion: '1',
        },
        requestMetadata: { tenant: 'acme' },
        toolConfig: {
          tools: [{ toolSpec: { name: 'find', inputSchema: { json: { type: 'object', properties: {} } } } }],
        },
        messages: [
          {
            role: 'user',
            content: [
              { text: `[[emulator tool=find args='{"who":"Ada"}']]` },
              { image: { format: 'png', source: { bytes: png } } },
            ],
          },
        ],
      }),
    );
    const { request, response } = await written.promise;
    expect(request.path).toBe(
      `/model/arn:aws:bedrock:us-east-1:000000000000:inference-profile/${CLAUDE}/converse`,
    );
    const who = texts === 'keep' ? ['acme', 'Ada'] : ['xxxx', 'xxx'];
    expect(request.body).toMatchObject({
      guardrailConfig: { guardrailIdentifier: 'arn:aws:bedrock:us-east-1:000000000000:guardrail/redacted' },
      requestMetadata: { tenant: who[0] },
      toolConfig: { tools: [{ toolSpec: { name: 'find', inputSchema: { json: { type: 'object' } } } }] },
      messages: [{ content: [{}, { image: { source: { bytes: png.toString('base64').slice(0, 48) } } }] }],
    });
    expect(response.body).toMatchObject({
      output: { message: { content: [{ toolUse: { name: 'find', input: { who: who[1] } } }] } },
    });
  });

  it('writes a refusal', async () => {
    const attempt = client.send(new ConverseCommand(asking('[[emulator fault=throttle]]')));
    await expect(attempt).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect((await written.promise).response).toEqual({
      status: 429,
      headers: {
        'content-type': 'application/json',
        'x-amzn-errortype': 'ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/',
      },
      body: { message: 'Too many requests, please wait before trying again.' },
    });
  });
});
