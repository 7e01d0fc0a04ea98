/** Whatever is asked: an answer, or a refusal that is the caller's to mend. */
import fc from 'fast-check';
import { readConverse } from '../../local/bedrock/converse-input.ts';
import { PromptCache } from '../../local/bedrock/prompt-cache.ts';
import { CATALOGUE } from '../../shared/domain/catalogue.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { errorStatus } from '../../shared/http/openai-error.ts';
import { readApiDocument } from '../support/api-document.ts';
import { spoiltChat, validChat } from '../support/chat-arbitraries.ts';
import { bodyText, type ProxyFixture, proxyFixture } from '../support/proxy-fixture.ts';

const CHAT_MODELS = CATALOGUE.filter(({ mode, price }) => mode === 'chat' && price !== undefined);
const IDS = CHAT_MODELS.map(({ id }) => id);

/** The codes that a refusal of a request by itself, or by its model's rules, has. */
const MENDABLE = new Set([
  'missing_required_parameter',
  'invalid_type',
  'invalid_value',
  'unsupported_parameter',
  'unsupported_value',
  'model_not_found',
  'model_not_priced',
]);

/** Throws what the emulated service would refuse of what was sent. */
function bedrockReads(calls: ProxyFixture['calls']): void {
  for (const { modelId, body } of calls) {
    const model = CHAT_MODELS.find(({ id }) => id === modelId);
    if (model === undefined) throw new TypeError(`No such model: ${modelId}`);
    readConverse(JSON.parse(JSON.stringify(body)), {
      model,
      cache: new PromptCache({ clock: { now: () => 0, after: () => () => undefined }, tokensMin: 1024 }),
    });
  }
}

async function asked(body: unknown, proxy: ProxyFixture): Promise<'answered' | 'refused'> {
  try {
    const answer = await proxy.chat(body);
    expect(answer.status).toBe(200);
    await bodyText(answer);
    return 'answered';
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    expect(errorStatus(error)).toBeLessThan(500);
    expect(MENDABLE).toContain(error.code);
    expect(error.param).toEqual(expect.any(String));
    expect(proxy.order).toEqual([]);
    return 'refused';
  }
}

test('a valid request is sent as Bedrock takes it and answered, or refused by the name of what its model does not take', async () => {
  const counts = { answered: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(validChat(IDS), async (body) => {
      const proxy = proxyFixture();
      counts[await asked(body, proxy)] += 1;
      bedrockReads(proxy.calls);
    }),
    { numRuns: 600 },
  );
  // Neither way out swallows the other.
  expect(counts.answered).toBeGreaterThan(60);
  expect(counts.refused).toBeGreaterThan(60);
});

test('a request with anything wrong anywhere is refused by name or answered, and never our failure', async () => {
  const counts = { answered: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(spoiltChat(IDS), async (body) => {
      counts[await asked(body, proxyFixture())] += 1;
    }),
    { numRuns: 600 },
  );
  expect(counts.refused).toBeGreaterThan(200);
});

test('a valid request is one by the description of the API', () => {
  const api = readApiDocument();
  fc.assert(
    fc.property(validChat(IDS), (body) => {
      expect(api.faultOf({ $ref: '#/components/schemas/CreateChatCompletion' }, body)).toBeUndefined();
    }),
  );
});
