/** From a prompt to its answer in the dialect of the API that was called, watched by the log of generations. */
import type { Call, Service } from './call.ts';
import { type Dialect, type Facts, paddingAsked } from './dialect.ts';
import { answerStream, answerWhole, planAnswer } from './generate.ts';
import { type GeneratingOperation, RunningGeneration } from './generation.ts';
import type { Prompt } from './prompt.ts';
import type { RequestMetadata } from './request-metadata.ts';
import type { Fields } from './wire-value.ts';

export interface Generating {
  /** As the caller wrote it. */
  readonly id: string;
  /** Of the model or profile that it leads to. */
  readonly modelId: string;
  readonly operation: GeneratingOperation;
  readonly form: 'whole' | 'stream';
  readonly body: Fields;
  readonly prompt: Prompt;
  readonly requestMetadata: RequestMetadata;
  readonly dialect: (facts: Facts) => Dialect;
}

export async function runGeneration(service: Service, call: Call, asked: Generating): Promise<void> {
  const { prompt } = asked;
  const { exchange, requestId, receivedAtMs } = call;
  const { directive, answer } = planAnswer(prompt);
  const generation = new RunningGeneration(
    {
      requestId,
      operation: asked.operation,
      modelId: asked.id,
      requestMetadata: asked.requestMetadata,
      body: asked.body,
      ...(directive.fault !== undefined && { fault: directive.fault }),
    },
    exchange,
  );
  service.generations.add(generation);
  const { inputTokens, cache } = prompt;
  const facts = {
    requestId,
    modelId: asked.modelId,
    answer,
    inputTokens,
    cache,
    directive,
    receivedAtMs,
  };
  const run = {
    exchange,
    generation,
    dialect: asked.dialect(facts),
    facts,
    delayMs: directive.delayMs ?? service.tokenDelayMs,
    clock: service.clock,
    padding: paddingAsked(service.padding, directive),
  };
  await (asked.form === 'whole' ? answerWhole(run) : answerStream(run));
}
