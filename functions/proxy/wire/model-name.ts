import { readString } from './json-value.ts';
import { refuseMissing, refuseValue } from './refusal.ts';

/** Longer than any id or ARN of Bedrock (service model of bedrock-runtime, ConversationalModelId). */
const MODEL_LENGTH_MAX = 2048;

/** The model as the caller names it. */
export function readModel(value: unknown): string {
  const model = readString(value, 'model');
  if (model === undefined || model === '') return refuseMissing('model');
  if (model.length > MODEL_LENGTH_MAX) {
    return refuseValue('model', `expected at most ${MODEL_LENGTH_MAX} characters.`);
  }
  return model;
}
