import { BedrockClient, CreateInferenceProfileCommand } from '@aws-sdk/client-bedrock';
import { startBedrockEmulator } from '../../../local/bedrock/emulator.ts';
import { createInferenceProfiles } from '../../../shared/aws/inference-profiles.ts';
import type { SignedHttp } from '../../../shared/aws/signed-http.ts';
import { CATALOGUE, catalogueOf } from '../../../shared/domain/catalogue.ts';
import { noWaiting, sdkAccess, signedHttpTo } from '../../support/aws-emulator.ts';
import {
  hangUp,
  json,
  type Script,
  type ScriptedServer,
  startScriptedServer,
} from '../../support/scripted-server.ts';

const NOVA = 'amazon.nova-lite-v1:0';
const SONNET = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const ARN = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123';
const PATH = `/inference-profiles/${encodeURIComponent(ARN)}`;

test('the model is that which the profile was copied from, as the AWS SDK made it', async () => {
  const emulator = await startBedrockEmulator({ tokenDelayMs: 0 });
  const client = new BedrockClient(sdkAccess(emulator.url));
  const http = signedHttpTo(emulator.url, 'bedrock');
  const profiles = createInferenceProfiles({ http, catalogue: catalogueOf('us-east-1'), clock: () => 0 });
  const sources = [
    `arn:aws:bedrock:us-east-1::foundation-model/${NOVA}`,
    `arn:aws:bedrock:us-east-1:000000000000:inference-profile/${SONNET}`,
    `arn:aws:bedrock:us-east-1:000000000000:inference-profile/${SONNET.replace('us.', 'global.')}`,
  ];
  const models: string[] = [];
  for (const copyFrom of sources) {
    const order = { inferenceProfileName: 'team', modelSource: { copyFrom } };
    const { inferenceProfileArn = '' } = await client.send(new CreateInferenceProfileCommand(order));
    models.push(await profiles.modelOf(inferenceProfileArn));
  }
  expect(models).toEqual([NOVA, SONNET, SONNET.replace('us.', 'global.')]);
  await expect(profiles.modelOf(ARN)).rejects.toMatchObject({ code: 'model_not_found' });
  client.destroy();
  http.close();
  await emulator.close();
});

describe('application inference profiles', () => {
  let server: ScriptedServer;
  let http: SignedHttp;
  beforeAll(async () => {
    server = await startScriptedServer();
    http = signedHttpTo(server.endpoint, 'bedrock');
  });
  afterAll(async () => {
    http.close();
    await server.close();
  });

  const now = { ms: 0 };
  const opened = (of: { readonly nowhereKeptMs?: number } = {}) =>
    createInferenceProfiles({
      ...{ http, catalogue: CATALOGUE, clock: () => now.ms, waiting: noWaiting() },
      ...of,
    });
  const profile = (of: object = {}): Script =>
    json(200, {
      status: 'ACTIVE',
      models: [{ modelArn: `arn:aws:bedrock:us-east-1::foundation-model/${NOVA}` }],
      ...of,
    });
  const refusal =
    (status: number, type: string): Script =>
    (response) => {
      const headers = {
        'x-amzn-errortype': `${type}:http://internal.amazon.com/coral/`,
        'content-type': 'application/json',
      };
      response.writeHead(status, headers).end(JSON.stringify({ message: `Not ${ARN}` }));
    };

  test('are asked once for all who ask, at the same time and later', async () => {
    server.play(profile(), refusal(500, 'InternalServerException'));
    const profiles = opened();
    const ids = await Promise.all([profiles.modelOf(ARN), profiles.modelOf(ARN)]);
    expect([...ids, await profiles.modelOf(ARN)]).toEqual([NOVA, NOVA, NOVA]);
    expect(server.requests.map(({ path, body }) => [path, body])).toEqual([[PATH, '']]);
    expect(server.requests[0]?.headers.authorization).toContain('/us-east-1/bedrock/aws4_request');
  });

  test.each([
    ['there is none', refusal(404, 'ResourceNotFoundException')],
    ['Bedrock finds the ARN invalid', refusal(400, 'ValidationException')],
    ['it is not in use', profile({ status: 'DELETING' })],
    [
      'its model is not in the catalogue',
      profile({ models: [{ modelArn: 'arn:aws:bedrock:us-east-1::foundation-model/x' }] }),
    ],
  ])(
    'lead to no model where %s; that is asked again after a minute, and neither ARN nor account is told',
    async (_what, script) => {
      server.play(script, profile());
      const profiles = opened();
      const nowhere = {
        code: 'model_not_found',
        message: 'The inference profile leads to no model that has a price here.',
      };
      now.ms = 0;
      await expect(profiles.modelOf(ARN)).rejects.toMatchObject(nowhere);
      now.ms = 59_999;
      await expect(profiles.modelOf(ARN)).rejects.toMatchObject(nowhere);
      expect([server.requests.length, profiles.knownModelOf(ARN)]).toEqual([1, undefined]);
      now.ms = 60_000;
      expect(await profiles.modelOf(ARN)).toBe(NOVA);
    },
  );

  test('are asked again at once where nothing is to be believed of what leads nowhere', async () => {
    server.play(refusal(404, 'ResourceNotFoundException'), profile());
    const profiles = opened({ nowhereKeptMs: 0 });
    await expect(profiles.modelOf(ARN)).rejects.toMatchObject({ code: 'model_not_found' });
    expect(await profiles.modelOf(ARN)).toBe(NOVA);
  });

  test('are known without asking once they were asked for, and for good', async () => {
    server.play(profile());
    const profiles = opened();
    expect([profiles.knownModelOf(ARN), server.requests.length]).toEqual([undefined, 0]);
    await profiles.modelOf(ARN);
    now.ms += 30 * 86_400_000;
    expect([profiles.knownModelOf(ARN), server.requests.length]).toEqual([NOVA, 1]);
  });

  test.each([
    ['is down', refusal(500, 'InternalServerException'), 'tries'],
    ['throttles', refusal(429, 'ThrottlingException'), 'tries'],
    ['loses the response', hangUp, 'tries'],
    ['does not let us ask', refusal(403, 'AccessDeniedException'), 'try'],
    ['answers no JSON', (response) => void response.writeHead(200).end('<html>'), 'tries'],
    ['names no models', profile({ models: [] }), 'tries'],
    ['names models without ARN', profile({ models: [{}] }), 'tries'],
  ] as const satisfies readonly (readonly [string, Script, 'try' | 'tries'])[])(
    'cannot be told of where Bedrock %s; that is asked again',
    async (_what, script, requests) => {
      server.play(script);
      const profiles = opened();
      await expect(profiles.modelOf(ARN)).rejects.toMatchObject({
        code: 'service_unavailable',
        message: 'The inference profile of the model cannot be reached. Retry shortly.',
        retryAfterMs: 1_000,
      });
      expect(server.requests.length > 1 ? 'tries' : 'try').toBe(requests);
      server.play(profile());
      expect(await profiles.modelOf(ARN)).toBe(NOVA);
    },
  );
});
