/** `GET /v1/models` and `GET /v1/models/{model}`. */
import type { Model } from '../../../shared/domain/model.ts';
import { modelsOf } from '../../../shared/domain/model-access.ts';
import { type GatewayRequest, jsonAnswer, type UseCase } from '../../../shared/http/message.ts';
import type { ProxyDependencies } from '../dependencies.ts';
import { chooseModel, isPriced } from '../model-choice.ts';

/** Every model that the key may call, in the catalogue's order; OpenAI does not page this list either. */
export const createListModels =
  (deps: Pick<ProxyDependencies, 'catalogue'>): UseCase =>
  async (request) =>
    jsonAnswer(200, { object: 'list', data: callable(deps, request).map(wireModel) });

/** One model by the id in the path; ids may contain slashes and colons. */
export const createRetrieveModel =
  (deps: Pick<ProxyDependencies, 'catalogue'>): UseCase =>
  async (request) =>
    jsonAnswer(200, wireModel(chooseModel(callable(deps, request), request.path['model'] ?? '')));

const callable = (
  deps: Pick<ProxyDependencies, 'catalogue'>,
  { principal }: GatewayRequest,
): readonly Model[] => modelsOf(deps.catalogue, principal.kind === 'key' ? principal : {}).filter(isPriced);

const wireModel = (model: Model): object => ({
  id: model.id,
  object: 'model',
  created: model.createdAt,
  owned_by: model.provider,
});
