import fc from 'fast-check';
import { toConverse } from '../../../../functions/proxy/bedrock/to-converse.ts';
import { readConverse } from '../../../../local/bedrock/converse-input.ts';
import { PromptCache } from '../../../../local/bedrock/prompt-cache.ts';
import { CATALOGUE } from '../../../../shared/domain/catalogue.ts';
import type { ModelCommand } from '../../../../shared/domain/conversation.ts';
import { GatewayError } from '../../../../shared/domain/gateway-error.ts';
import type { Model } from '../../../../shared/domain/model.ts';
import { pricesFor } from '../../../../shared/domain/price.ts';
import { errorStatus } from '../../../../shared/http/openai-error.ts';
import { modelCommand, PARAM_NAMES } from '../../../support/model-command-arbitraries.ts';

const CHAT_MODELS = CATALOGUE.filter(({ mode }) => mode === 'chat');
const TAGS = { entries: { 'bp:project': 'proj_0' }, incomplete: false };
const FIELDS = new Set(Object.values(PARAM_NAMES));

/** Throws what the emulated service would refuse. */
function bedrockReads(body: object, model: Model): void {
  const wire = JSON.parse(JSON.stringify(body));
  readConverse(wire, {
    model,
    cache: new PromptCache({ clock: { now: () => 0, after: () => () => undefined }, tokensMin: 1024 }),
  });
}

function checked(command: ModelCommand, model: Model): 'sent' | 'refused' {
  const asked = command.outputTokensMax ?? Math.min(4096, model.outputTokensMax);
  const translate = () => toConverse(command, { model, outputTokensMax: asked, tags: TAGS });
  let request: ReturnType<typeof translate>;
  try {
    request = translate();
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError);
    expect(errorStatus(error as GatewayError)).toBe(400);
    expect(FIELDS).toContain((error as GatewayError).param);
    return 'refused';
  }
  const { body, outputTokensMax, ignoredParams, cacheWrites } = request;
  bedrockReads(body, model);
  expect(outputTokensMax).toBeLessThanOrEqual(model.outputTokensMax);
  expect(body.inferenceConfig.maxTokens ?? model.outputTokensMax).toBe(outputTokensMax);
  expect(ignoredParams.filter((name) => !FIELDS.has(name.replace(/\.strict$/, '')))).toEqual([]);
  expect(model.price !== undefined && pricesFor(model.price, { tier: 'standard', cacheWrites })).toBeTruthy();
  return 'sent';
}

test('Bedrock takes whatever is made of a request, for every model, or the request is refused by a field', () => {
  const counts = { sent: 0, refused: 0 };
  fc.assert(
    fc.property(modelCommand, fc.constantFrom(...CHAT_MODELS), (command, model) => {
      counts[checked(command, model)] += 1;
    }),
    { numRuns: 4_000 },
  );
  // Neither way out swallows the other.
  expect(counts.sent).toBeGreaterThan(400);
  expect(counts.refused).toBeGreaterThan(400);
});
