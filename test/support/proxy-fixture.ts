/** The inference plane with everything around it scripted: Bedrock, time, limits, log. */

import { createProxyRoutes } from '../../functions/proxy/routes.ts';
import { createMemoryLimitsStore } from '../../local/memory/limits-store.ts';
import { createMemoryUsageStore } from '../../local/memory/usage-store.ts';
import { CATALOGUE } from '../../shared/domain/catalogue.ts';
import type { ConverseAnswer, ConverseCall, ConverseStreamEvent } from '../../shared/domain/converse.ts';
import { accountOfKey } from '../../shared/domain/ids.ts';
import {
  DEFAULT_LIMITS,
  type LimitSet,
  requestLimitsOf,
  type TenantLimits,
} from '../../shared/domain/limits.ts';
import type { LogEvent } from '../../shared/domain/log-event.ts';
import type { Model } from '../../shared/domain/model.ts';
import type { KeyPrincipal } from '../../shared/domain/principal.ts';
import type { ModelAliases } from '../../shared/domain/tenant-settings.ts';
import type { UsageRecord } from '../../shared/domain/usage.ts';
import type { GatewayAnswer, GatewayRequest } from '../../shared/http/message.ts';
import type {
  GuardrailChecks,
  InferenceProfiles,
  KeyWatch,
  LimitsStore,
  ModelInvoker,
  ModelRuntime,
  TenantSettingsStore,
} from '../../shared/ports.ts';
import { freshTenant, KEY, NOW_MS, requestAt } from './limits-fixture.ts';
import { type ManualTime, manualTime } from './manual-time.ts';
import { seededRandom } from './random.ts';

/** Prices 3 and 15 USD a million tokens, up to 4,096 tokens of answer, continues assistant messages. */
export const CHAT_MODEL = 'eu.anthropic.claude-3-sonnet-20240229-v1:0';
export const NOVA = 'amazon.nova-lite-v1:0';
export const DEADLINE_MS = NOW_MS + 900_000;

/** What a scripted stream does: give a batch, break, wait for a promise, or say nothing until it is aborted. */
export type StreamStep = readonly ConverseStreamEvent[] | Error | Promise<unknown> | 'hang';

export interface ProxyScript {
  readonly answer?: ConverseAnswer | Error;
  readonly stream?: readonly StreamStep[];
  /** What acceptance itself fails with. */
  readonly refusal?: Error;
  /** In place of the scripted Bedrock. */
  readonly runtime?: ModelRuntime;
  /** By default every key is live. */
  readonly keyWatch?: KeyWatch;
  readonly limits?: Partial<TenantLimits>;
  readonly accountLimits?: LimitSet;
  /** Whether the project shows what answers cost. */
  readonly showsCost?: true;
  /** By default the product's own. */
  readonly catalogue?: readonly Model[];
  readonly store?: Partial<LimitsStore>;
  /** What the caller may call, and which version of settings its tenant has. */
  readonly caller?: Pick<KeyPrincipal, 'models' | 'modelPermissions' | 'settingsVersion'>;
  /** The deployment's; none where absent. */
  readonly aliases?: ModelAliases;
  /** Where absent, whoever asks fails. */
  readonly tenantSettings?: Pick<TenantSettingsStore, 'read'>;
  readonly profiles?: InferenceProfiles;
  /** Where absent, whoever embeds fails. */
  readonly invoker?: ModelInvoker;
  /** Where absent, whoever moderates fails. */
  readonly guardrailChecks?: GuardrailChecks;
}

export interface ProxyFixture {
  readonly time: ManualTime;
  readonly principal: KeyPrincipal;
  readonly calls: readonly ConverseCall[];
  readonly log: readonly LogEvent[];
  readonly store: LimitsStore;
  readonly order: readonly string[];
  records(): Promise<readonly UsageRecord[]>;
  chat(body: unknown, facts?: Partial<GatewayRequest>): Promise<GatewayAnswer>;
  post(route: string, body: unknown, facts?: Partial<GatewayRequest>): Promise<GatewayAnswer>;
  get(route: string, path?: Record<string, string>): Promise<GatewayAnswer>;
}

export const textEvent = (text: string): ConverseStreamEvent => ({
  kind: 'contentBlockDelta',
  payload: { contentBlockIndex: 0, delta: { text } },
});
export const START: ConverseStreamEvent = { kind: 'messageStart', payload: {} };
export const stopEvent = (stopReason = 'end_turn'): ConverseStreamEvent => ({
  kind: 'messageStop',
  payload: { stopReason },
});
export const usageEvent = (inputTokens: number, outputTokens: number): ConverseStreamEvent => ({
  kind: 'metadata',
  payload: { usage: { inputTokens, outputTokens } },
});
/** An answer of two words, complete. */
export const HELLO_STREAM = [
  [START, textEvent('Hello')],
  [textEvent(' world'), { kind: 'contentBlockStop', payload: {} }],
  [stopEvent(), usageEvent(11, 2)],
] as const;
export const HELLO_ANSWER: ConverseAnswer = {
  output: { message: { content: [{ text: 'Hello' }, { text: ' world' }] } },
  stopReason: 'end_turn',
  usage: { inputTokens: 11, outputTokens: 2 },
};

export const ASK = { model: CHAT_MODEL, messages: [{ role: 'user', content: 'Hi' }] };

export function proxyFixture(script: ProxyScript = {}): ProxyFixture {
  const time = manualTime(NOW_MS);
  const usage = createMemoryUsageStore();
  const order: string[] = [];
  const store = observed({ ...createMemoryLimitsStore(usage), ...script.store }, order);
  const calls: ConverseCall[] = [];
  const log: LogEvent[] = [];
  const principal = principalWith(script);
  const routes = createProxyRoutes({
    limits: store,
    runtime: script.runtime ?? scriptedRuntime(script, { calls, order }),
    invoker: script.invoker ?? { invoke: () => unscripted('models to invoke') },
    guardrailChecks: script.guardrailChecks ?? { check: () => unscripted('guardrail checks') },
    keyWatch: script.keyWatch ?? { isLive: async () => true },
    clock: time.clock,
    timer: time.timer,
    random: seededRandom('proxy-fixture'),
    log: { write: (event) => void log.push(event) },
    catalogue: script.catalogue ?? CATALOGUE,
    aliases: script.aliases ?? {},
    tenantSettings: script.tenantSettings ?? { read: () => unscripted('settings') },
    profiles: script.profiles ?? { modelOf: () => unscripted('profiles'), knownModelOf: () => undefined },
    stage: 'test',
  });
  let requests = 0;
  const send = (route: string, facts: Partial<GatewayRequest>): Promise<GatewayAnswer> => {
    requests += 1;
    const request: GatewayRequest = {
      route,
      requestId: requestAt(requests),
      principal,
      path: {},
      query: {},
      headers: {},
      body: undefined,
      receivedAtMs: time.clock(),
      sourceIp: '192.0.2.1',
      deadlineMs: DEADLINE_MS,
      ...facts,
    };
    const found = routes[route];
    if (found === undefined) throw new TypeError(`No such route: ${route}`);
    return found(request);
  };
  return {
    time,
    principal,
    calls,
    log,
    store,
    order,
    records: async () =>
      (await collect(usage.read(principal.tenant, { fromMs: 0, toMs: NOW_MS * 2 }))).flat(),
    chat: (body, facts = {}) => send('POST /v1/chat/completions', { body, ...facts }),
    post: (route, body, facts = {}) => send(route, { body, ...facts }),
    get: (route, path = {}) => send(route, { path }),
  };
}

/** Not a refusal that anything handles: a test that gets here has forgotten its script. */
const unscripted = (what: string): never => {
  throw new TypeError(`The test has no ${what}.`);
};

function principalWith({ limits, accountLimits, showsCost, caller }: ProxyScript): KeyPrincipal {
  return {
    kind: 'key',
    tenant: freshTenant(),
    account: accountOfKey(KEY),
    key: KEY,
    scopes: ['chat.completions:write', 'models:read'],
    level: 'write',
    limits: requestLimitsOf({ ...DEFAULT_LIMITS, ...limits }),
    ...(accountLimits !== undefined && { accountLimits }),
    ...(showsCost !== undefined && { showsCost }),
    ...caller,
  };
}

function observed(store: LimitsStore, order: string[]): LimitsStore {
  return {
    admit: async (admission) => {
      order.push('admit');
      const result = await store.admit(admission);
      order.push(`admit:${result.outcome}`);
      return result;
    },
    settle: async (settlement) => {
      order.push(`settle:${settlement.record.outcome}`);
      await store.settle(settlement);
    },
    sweep: (tenant, nowMs) => store.sweep(tenant, nowMs),
    readSpend: (tenant, nowMs) => store.readSpend(tenant, nowMs),
    readHeld: (tenant) => store.readHeld(tenant),
  };
}

function scriptedRuntime(
  script: ProxyScript,
  seen: { readonly calls: ConverseCall[]; readonly order: string[] },
): ModelRuntime {
  const begin = (call: ConverseCall): void => {
    seen.calls.push(call);
    seen.order.push('bedrock');
    if (script.refusal !== undefined) throw script.refusal;
  };
  return {
    async converse(call) {
      begin(call);
      if (script.answer instanceof Error) throw script.answer;
      return script.answer ?? HELLO_ANSWER;
    },
    async converseStream(call) {
      begin(call);
      return playStream(script.stream ?? HELLO_STREAM, call.signal);
    },
  };
}

async function* playStream(
  steps: readonly StreamStep[],
  signal: AbortSignal,
): AsyncGenerator<readonly ConverseStreamEvent[], void> {
  for (const step of steps) {
    if (step === 'hang') await untilAborted(signal);
    else if (step instanceof Error) throw step;
    else if (step instanceof Promise) await step;
    else yield step;
  }
}

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

/** Everything that is still to come. */
export async function collect<Item>(source: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of source) items.push(item);
  return items;
}

/** Reads a body to its end. */
export async function bodyText(answer: GatewayAnswer): Promise<string> {
  if (typeof answer.body === 'string') return answer.body;
  return (await collect(answer.body)).join('');
}

/** The data of each event of a stream, `[DONE]` as that text. */
export function streamData(text: string): readonly unknown[] {
  return text
    .split('\n\n')
    .filter((event) => event.startsWith('data: '))
    .map((event) => event.slice('data: '.length))
    .map((data): unknown => (data === '[DONE]' ? data : JSON.parse(data)));
}
