import { jsonAnswer, type OpenUseCase } from '../../shared/http/message.ts';

/** It changes with a deployment alone. */
const CACHE_CONTROL = 'public, max-age=300';

/** `GET /openapi.json`: what is served, the same for everyone. Loaded when it is asked for: most calls are for reports. */
export const describeApi: OpenUseCase = async () => {
  const { default: description } = await import('../../resources/api/openapi.generated.json', {
    with: { type: 'json' },
  });
  return jsonAnswer(200, description, { 'cache-control': CACHE_CONTROL });
};
