/** From method and path to the operation, and from what it throws to the service's error. */
import { randomUUID } from 'node:crypto';
import { isSigned, scopeComplaint } from '../credential-scope.ts';
import { answerJson, type Call, modelOf, type Service, unknownOperation } from './call.ts';
import { answerControl } from './control-plane.ts';
import { converseDialect } from './converse-dialect.ts';
import { readConverse } from './converse-input.ts';
import { countInput } from './count-tokens-operation.ts';
import type { Exchange } from './exchange.ts';
import { applyGuardrail } from './guardrails/apply-guardrail.ts';
import { checkWithGuardrails } from './guardrails/guardrail-checks.ts';
import { invokeModel } from './invoke-operation.ts';
import { answerOpenAi, isOpenAiPath, refuseOpenAi } from './openai/openai-operation.ts';
import { runGeneration } from './run-generation.ts';
import { ERROR_STATUS, refuse, ServiceError } from './service-error.ts';
import { parseBody } from './wire-value.ts';

/** The longest body that InvokeModel takes; the emulator holds all operations to it. */
const BODY_BYTES_MAX = 25_000_000;
const MODEL_PATH = /^\/model\/([^/?]+)\/([a-z-]+)(?:\?|$)/;
const GUARDRAIL_PATH = /^\/guardrail\/([^/?]+)\/version\/([^/?]+)\/apply(?:\?|$)/;
const CHECKS_PATH = '/guardrail-checks/invoke';
const PROFILES_PATH = '/inference-profiles';
/** The control plane and the runtime sign by the same name. */
const SIGNING_NAME = 'bedrock';
const BEDROCK_KEY = /^Bearer \S/;

/** Answers every request; never rejects. */
export async function route(service: Service, exchange: Exchange): Promise<void> {
  const requestId = randomUUID();
  try {
    // Read before refusing, as an answer to a half-sent request breaks connections that are kept alive.
    const bytes = await exchange.readBody(BODY_BYTES_MAX);
    refuseUnsigned(exchange.header('authorization') ?? '');
    await answerOperation(service, { exchange, requestId, bytes, receivedAtMs: service.clock.now() });
  } catch (error) {
    answerError(exchange, requestId, error);
  }
}

/** Whoever calls has signed for this service or brings a key of it. */
function refuseUnsigned(authorization: string): void {
  if (BEDROCK_KEY.test(authorization)) return;
  if (!isSigned(authorization)) {
    throw new ServiceError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  }
  const complaint = scopeComplaint(authorization, SIGNING_NAME);
  if (complaint !== undefined) throw new ServiceError('InvalidSignatureException', complaint);
}

async function answerOperation(service: Service, call: Call): Promise<void> {
  const { method, path } = call.exchange;
  if (isOpenAiPath(path)) return await answerOpenAi(service, call);
  if (method === 'GET') return answerGet(service, call);
  if (method !== 'POST') unknownOperation();
  const [, encodedId, action] = MODEL_PATH.exec(path) ?? [];
  if (encodedId === undefined || action === undefined) return answerWithoutModel(service, call);
  const id = decode(encodedId);
  switch (action) {
    case 'converse':
      return await converse(service, call, { id, operation: 'Converse' });
    case 'converse-stream':
      return await converse(service, call, { id, operation: 'ConverseStream' });
    case 'invoke':
      return await invokeModel(service, call, { id, operation: 'InvokeModel' });
    case 'invoke-with-response-stream':
      return await invokeModel(service, call, { id, operation: 'InvokeModelWithResponseStream' });
    case 'count-tokens':
      return answerJson(call, countInput(parseBody(call.bytes), modelOf(service, id)));
    default:
      return unknownOperation();
  }
}

/** The operations whose path names no model. */
function answerWithoutModel(service: Service, call: Call): void {
  const { path } = call.exchange;
  const [, identifier, version] = GUARDRAIL_PATH.exec(path) ?? [];
  if (path === PROFILES_PATH) {
    answerJson(call, service.profiles.create(parseBody(call.bytes)), { status: 201 });
  } else if (path === CHECKS_PATH) {
    answerJson(call, checkWithGuardrails(parseBody(call.bytes)));
  } else if (identifier !== undefined && version !== undefined) {
    const guardrail = { identifier: decode(identifier), version: decode(version) };
    answerJson(call, applyGuardrail(parseBody(call.bytes), guardrail));
  } else {
    unknownOperation();
  }
}

function answerGet(service: Service, call: Call): void {
  const body = answerControl(service, new URL(call.exchange.path, 'http://localhost'));
  answerJson(call, body ?? unknownOperation());
}

function decode(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return refuse('The provided model identifier is invalid.');
  }
}

interface ConverseTarget {
  readonly id: string;
  readonly operation: 'Converse' | 'ConverseStream';
}

async function converse(service: Service, call: Call, { id, operation }: ConverseTarget): Promise<void> {
  const body = parseBody(call.bytes);
  const model = modelOf(service, id);
  const { prompt, requestMetadata } = readConverse(body, { model, cache: service.cache });
  await runGeneration(service, call, {
    id,
    modelId: model.id,
    operation,
    form: operation === 'Converse' ? 'whole' : 'stream',
    body,
    prompt,
    requestMetadata,
    dialect: converseDialect(body),
  });
}

function answerError(exchange: Exchange, requestId: string, error: unknown): void {
  if (exchange.answered) {
    exchange.break();
    return;
  }
  const known =
    error instanceof ServiceError
      ? error
      : new ServiceError('InternalServerException', `The Bedrock emulator failed: ${String(error)}`);
  if (isOpenAiPath(exchange.path)) {
    refuseOpenAi({ exchange, requestId }, known);
    return;
  }
  const headers = {
    'content-type': 'application/json',
    'x-amzn-errortype': `${known.type}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
    'x-amzn-requestid': requestId,
  };
  const body = JSON.stringify({ message: known.message, ...known.details });
  exchange.answer(ERROR_STATUS[known.type], headers, body);
}
