/**
 * A request as Converse takes it: one step a concern, each of which refuses or leaves out what the model's own rules
 * do not allow. What a tenant's guardrail adds to every request will be `guardrailConfig` of the body.
 */
import type { ModelCommand } from '../../../shared/domain/conversation.ts';
import type { ConverseBody } from '../../../shared/domain/converse.ts';
import type { Model } from '../../../shared/domain/model.ts';
import type { CacheWrites } from '../../../shared/domain/price.ts';
import { planFormat } from './answer-format.ts';
import type { AnswerReading } from './answer-reading.ts';
import { adaptHistory } from './history.ts';
import { assertModelTakes } from './model-rules.ts';
import { planPromptCache } from './prompt-cache.ts';
import { planReasoning, type ReasoningPlan } from './reasoning.ts';
import type { RequestTags } from './request-metadata.ts';
import { planSampling } from './sampling.ts';
import { toMessages, toSystem } from './to-blocks.ts';
import { adaptTools, planTools } from './tools.ts';

export interface ConverseRequest {
  readonly body: ConverseBody;
  /** What the body says, for whatever must know how much that is. */
  readonly sent: ModelCommand;
  /** The most that the answer can have. */
  readonly outputTokensMax: number;
  /** The longest that the body asks the prompt cache to keep anything. */
  readonly cacheWrites: CacheWrites;
  /** Whether Bedrock streams the answer to such a request; else it is asked for whole, and streamed by us. */
  readonly streamed: boolean;
  /** How the answer is to be read. */
  readonly reading: AnswerReading;
  /** Parameters that this model does not take, by name. */
  readonly ignoredParams: readonly string[];
}

/** Throws GatewayError where the model cannot do what was asked and leaving it out would change the answer. */
export function toConverse(
  command: ModelCommand,
  of: { readonly model: Model; readonly outputTokensMax: number; readonly tags: RequestTags },
): ConverseRequest {
  const { model } = of;
  assertModelTakes(command, model);
  const reasoning = planReasoning(command, of);
  const format = planFormat(command, { model, thinks: reasoning.thinks });
  const history = adaptHistory(format.command, model);
  const tools = adaptTools(history.command, model);
  const cache = planPromptCache(tools.command, model);
  const sampling = planSampling(command, { model, sampling: reasoning.sampling });
  const steps = [reasoning, format, history, tools, cache, sampling];
  const ignored = steps.flatMap((step) => step.ignored);
  return {
    body: bodyOf(cache.command, { model, reasoning, sampling, tags: of.tags }),
    sent: cache.command,
    outputTokensMax: reasoning.outputTokensMax,
    cacheWrites: cache.cacheWrites,
    streamed: model.takes.tools.streamed || cache.command.toolUse === undefined,
    reading: format.reading,
    ignoredParams: [...ignored, ...(of.tags.incomplete ? [command.paramNames.metadata] : [])],
  };
}

interface Plans {
  readonly model: Model;
  readonly reasoning: ReasoningPlan;
  readonly sampling: ReturnType<typeof planSampling>;
  readonly tags: RequestTags;
}

function bodyOf(command: ModelCommand, of: Plans): ConverseBody {
  const { model, reasoning } = of;
  const { stopSequences, serviceTier } = command;
  const tools = planTools(command, model);
  const fields = { ...reasoning.fields, ...of.sampling.fields, ...tools.fields };
  const stops = stopSequences.length > 0;
  return {
    messages: toMessages(command.messages, model.takes.tools),
    ...(command.system.some(({ type }) => type === 'text') && { system: toSystem(command.system) }),
    inferenceConfig: {
      ...(reasoning.maxTokens !== undefined && { maxTokens: reasoning.maxTokens }),
      ...of.sampling.inference,
      ...(stops && { stopSequences }),
    },
    ...(tools.toolConfig !== undefined && { toolConfig: tools.toolConfig }),
    ...outputConfigOf(command, reasoning),
    ...((serviceTier === 'flex' || serviceTier === 'priority') && { serviceTier: { type: serviceTier } }),
    ...(Object.keys(fields).length > 0 && { additionalModelRequestFields: fields }),
    // Claude alone can say which sequence it was.
    ...(stops && model.takes.claudeFields && { additionalModelResponseFieldPaths: ['/delta/stop_sequence'] }),
    requestMetadata: of.tags.entries,
  };
}

function outputConfigOf(
  { answerFormat }: ModelCommand,
  { effort }: ReasoningPlan,
): Pick<ConverseBody, 'outputConfig'> {
  const textFormat = answerFormat.type === 'json-schema' ? textFormatOf(answerFormat) : undefined;
  if (textFormat === undefined && effort === undefined) return {};
  return {
    outputConfig: {
      ...(textFormat !== undefined && { textFormat }),
      ...(effort !== undefined && { effort }),
    },
  };
}

const textFormatOf = (
  format: Extract<ModelCommand['answerFormat'], { type: 'json-schema' }>,
): NonNullable<NonNullable<ConverseBody['outputConfig']>['textFormat']> => ({
  type: 'json_schema',
  structure: {
    jsonSchema: {
      schema: JSON.stringify(format.schema),
      name: format.name,
      ...(format.description !== undefined && { description: format.description }),
    },
  },
});
