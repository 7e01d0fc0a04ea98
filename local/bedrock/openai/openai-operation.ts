/** Bedrock's own OpenAI endpoints: /openai/v1/chat/completions and /openai/v1/responses. */
import { type Call, modelOf, type Service } from '../call.ts';
import { guardOf } from '../invoke-operation.ts';
import type { EmulatedModel } from '../models.ts';
import { runGeneration } from '../run-generation.ts';
import { ServiceError } from '../service-error.ts';
import { type Fields, parseBody, readString } from '../wire-value.ts';
import { chatDialect } from './chat-dialect.ts';
import { readChat } from './chat-input.ts';
import { openAiFailure, refuseField } from './openai-error.ts';
import { checkServed, modelNotFound } from './openai-fields.ts';
import { responsesDialect } from './responses-dialect.ts';
import { readResponses } from './responses-input.ts';

const PREFIX = '/openai/v1/';
const ROUTES = {
  '/openai/v1/chat/completions': {
    operation: 'ChatCompletions',
    serves: 'chat',
    read: readChat,
    dialect: chatDialect,
  },
  '/openai/v1/responses': {
    operation: 'Responses',
    serves: 'responses',
    read: readResponses,
    dialect: responsesDialect,
  },
} as const;

export const isOpenAiPath = (path: string): boolean => path.startsWith(PREFIX);

/** Throws ServiceError for what the endpoint would refuse. */
export async function answerOpenAi(service: Service, call: Call): Promise<void> {
  const { exchange } = call;
  const route = Object.entries(ROUTES).find(([path]) => path === exchange.path)?.[1];
  if (route === undefined || exchange.method !== 'POST') {
    throw new ServiceError(
      'UnknownOperationException',
      `Unknown request URL: ${exchange.method} ${exchange.path}.`,
    );
  }
  const body = parseBody(call.bytes);
  const id = readString(body['model']) ?? refuseField('model', "Missing required parameter: 'model'.");
  const model = findServed(service, id);
  checkServed(model, route.serves);
  const prompt = route.read(body, { model, guard: guardOf(exchange) });
  await runGeneration(service, call, {
    id,
    modelId: id,
    operation: route.operation,
    form: body['stream'] === true ? 'stream' : 'whole',
    body,
    prompt,
    requestMetadata: metadataOf(body),
    dialect: route.dialect(body),
  });
}

function findServed(service: Service, id: string): EmulatedModel {
  try {
    return modelOf(service, id);
  } catch {
    return modelNotFound(id);
  }
}

const metadataOf = (body: Fields): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(body['metadata'] ?? {}).flatMap(([key, value]) =>
      typeof value === 'string' ? [[key, value]] : [],
    ),
  );

/** The same refusal as the rest of Bedrock's, in OpenAI's shape. */
export function refuseOpenAi(
  { exchange, requestId }: Pick<Call, 'exchange' | 'requestId'>,
  error: ServiceError,
) {
  const { status, body } = openAiFailure(error);
  const headers = {
    'content-type': 'application/json',
    'x-request-id': requestId,
    'x-amzn-requestid': requestId,
    'x-amzn-errortype': error.type,
  };
  exchange.answer(status, headers, JSON.stringify(body));
}
