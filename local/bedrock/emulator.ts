/**
 * Amazon Bedrock on a laptop: the runtime (Converse, ConverseStream, InvokeModel, InvokeModelWithResponseStream,
 * CountTokens, guardrails, Bedrock's own OpenAI routes) and the control plane's models and inference profiles, over
 * HTTP/1.1 and HTTP/2 without TLS on one port of the loopback. It is no model and says so in every answer. Signatures
 * are required, not verified. README.md beside this file tells what can be asked of it in a prompt.
 */
import { type EmulatorClock, SYSTEM_CLOCK } from './clock.ts';
import { paddingFrom } from './dialect.ts';
import { GenerationLog, type Generations } from './generation.ts';
import { InferenceProfiles } from './inference-profiles.ts';
import { DEFAULT_MODELS, type EmulatedModel } from './models.ts';
import { listenOnePort } from './one-port-server.ts';
import { PromptCache } from './prompt-cache.ts';
import { route } from './route.ts';

export interface BedrockEmulatorOptions {
  /** 0 or absent: a free one. */
  readonly port?: number;
  /** Milliseconds before each token; 20 where absent, which reads like a model at work. */
  readonly tokenDelayMs?: number;
  /** Known beside the product's catalogue; one with the id of another takes its place. */
  readonly models?: readonly EmulatedModel[];
  /** How many of the latest generations are kept for a test to see; 200 where absent. */
  readonly generationsKept?: number;
  /** Prompts of fewer tokens are not cached; 1024 where absent, as with most of Claude. */
  readonly promptCacheTokensMin?: number;
  readonly clock?: EmulatorClock;
  /** From 0 up to but excluding 1; decides the padding of frames and nothing else. */
  readonly random?: () => number;
}

export interface BedrockEmulator {
  /** `http://127.0.0.1:<port>`, for `AWS_ENDPOINT_URL_BEDROCK_RUNTIME` and `AWS_ENDPOINT_URL_BEDROCK`. */
  readonly url: string;
  readonly port: number;
  readonly generations: Generations;
  /** Stops listening and breaks open connections; what still runs is aborted. */
  close(): Promise<void>;
}

const TOKEN_DELAY_MS = 20;
const GENERATIONS_KEPT = 200;
const PROMPT_CACHE_TOKENS_MIN = 1024;

/** Rejects where the port is taken. */
export async function startBedrockEmulator(options: BedrockEmulatorOptions = {}): Promise<BedrockEmulator> {
  const models = [...DEFAULT_MODELS, ...(options.models ?? [])];
  const generations = new GenerationLog(options.generationsKept ?? GENERATIONS_KEPT);
  const byId = new Map(models.map((model) => [model.id, model]));
  const clock = options.clock ?? SYSTEM_CLOCK;
  const service = {
    models: byId,
    profiles: new InferenceProfiles(byId),
    generations,
    cache: new PromptCache({ clock, tokensMin: options.promptCacheTokensMin ?? PROMPT_CACHE_TOKENS_MIN }),
    clock,
    padding: paddingFrom(options.random ?? Math.random),
    tokenDelayMs: options.tokenDelayMs ?? TOKEN_DELAY_MS,
  };
  const server = await listenOnePort(options.port ?? 0, (exchange) => void route(service, exchange));
  return { url: `http://127.0.0.1:${server.port}`, port: server.port, generations, close: server.close };
}
