/** CountTokens: what a Converse or InvokeModel body would cost, without running it. */
import { countAnthropicTokens } from './anthropic-input.ts';
import { countConverseTokens } from './converse-input.ts';
import { type EmulatedModel, isProfile } from './models.ts';
import { refuse } from './service-error.ts';
import { type Fields, parseBody, readObject, readString } from './wire-value.ts';

/** The model must be a foundation model: the operation takes no profiles (service model, CountTokensRequest). */
export function countInput(body: Fields, model: EmulatedModel): object {
  if (isProfile(model.id) || model.mode !== 'chat')
    refuse("The provided model doesn't support counting tokens.");
  const input = readObject(body['input']) ?? {};
  const converse = readObject(input['converse']);
  if (converse !== undefined) return { inputTokens: countConverseTokens(converse, model) };
  const invoke = readString(readObject(input['invokeModel'])?.['body']);
  if (invoke === undefined) refuse('The input must set one of the following keys: converse, invokeModel.');
  return { inputTokens: countAnthropicTokens(parseBody(Buffer.from(invoke, 'base64')), model) };
}
