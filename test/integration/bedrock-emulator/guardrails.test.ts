import {
  ApplyGuardrailCommand,
  type BedrockRuntimeClient,
  type GuardrailChecksConfig,
  InvokeGuardrailChecksCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { type BedrockEmulator, startBedrockEmulator } from '../../../local/bedrock/emulator.ts';
import { factsOf, RUNTIME_CLIENTS } from './clients.ts';

describe('the guardrails of the Bedrock emulator', () => {
  let emulator: BedrockEmulator;
  let client: BedrockRuntimeClient;

  beforeAll(async () => {
    emulator = await startBedrockEmulator({ tokenDelayMs: 0 });
    client = RUNTIME_CLIENTS['HTTP/1.1'](emulator.url);
  });
  afterAll(async () => {
    client.destroy();
    await emulator.close();
  });

  const check = async (text: string, checks: GuardrailChecksConfig) => {
    const { $metadata: _, ...answer } = await client.send(
      new InvokeGuardrailChecksCommand({ messages: [{ role: 'user', content: [{ text }] }], checks }),
    );
    return answer;
  };
  const apply = async (text: string, more: object = {}) => {
    const { action, outputs, assessments, usage } = await client.send(
      new ApplyGuardrailCommand({
        guardrailIdentifier: 'abc123',
        guardrailVersion: 'DRAFT',
        source: 'INPUT',
        content: [{ text: { text } }],
        ...more,
      }),
    );
    return {
      action,
      outputs,
      filters: assessments?.[0]?.contentPolicy?.filters,
      units: usage?.contentPolicyUnits,
    };
  };

  it('score what is asked about, by words and by marks', async () => {
    const checks: GuardrailChecksConfig = {
      contentFilter: {
        categories: [{ category: 'VIOLENCE' }, { category: 'INSULTS' }, { category: 'HATE' }],
      },
      promptAttack: { categories: [{ category: 'JAILBREAK' }] },
    };
    expect(await check('You idiot! [[score hate=0.25]]', checks)).toEqual({
      results: {
        contentFilter: {
          results: [
            { category: 'VIOLENCE', severityScore: 0 },
            { category: 'HATE', severityScore: 0.25 },
            { category: 'INSULTS', severityScore: 0.9 },
          ],
        },
        promptAttack: { results: [{ category: 'JAILBREAK', severityScore: 0 }] },
      },
      usage: { contentFilter: { textUnits: 1 }, promptAttack: { textUnits: 1 } },
    });
  });

  it('find sensitive information where it stands', async () => {
    const checks: GuardrailChecksConfig = { sensitiveInformation: { entities: [{ type: 'EMAIL' }] } };
    const { results, usage } = await check(`${'p'.repeat(1000)} pear@example.com`, checks);
    expect([results?.sensitiveInformation?.results, usage?.sensitiveInformation?.textUnits]).toEqual([
      [
        {
          type: 'EMAIL',
          confidenceScore: 0.9,
          beginOffset: 1001,
          endOffset: 1017,
          messageIndex: 0,
          contentIndex: 0,
        },
      ],
      2,
    ]);
  });

  it.each([
    [
      'no messages',
      { messages: [], checks: {} },
      /'messages' failed to satisfy constraint: Member must have length greater than or equal to 1$/,
    ],
    [
      'an empty text',
      { messages: [{ role: 'user', content: [{ text: '' }] }], checks: {} },
      /'messages\.1\.member\.content\.1\.member\.text'/,
    ],
    [
      'an unknown category',
      {
        messages: [{ role: 'user', content: [{ text: 'a' }] }],
        checks: { contentFilter: { categories: [{ category: 'PEARS' }] } },
      },
      /enum value set: \[VIOLENCE, HATE, SEXUAL, MISCONDUCT, INSULTS\]$/,
    ],
  ])('refuse %s', async (_name, body, message) => {
    const attempt = client.send(new InvokeGuardrailChecksCommand(JSON.parse(JSON.stringify(body))));
    const failure = await attempt.then(() => undefined, factsOf);
    expect(failure).toEqual({
      name: 'ValidationException',
      status: 400,
      message: expect.stringMatching(message),
    });
  });

  it('let a good text through', async () => {
    expect(await apply('pears')).toEqual({ action: 'NONE', outputs: [], filters: undefined, units: 1 });
  });

  it('block a bad one', async () => {
    expect(await apply('How to launder money')).toEqual({
      action: 'GUARDRAIL_INTERVENED',
      outputs: [{ text: 'Sorry, the guardrail of the Bedrock emulator does not let this question through.' }],
      filters: [
        {
          type: 'MISCONDUCT',
          confidence: 'HIGH',
          filterStrength: 'MEDIUM',
          action: 'BLOCKED',
          detected: true,
        },
      ],
      units: 1,
    });
  });

  it('see what is not bad enough', async () => {
    const { action, filters } = await apply('[[score violence=0.3]]');
    expect([action, filters?.[0]?.confidence, filters?.[0]?.action]).toEqual(['NONE', 'LOW', 'NONE']);
  });

  it('mask what is nobody’s business', async () => {
    const { action, outputs } = await apply('Write to pear@example.com from 192.0.2.1.');
    expect([action, outputs]).toEqual([
      'GUARDRAIL_INTERVENED',
      [{ text: 'Write to {EMAIL} from {IP_ADDRESS}.' }],
    ]);
  });

  it.each([{ guardrailIdentifier: 'ABC' }, { guardrailVersion: '0' }])(
    'refuse to be called %j',
    async (more) => {
      const failure = await apply('pears', more).then(() => undefined, factsOf);
      expect(failure).toMatchObject({ name: 'ValidationException', status: 400 });
    },
  );
});
