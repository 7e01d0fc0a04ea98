/** A request as Converse takes it: what the model's own rules refuse is refused or left out here. */
import type { ModelCommand } from '../../../shared/domain/conversation.ts';
import type { ConverseBody } from '../../../shared/domain/converse.ts';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import type { Model } from '../../../shared/domain/model.ts';
import type { RequestTags } from './request-metadata.ts';
import { toMessages, toSystem } from './to-blocks.ts';

export interface ConverseRequest {
  readonly body: ConverseBody;
  /** Parameters that this model does not take, by name. */
  readonly ignoredParams: readonly string[];
}

/** Throws GatewayError where the model cannot do what was asked and leaving it out would change the answer. */
export function toConverse(
  command: ModelCommand,
  of: { readonly model: Model; readonly outputTokensMax: number; readonly tags: RequestTags },
): ConverseRequest {
  assertModelTakes(command, of.model);
  const sampling = samplingFor(command, of.model);
  return {
    body: {
      messages: toMessages(command.messages),
      ...(command.system.length > 0 && { system: toSystem(command.system) }),
      inferenceConfig: {
        maxTokens: of.outputTokensMax,
        ...sampling.fields,
        ...(command.stopSequences.length > 0 && { stopSequences: command.stopSequences }),
      },
      requestMetadata: of.tags.entries,
    },
    ignoredParams: [...sampling.ignored, ...(of.tags.incomplete ? [command.paramNames.metadata] : [])],
  };
}

function assertModelTakes(command: ModelCommand, model: Model): void {
  const { takes } = model;
  if (command.system.length > 0 && !takes.systemMessages) {
    refuse(model, { param: command.paramNames.messages, what: 'system messages' });
  }
  if (command.stopSequences.length > 0 && !takes.stopSequences) {
    refuse(model, { param: command.paramNames.stopSequences, what: 'stop sequences' });
  }
  if (command.messages.at(-1)?.role === 'assistant' && !takes.assistantPrefill) {
    refuse(model, { param: command.paramNames.messages, what: 'an assistant message as the last one' });
  }
}

function refuse(model: Model, of: { readonly param: string; readonly what: string }): never {
  throw new GatewayError('unsupported_value', `The model '${model.id}' does not take ${of.what}.`, {
    param: of.param,
  });
}

/** Sampling only shades an answer, so a model that does not take it gets none, and the answer says so. */
function samplingFor(
  command: ModelCommand,
  model: Model,
): { readonly fields: Pick<ModelCommand, 'temperature' | 'topP'>; readonly ignored: readonly string[] } {
  const { temperature, topP } = command;
  const takesTemperature = model.takes.sampling;
  const takesTopP = model.takes.sampling && (model.takes.temperatureWithTopP || temperature === undefined);
  return {
    fields: {
      ...(temperature !== undefined && takesTemperature && { temperature }),
      ...(topP !== undefined && takesTopP && { topP }),
    },
    ignored: [
      ...(temperature !== undefined && !takesTemperature ? [command.paramNames.temperature] : []),
      ...(topP !== undefined && !takesTopP ? [command.paramNames.topP] : []),
    ],
  };
}
