import {
  BedrockClient,
  GetFoundationModelCommand,
  GetInferenceProfileCommand,
  ListFoundationModelsCommand,
  ListInferenceProfilesCommand,
  paginateListInferenceProfiles,
} from '@aws-sdk/client-bedrock';
import { type BedrockEmulator, startBedrockEmulator } from '../../../local/bedrock/emulator.ts';
import { CATALOGUE } from '../../../shared/domain/catalogue.ts';
import { CLAUDE, settingsOf } from './clients.ts';

const MODEL = 'anthropic.claude-sonnet-4-5-20250929-v1:0';

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

  it('lists models and profiles which together are the catalogue’s chat models and one that embeds', async () => {
    const models = (await modelsBy({})).map(({ modelId }) => modelId);
    const { inferenceProfileSummaries = [] } = await client.send(new ListInferenceProfilesCommand({}));
    const profiles = inferenceProfileSummaries.map(({ inferenceProfileId }) => inferenceProfileId);
    expect([...models, ...profiles].sort()).toEqual(
      [
        ...CATALOGUE.filter(({ mode }) => mode === 'chat').map(({ id }) => id),
        'amazon.titan-embed-text-v2:0',
      ].sort(),
    );
    expect(models).not.toContain(CLAUDE);
  });

  it.each([
    [{ byOutputModality: 'EMBEDDING' }, ['amazon.titan-embed-text-v2:0']],
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

  it('has no application profiles', async () => {
    const answer = await client.send(new ListInferenceProfilesCommand({ typeEquals: 'APPLICATION' }));
    expect(answer.inferenceProfileSummaries).toEqual([]);
  });

  it('describes a profile by the model behind it', async () => {
    const profile = await client.send(new GetInferenceProfileCommand({ inferenceProfileIdentifier: CLAUDE }));
    expect(profile).toMatchObject({
      inferenceProfileId: CLAUDE,
      status: 'ACTIVE',
      type: 'SYSTEM_DEFINED',
      models: [{ modelArn: `arn:aws:bedrock:us-east-1::foundation-model/${MODEL}` }],
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
