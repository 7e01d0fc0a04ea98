import { closeIds } from '../../shared/domain/close-ids.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { Model, ModelPrice } from '../../shared/domain/model.ts';

/** A model that may be called: what it costs is known. */
export type PricedModel = Model & { readonly price: ModelPrice };

const SUGGESTIONS_MAX = 5;
/** A key pasted where a model belongs must not travel on in an error that clients keep. */
const KEY_LIKE = /bp[ka]_(?:live|test)_[0-9A-Za-z_]*/g;
/** What is repeated of an id that the caller made up. */
const ECHO_MAX = 200;

export const isPriced = (model: Model): model is PricedModel => model.price !== undefined;

/**
 * The model of this id. Throws `model_not_found`, which names close ids out of those that may be called, and
 * `model_not_priced`: a model without a price would cost nothing, so it is refused.
 */
export function chooseModel(catalogue: readonly Model[], id: string): PricedModel {
  const model = catalogue.find((candidate) => candidate.id === id);
  if (model === undefined) throw notFound(catalogue, id);
  if (isPriced(model)) return model;
  throw new GatewayError('model_not_priced', `The model '${id}' has no known price and cannot be called.`, {
    param: 'model',
  });
}

function notFound(catalogue: readonly Model[], id: string): GatewayError {
  const candidates = catalogue.filter(isPriced).map((model) => model.id);
  const close = closeIds(id, { candidates, countMax: SUGGESTIONS_MAX });
  const hint = close.length === 0 ? '' : ` Close to it: ${close.join(', ')}.`;
  return new GatewayError(
    'model_not_found',
    `The model '${quoted(id)}' does not exist or you do not have access to it.${hint}`,
    { param: 'model' },
  );
}

const quoted = (id: string): string => id.slice(0, ECHO_MAX).toWellFormed().replace(KEY_LIKE, 'bpk_…');
