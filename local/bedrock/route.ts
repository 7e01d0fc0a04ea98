/** From method and path to the operation, and from what it throws to the service's error. */
import { randomUUID } from 'node:crypto';
import { isSigned, scopeComplaint } from '../credential-scope.ts';
import type { Prompt } from './answer.ts';
import { anthropicDialect } from './anthropic-dialect.ts';
import { readAnthropic } from './anthropic-input.ts';
import type { EmulatorClock } from './clock.ts';
import { Constraints } from './constraints.ts';
import { answerControl, type ControlPlane } from './control-plane.ts';
import { CONVERSE } from './converse-dialect.ts';
import { readConverse } from './converse-input.ts';
import { countInput } from './count-tokens-operation.ts';
import type { Dialect, Padding } from './dialect.ts';
import type { Exchange } from './exchange.ts';
import { answerStream, answerWhole, planAnswer } from './generate.ts';
import { type GeneratingOperation, type GenerationLog, RunningGeneration } from './generation.ts';
import { type EmulatedModel, findModel } from './models.ts';
import { checkRequestMetadata, type RequestMetadata, readRequestMetadata } from './request-metadata.ts';
import { ERROR_STATUS, refuse, ServiceError } from './service-error.ts';
import { embed } from './titan-embedding.ts';
import { type Fields, parseBody } from './wire-value.ts';

/** What the operations work with. */
export interface Service extends ControlPlane {
  readonly generations: GenerationLog;
  readonly clock: EmulatorClock;
  readonly padding: Padding;
  readonly tokenDelayMs: number;
}

/** The longest body that InvokeModel takes; the emulator holds all operations to it. */
const BODY_BYTES_MAX = 25_000_000;
const MODEL_PATH = /^\/model\/([^/?]+)\/([a-z-]+)(?:\?|$)/;
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

interface Call {
  readonly exchange: Exchange;
  readonly requestId: string;
  readonly bytes: Buffer;
  readonly receivedAtMs: number;
}

async function answerOperation(service: Service, call: Call): Promise<void> {
  const [, encodedId, action] = MODEL_PATH.exec(call.exchange.path) ?? [];
  if (call.exchange.method === 'GET') return answerGet(service, call);
  if (call.exchange.method === 'POST' && call.exchange.path === PROFILES_PATH) {
    return answerJson(call, service.profiles.create(parseBody(call.bytes)), { status: 201 });
  }
  if (call.exchange.method !== 'POST' || encodedId === undefined || action === undefined) unknownOperation();
  const id = decodeId(encodedId);
  switch (action) {
    case 'converse':
      return await converse(service, call, { id, operation: 'Converse' });
    case 'converse-stream':
      return await converse(service, call, { id, operation: 'ConverseStream' });
    case 'invoke':
      return await invoke(service, call, { id, operation: 'InvokeModel' });
    case 'invoke-with-response-stream':
      return await invoke(service, call, { id, operation: 'InvokeModelWithResponseStream' });
    case 'count-tokens':
      return answerJson(call, countInput(parseBody(call.bytes), modelOf(service, id)));
    default:
      return unknownOperation();
  }
}

function answerGet(service: Service, call: Call): void {
  const body = answerControl(service, new URL(call.exchange.path, 'http://localhost'));
  answerJson(call, body ?? unknownOperation());
}

function decodeId(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return refuse('The provided model identifier is invalid.');
  }
}

interface Target {
  readonly id: string;
  readonly operation: GeneratingOperation;
}

async function converse(service: Service, call: Call, target: Target): Promise<void> {
  const body = parseBody(call.bytes);
  const { prompt, requestMetadata } = readConverse(body, modelOf(service, target.id));
  await generate(service, call, { ...target, body, prompt, requestMetadata, dialect: CONVERSE });
}

async function invoke(service: Service, call: Call, target: Target): Promise<void> {
  const body = parseBody(call.bytes);
  const model = modelOf(service, target.id);
  if (model.mode === 'embedding') return invokeEmbedding(call, { body, model, target });
  if (model.provider !== 'anthropic') {
    refuse(
      'The Bedrock emulator speaks only the bodies of Anthropic and Titan Text Embeddings V2 by InvokeModel.',
    );
  }
  const prompt = readAnthropic(body, model);
  const facts = { requestId: call.requestId, modelId: model.id, inputTokens: prompt.inputTokens };
  const requestMetadata = metadataHeader(call.exchange);
  await generate(service, call, {
    ...target,
    body,
    prompt,
    requestMetadata,
    dialect: anthropicDialect(facts),
  });
}

function invokeEmbedding(call: Call, asked: { body: Fields; model: EmulatedModel; target: Target }): void {
  if (asked.target.operation !== 'InvokeModel') refuse('The model is unsupported for streaming.');
  const { body, inputTokens } = embed(asked.body, asked.model);
  answerJson(call, body, { headers: { 'x-amzn-bedrock-input-token-count': inputTokens } });
}

/** InvokeModel has its metadata in a header, because its body is the model's own. */
function metadataHeader(exchange: Exchange): RequestMetadata {
  const value = exchange.header('x-amzn-bedrock-request-metadata');
  if (value === undefined) return {};
  const metadata = parseBody(Buffer.from(value));
  const constraints = new Constraints();
  checkRequestMetadata(metadata, constraints);
  constraints.settle();
  return readRequestMetadata(metadata);
}

interface Generating extends Target {
  readonly body: Fields;
  readonly prompt: Prompt;
  readonly requestMetadata: RequestMetadata;
  readonly dialect: Dialect;
}

async function generate(service: Service, call: Call, asked: Generating): Promise<void> {
  const { id: modelId, operation, body, prompt, requestMetadata, dialect } = asked;
  const { exchange, requestId } = call;
  const { directive, answer } = planAnswer(prompt);
  const fault = directive.fault === undefined ? {} : { fault: directive.fault };
  const generation = new RunningGeneration(
    { requestId, operation, modelId, requestMetadata, body, ...fault },
    exchange,
  );
  service.generations.add(generation);
  const run = {
    exchange,
    generation,
    dialect,
    directive,
    answer,
    inputTokens: prompt.inputTokens,
    delayMs: directive.delayMs ?? service.tokenDelayMs,
    clock: service.clock,
    padding: service.padding,
    startedAtMs: call.receivedAtMs,
  };
  await (operation === 'Converse' || operation === 'InvokeModel' ? answerWhole(run) : answerStream(run));
}

/** The model of an id or ARN, also of an application's profile. */
const modelOf = ({ models, profiles }: ControlPlane, idOrArn: string): EmulatedModel =>
  findModel(models, profiles.target(idOrArn));

function answerJson(
  call: Call,
  body: object,
  of: { readonly status?: number; readonly headers?: Readonly<Record<string, number>> } = {},
): void {
  const common = { 'content-type': 'application/json', 'x-amzn-requestid': call.requestId };
  call.exchange.answer(of.status ?? 200, { ...common, ...of.headers }, JSON.stringify(body));
}

function unknownOperation(): never {
  throw new ServiceError('UnknownOperationException', 'The Bedrock emulator has no such operation.');
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
  const headers = {
    'content-type': 'application/json',
    'x-amzn-errortype': `${known.type}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
    'x-amzn-requestid': requestId,
  };
  const body = JSON.stringify({ message: known.message, ...known.details });
  exchange.answer(ERROR_STATUS[known.type], headers, body);
}
