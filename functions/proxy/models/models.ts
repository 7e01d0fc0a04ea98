/** `GET /v1/models` and `GET /v1/models/{model}`. */

import { SERVED_MODES } from '../../../shared/domain/model.ts';
import type { KeyPrincipal } from '../../../shared/domain/principal.ts';
import { type GatewayRequest, jsonAnswer, type UseCase } from '../../../shared/http/message.ts';
import { keyPrincipal } from '../key-principal.ts';
import type { ModelDirectory, NamedModel } from '../model-directory.ts';

/** Every model that the key may call, then its aliases; OpenAI does not page this list either. */
export const createListModels =
  (directory: ModelDirectory): UseCase =>
  async (request) => {
    const models = await directory.list({ caller: callerOf(request), modes: SERVED_MODES });
    return jsonAnswer(200, { object: 'list', data: models.map(wireModel) });
  };

/** One model by the id or alias in the path, which may contain slashes and colons. */
export const createRetrieveModel =
  (directory: ModelDirectory): UseCase =>
  async (request) => {
    const name = request.path['model'] ?? '';
    return jsonAnswer(
      200,
      wireModel(await directory.find(name, { caller: callerOf(request), modes: SERVED_MODES })),
    );
  };

const callerOf = (request: GatewayRequest): KeyPrincipal => keyPrincipal(request, 'Models are listed');

const wireModel = ({ name, model }: NamedModel): object => ({
  id: name,
  object: 'model',
  created: model.createdAt,
  owned_by: model.provider,
});
