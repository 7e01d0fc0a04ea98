import type { Routes } from '../../shared/http/message.ts';
import { createChatCompletions } from './chat-completions/create-chat-completions.ts';
import { createCompletions } from './completions/create-completions.ts';
import type { ProxyDependencies } from './dependencies.ts';
import { createEmbeddings } from './embeddings/create-embeddings.ts';
import { createModelDirectory } from './model-directory.ts';
import { createListModels, createRetrieveModel } from './models/models.ts';
import { createModeration } from './moderations/create-moderation.ts';

/** The inference plane by route. Whoever may call models may also see which there are. */
export function createProxyRoutes(deps: ProxyDependencies): Routes {
  const directory = createModelDirectory(deps);
  return {
    'POST /v1/chat/completions': createChatCompletions({ ...deps, directory }),
    'POST /v1/completions': createCompletions({ ...deps, directory }),
    'POST /v1/embeddings': createEmbeddings({ ...deps, directory }),
    'POST /v1/moderations': createModeration(deps),
    'GET /v1/models': createListModels(directory),
    'GET /v1/models/{model+}': createRetrieveModel(directory),
  };
}
