import {
  BedrockClient,
  CreateInferenceProfileCommand,
  GetFoundationModelCommand,
  GetInferenceProfileCommand,
  ListFoundationModelsCommand,
  ListInferenceProfilesCommand,
  paginateListInferenceProfiles,
} from '@aws-sdk/client-bedrock';
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { type BedrockEmulator, startBedrockEmulator } from '../../../local/bedrock/emulator.ts';
import { CATALOGUE } from '../../../shared/domain/catalogue.ts';
import { CLAUDE, settingsOf } from './clients.ts';

const MODEL = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
/** Where the profile routes to, as far as the emulator knows. */
const MODELS = ['us-east-1', 'us-east-2', 'us-west-2'].map((region) => ({
  modelArn: `arn:aws:bedrock:${region}::foundation-model/${MODEL}`,
}));

describe("the Bedrock emulator's control plane, through the AWS SDK", () => {
  let emulator: BedrockEmulator;
  let client: BedrockClient;

  beforeAll(async () => {
    emulator = await startBedrockEmulator({ tokenDelayMs: 0 });
    client = new BedrockClient(settingsOf(emulator.url));
  });
  afterAll(async () => {
    client.destroy();
    await emulator.close();
  });

  const modelsBy = async (filter: object) =>
    (await client.send(new ListFoundationModelsCommand(filter))).modelSummaries ?? [];

  it('lists models and profiles which together are the catalogue’s models that converse or embed', async () => {
    const models = (await modelsBy({})).map(({ modelId }) => modelId);
    const { inferenceProfileSummaries = [] } = await client.send(new ListInferenceProfilesCommand({}));
    const profiles = inferenceProfileSummaries.map(({ inferenceProfileId }) => inferenceProfileId);
    expect([...models, ...profiles].sort()).toEqual(
      CATALOGUE.filter(({ mode }) => mode !== 'image')
        .map(({ id }) => id)
        .sort(),
    );
    expect(models).not.toContain(CLAUDE);
  });

  it.each([
    [
      { byOutputModality: 'EMBEDDING' },
      CATALOGUE.filter(({ mode }) => mode === 'embedding').map(({ id }) => id),
    ],
    [{ byOutputModality: 'IMAGE' }, []],
    [{ byInferenceType: 'PROVISIONED' }, []],
  ])('lists models by %j', async (filter, ids) => {
    expect((await modelsBy(filter)).map(({ modelId }) => modelId)).toEqual(ids);
  });

  it('lists the models of a provider, whatever its case', async () => {
    const providers = new Set(
      (await modelsBy({ byProvider: 'Anthropic' })).map(({ providerName }) => providerName),
    );
    expect([...providers]).toEqual(['anthropic']);
  });

  it('pages through the profiles without losing or repeating one', async () => {
    const all = await client.send(new ListInferenceProfilesCommand({ typeEquals: 'SYSTEM_DEFINED' }));
    const paged: unknown[] = [];
    for await (const page of paginateListInferenceProfiles({ client, pageSize: 7 }, {})) {
      paged.push(...(page.inferenceProfileSummaries ?? []));
    }
    expect(paged).toEqual(all.inferenceProfileSummaries);
    expect(paged.length).toBeGreaterThan(7);
  });

  it('describes a profile by the model behind it in each region', async () => {
    const profile = await client.send(new GetInferenceProfileCommand({ inferenceProfileIdentifier: CLAUDE }));
    expect(profile).toMatchObject({
      inferenceProfileId: CLAUDE,
      status: 'ACTIVE',
      type: 'SYSTEM_DEFINED',
      models: MODELS,
    });
  });

  it('describes a model', async () => {
    const answer = await client.send(new GetFoundationModelCommand({ modelIdentifier: MODEL }));
    expect(answer.modelDetails).toMatchObject({
      modelId: MODEL,
      providerName: 'anthropic',
      outputModalities: ['TEXT'],
      modelLifecycle: { status: 'ACTIVE' },
    });
  });

  it('refuses what does not exist', async () => {
    const missing = client.send(new GetInferenceProfileCommand({ inferenceProfileIdentifier: MODEL }));
    await expect(missing).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const page = client.send(new ListInferenceProfilesCommand({ maxResults: 1001 }));
    await expect(page).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe("an application's inference profile, through the AWS SDK", () => {
  let emulator: BedrockEmulator;
  let client: BedrockClient;
  let runtime: BedrockRuntimeClient;
  beforeAll(async () => {
    emulator = await startBedrockEmulator({ tokenDelayMs: 0 });
    client = new BedrockClient(settingsOf(emulator.url));
    runtime = new BedrockRuntimeClient(settingsOf(emulator.url));
  });
  afterAll(async () => {
    client.destroy();
    runtime.destroy();
    await emulator.close();
  });

  const create = (copyFrom: string) =>
    client.send(
      new CreateInferenceProfileCommand({
        inferenceProfileName: 'team',
        modelSource: { copyFrom },
        tags: [{ key: 'team', value: 'search' }],
      }),
    );
  const messages = [{ role: 'user' as const, content: [{ text: 'Hello' }] }];

  it('is listed, described and called by its ARN', async () => {
    const made = await create(`arn:aws:bedrock:us-east-1:000000000000:inference-profile/${CLAUDE}`);
    expect(made.status).toBe('ACTIVE');
    const arn = made.inferenceProfileArn ?? '';
    expect(arn).toMatch(/^arn:aws:bedrock:us-east-1:000000000000:application-inference-profile\/[a-z0-9]+$/);
    const described = await client.send(new GetInferenceProfileCommand({ inferenceProfileIdentifier: arn }));
    expect(described).toMatchObject({
      inferenceProfileArn: arn,
      inferenceProfileName: 'team',
      status: 'ACTIVE',
      type: 'APPLICATION',
      models: MODELS,
    });
    const applications = await client.send(new ListInferenceProfilesCommand({ typeEquals: 'APPLICATION' }));
    expect(applications.inferenceProfileSummaries?.map((one) => one.inferenceProfileArn)).toEqual([arn]);
    const answer = await runtime.send(new ConverseCommand({ modelId: arn, messages }));
    expect(answer.stopReason).toBe('end_turn');
    expect(emulator.generations.all.at(-1)?.modelId).toBe(arn);
  });

  it('cannot be copied from what does not exist, nor called where there is none', async () => {
    await expect(create('arn:aws:bedrock:us-east-1::foundation-model/unknown')).rejects.toMatchObject({
      name: 'ValidationException',
    });
    const modelId = 'arn:aws:bedrock:us-east-1:000000000000:application-inference-profile/unknown';
    await expect(runtime.send(new ConverseCommand({ modelId, messages }))).rejects.toMatchObject({
      name: 'ValidationException',
    });
    const missing = client.send(new GetInferenceProfileCommand({ inferenceProfileIdentifier: modelId }));
    await expect(missing).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});
