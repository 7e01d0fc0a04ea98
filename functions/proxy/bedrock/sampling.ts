/** How the next token is drawn. It only shades an answer, so a model that does not take it gets none, and the answer says so. */
import type { ModelCommand } from '../../../shared/domain/conversation.ts';
import type { Model } from '../../../shared/domain/model.ts';

export interface SamplingPlan {
  readonly inference: Pick<ModelCommand, 'temperature' | 'topP'>;
  /** The model's own fields. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly ignored: readonly string[];
}

export function planSampling(
  command: ModelCommand,
  of: { readonly model: Model; readonly sampling: 'taken' | 'not-taken' },
): SamplingPlan {
  const { temperature, topP, topK, paramNames } = command;
  const { takes } = of.model;
  const taken = takes.sampling && of.sampling === 'taken';
  const takesTopP = taken && (takes.temperatureWithTopP || temperature === undefined);
  const takesTopK = taken && takes.topK !== 'none';
  return {
    inference: {
      ...(temperature !== undefined && taken && { temperature }),
      ...(topP !== undefined && takesTopP && { topP }),
    },
    fields: topK !== undefined && takesTopK ? topKField(topK, takes.topK) : {},
    ignored: [
      ...(temperature !== undefined && !taken ? [paramNames.temperature] : []),
      ...(topP !== undefined && !takesTopP ? [paramNames.topP] : []),
      ...(topK !== undefined && !takesTopK ? [paramNames.topK] : []),
    ],
  };
}

/** Nova's own request has a place for it that Converse's has not (Nova user guide, "Complete request schema"). */
const topKField = (topK: number, style: Model['takes']['topK']): Readonly<Record<string, unknown>> =>
  style === 'nova' ? { inferenceConfig: { topK } } : { top_k: topK };
