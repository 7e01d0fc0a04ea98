/** Which models can be paid for, and what a request of one costs. */

import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { Model } from '../../shared/domain/model.ts';
import { type ModelPrice, type PriceUse, pricesFor, type TierPrices } from '../../shared/domain/price.ts';

/** A model that may be called: what it costs is known. */
export type PricedModel = Model & { readonly price: ModelPrice };

/** A model under the name that a caller has for it, which is what refusals say. */
interface Named<Kind extends Model> {
  readonly name: string;
  readonly model: Kind;
}

export const isPriced = (model: Model): model is PricedModel => model.price !== undefined;

/** The model, if it has a price. Throws `model_not_priced`: a model without one would cost nothing. */
export function pricedModel({ name, model }: Named<Model>): PricedModel {
  if (isPriced(model)) return model;
  throw notPriced(`The model '${name}' has no known price and cannot be called.`);
}

/** The prices that the model has for such a request. Throws `model_not_priced` where one of them is not known. */
export function choosePrices({ name, model }: Named<PricedModel>, use: PriceUse): TierPrices {
  const prices = pricesFor(model.price, use);
  if (prices !== undefined) return prices;
  const cache = use.cacheWrites === 'none' ? '' : `, with a prompt cache for ${use.cacheWrites},`;
  throw notPriced(
    `The model '${name}' has no known price in the service tier '${use.tier}'${cache} and cannot be called so.`,
  );
}

const notPriced = (message: string): GatewayError =>
  new GatewayError('model_not_priced', message, { param: 'model' });
