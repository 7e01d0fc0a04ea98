/** InvokeModel and InvokeModelWithResponseStream: each family's own body, with what Bedrock adds in headers. */
import { anthropicDialect } from './anthropic-dialect.ts';
import { readAnthropic } from './anthropic-input.ts';
import { answerJson, type Call, modelOf, type Service } from './call.ts';
import { Constraints } from './constraints.ts';
import { GUARDRAIL_IDENTIFIER, GUARDRAIL_VERSION } from './converse-shapes.ts';
import { embed } from './embeddings/embed.ts';
import type { Exchange } from './exchange.ts';
import type { Guard, Prompt } from './prompt.ts';
import { checkRequestMetadata, type RequestMetadata, readRequestMetadata } from './request-metadata.ts';
import { runGeneration } from './run-generation.ts';
import { refuse, ServiceError } from './service-error.ts';
import { checkShape } from './shape.ts';
import { parseBody } from './wire-value.ts';

export interface InvokeTarget {
  readonly id: string;
  readonly operation: 'InvokeModel' | 'InvokeModelWithResponseStream';
}

export async function invokeModel(
  service: Service,
  call: Call,
  { id, operation }: InvokeTarget,
): Promise<void> {
  const body = parseBody(call.bytes);
  const model = modelOf(service, id);
  if (model.mode === 'embedding') {
    if (operation !== 'InvokeModel') refuse('The model is unsupported for streaming.');
    const { body: answer, inputTokens } = embed(body, model);
    return answerJson(call, answer, { headers: { 'x-amzn-bedrock-input-token-count': inputTokens } });
  }
  if (model.provider !== 'anthropic') {
    refuse(
      'The Bedrock emulator speaks only the bodies of Anthropic and of embedding models by InvokeModel.',
    );
  }
  const guard = guardOf(call.exchange);
  const prompt = inModelsWords(() => readAnthropic(body, { model, cache: service.cache, guard }));
  await runGeneration(service, call, {
    id,
    modelId: model.id,
    operation,
    form: operation === 'InvokeModel' ? 'whole' : 'stream',
    body,
    prompt,
    requestMetadata: metadataHeader(call.exchange),
    dialect: anthropicDialect,
  });
}

const PREFIX = 'The model returned the following errors: ';

/** Converse says whose errors it passes on; InvokeModel passes them on as they are. */
function inModelsWords(read: () => Prompt): Prompt {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ServiceError) || !error.message.startsWith(PREFIX)) throw error;
    throw new ServiceError(error.type, error.message.slice(PREFIX.length));
  }
}

/** The guardrail of the headers that InvokeModel and Bedrock's OpenAI endpoints share; none where they name none. */
export function guardOf(exchange: Exchange): Guard | undefined {
  const identifier = exchange.header('x-amzn-bedrock-guardrailidentifier') ?? '';
  const version = exchange.header('x-amzn-bedrock-guardrailversion') ?? '';
  const trace = exchange.header('x-amzn-bedrock-trace');
  const constraints = new Constraints();
  checkShape(identifier, GUARDRAIL_IDENTIFIER, { field: 'guardrailIdentifier', constraints });
  checkShape(version, GUARDRAIL_VERSION, { field: 'guardrailVersion', constraints });
  constraints.oneOf(trace, 'trace', ['ENABLED', 'DISABLED', 'ENABLED_FULL']);
  constraints.settle();
  if (identifier === '') return undefined;
  if (version === '') refuse('The guardrail version must be provided with the guardrail identifier.');
  const traces = { ENABLED: 'enabled', ENABLED_FULL: 'enabled_full' } as const;
  return {
    identifier,
    version,
    traces: trace === 'ENABLED' || trace === 'ENABLED_FULL' ? traces[trace] : 'disabled',
  };
}

/** InvokeModel has its metadata in a header, because its body is the model's own. */
function metadataHeader(exchange: Exchange): RequestMetadata {
  const value = exchange.header('x-amzn-bedrock-request-metadata');
  if (value === undefined) return {};
  const metadata = parseBody(Buffer.from(value));
  const constraints = new Constraints();
  checkRequestMetadata(metadata, constraints);
  constraints.settle();
  return readRequestMetadata(metadata);
}
