import { quotable } from '../../shared/domain/api-key.ts';
import { closeIds } from '../../shared/domain/close-ids.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { Model } from '../../shared/domain/model.ts';
import { type ModelPrice, type PriceUse, pricesFor, type TierPrices } from '../../shared/domain/price.ts';

/** A model that may be called: what it costs is known. */
export type PricedModel = Model & { readonly price: ModelPrice };

const SUGGESTIONS_MAX = 5;
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
  throw notPriced(`The model '${id}' has no known price and cannot be called.`);
}

/** The prices that the model has for such a request. Throws `model_not_priced` where one of them is not known. */
export function choosePrices(model: PricedModel, use: PriceUse): TierPrices {
  const prices = pricesFor(model.price, use);
  if (prices !== undefined) return prices;
  const cache = use.cacheWrites === 'none' ? '' : `, with a prompt cache for ${use.cacheWrites},`;
  throw notPriced(
    `The model '${model.id}' has no known price in the service tier '${use.tier}'${cache} and cannot be called so.`,
  );
}

const notPriced = (message: string): GatewayError =>
  new GatewayError('model_not_priced', message, { param: 'model' });

function notFound(catalogue: readonly Model[], id: string): GatewayError {
  const candidates = catalogue.filter(isPriced).map((model) => model.id);
  const close = closeIds(id, { candidates, countMax: SUGGESTIONS_MAX });
  const hint = close.length === 0 ? '' : ` Close to it: ${close.join(', ')}.`;
  return new GatewayError(
    'model_not_found',
    `The model '${quotable(id, { charactersMax: ECHO_MAX })}' does not exist or you do not have access to it.${hint}`,
    { param: 'model' },
  );
}
