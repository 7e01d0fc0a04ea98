import { chatSchemas } from './chat-schemas.ts';
import { completionSchemas } from './completion-schemas.ts';
import { embeddingSchemas } from './embedding-schemas.ts';
import { RATE_LIMIT_HEADERS } from './headers.ts';
import { moderationSchemas } from './moderation-schemas.ts';
import type { Resource } from './operation.ts';
import { listOf, object, objectName, ref, text, time } from './schema.ts';

export const inference: Resource = {
  schemas: {
    ...chatSchemas,
    ...completionSchemas,
    ...embeddingSchemas,
    ...moderationSchemas,
    Model: object('A model that the key may call.', {
      id: text('Its id, to be given as `model`.'),
      object: objectName('model'),
      created: time('When it was released'),
      owned_by: text('Who made it.'),
    }),
    ModelList: object('Every model that the key may call.', {
      object: objectName('list'),
      data: listOf(ref('Model'), 'The models; OpenAI does not page this list either.'),
    }),
  },
  operations: {
    'POST /v1/chat/completions': {
      id: 'createChatCompletion',
      tag: 'Inference',
      summary: 'Answer a conversation',
      description:
        'Each parameter of OpenAI’s is honoured, refused by name, or named in `x-ignored-params`. A streamed answer that fails says so in an event `{"error": …}` and ends without `[DONE]`.',
      body: { schema: ref('CreateChatCompletion'), required: 'required' },
      answer: 'ChatCompletion',
      events: 'ChatCompletionChunk',
      asksCost: 'x-include-cost',
      headers: [...RATE_LIMIT_HEADERS, 'x-request-cost-usd', 'x-ignored-params'],
      refusals: {
        404: 'A model that does not exist or that the key may not call: `model_not_found` for both alike.',
      },
    },
    'POST /v1/completions': {
      id: 'createCompletion',
      tag: 'Inference',
      summary: 'Answer a prompt (legacy)',
      description:
        'The prompt is one message of a user to a chat model. A streamed answer that fails says so in an event `{"error": …}` and ends without `[DONE]`.',
      body: { schema: ref('CreateCompletion'), required: 'required' },
      answer: 'Completion',
      events: 'CompletionChunk',
      asksCost: 'x-include-cost',
      headers: [...RATE_LIMIT_HEADERS, 'x-request-cost-usd', 'x-ignored-params'],
      refusals: {
        404: 'A model that does not exist or that the key may not call: `model_not_found` for both alike.',
      },
    },
    'POST /v1/embeddings': {
      id: 'createEmbeddings',
      tag: 'Inference',
      summary: 'Embed texts',
      description:
        'As many calls of Bedrock as the texts need, one request for every limit. Where one of them fails the whole request does, and what was counted until then is charged.',
      body: { schema: ref('CreateEmbeddings'), required: 'required' },
      answer: 'EmbeddingList',
      asksCost: 'x-include-cost',
      headers: [...RATE_LIMIT_HEADERS, 'x-request-cost-usd', 'x-ignored-params'],
      refusals: {
        404: 'A model that does not exist or that the key may not call: `model_not_found` for both alike.',
      },
    },
    'POST /v1/moderations': {
      id: 'createModeration',
      tag: 'Inference',
      summary: 'Judge texts',
      description:
        'By Bedrock’s guardrail checks, which are billed by text units of 1,000 characters. Limits on tokens count a text unit as one.',
      body: { schema: ref('CreateModeration'), required: 'required' },
      answer: 'ModerationList',
      asksCost: 'x-include-cost',
      headers: [...RATE_LIMIT_HEADERS, 'x-request-cost-usd'],
      refusals: { 404: 'A model that does not moderate: `model_not_found`.' },
    },
    'GET /v1/models': {
      id: 'listModels',
      tag: 'Inference',
      summary: 'List the models that the key may call',
      answer: 'ModelList',
    },
    'GET /v1/models/{model+}': {
      id: 'retrieveModel',
      tag: 'Inference',
      summary: 'Show a model',
      answer: 'Model',
      refusals: {
        404: 'A model that does not exist or that the key may not call: `model_not_found` for both alike.',
      },
    },
  },
};
