/** What a step of the translation makes of a command: the command as this model takes it, and what that left out. */
import type { ModelCommand } from '../../../shared/domain/conversation.ts';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import type { Model } from '../../../shared/domain/model.ts';

export interface Adapted {
  readonly command: ModelCommand;
  /** Parameters of which something has no effect, by the wire's names. */
  readonly ignored: readonly string[];
}

/** The model cannot do what a field asks for; `what` ends the sentence `The model does not take …`. */
export function refuseOfModel(model: Model, of: { readonly param: string; readonly what: string }): never {
  throw new GatewayError('unsupported_value', `The model '${model.id}' does not take ${of.what}.`, {
    param: of.param,
  });
}
