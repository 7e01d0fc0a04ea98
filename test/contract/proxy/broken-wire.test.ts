/** An endpoint whose writing breaks before the first byte: the call that Bedrock accepted ends, and is charged. */
import { parseChatRequest } from '../../../functions/proxy/chat-completions/request.ts';
import { answerCall } from '../../../functions/proxy/model-call/answer-call.ts';
import { createModelDirectory } from '../../../functions/proxy/model-directory.ts';
import { createMemoryLimitsStore } from '../../../local/memory/limits-store.ts';
import { createMemoryUsageStore } from '../../../local/memory/usage-store.ts';
import { CATALOGUE } from '../../../shared/domain/catalogue.ts';
import { NOW_MS, requestAt } from '../../support/limits-fixture.ts';
import { manualTime } from '../../support/manual-time.ts';
import { ASK, collect, DEADLINE_MS, HELLO_ANSWER, proxyFixture } from '../../support/proxy-fixture.ts';
import { seededRandom } from '../../support/random.ts';

const unscripted = () => Promise.reject(new TypeError('Nobody asks for this.'));

test.each(['streamed', 'whole'] as const)('a %s answer that cannot be written is settled', async (mode) => {
  const { principal } = proxyFixture();
  const time = manualTime(NOW_MS);
  const usage = createMemoryUsageStore();
  const limits = createMemoryLimitsStore(usage);
  const signals: AbortSignal[] = [];
  const naming = {
    catalogue: CATALOGUE,
    log: { write: () => undefined },
    aliases: {},
    tenantSettings: { read: unscripted },
    profiles: { modelOf: unscripted, knownModelOf: () => undefined },
  };
  const deps = {
    ...naming,
    limits,
    runtime: {
      converse: async () => HELLO_ANSWER,
      converseStream: async ({ signal }: { readonly signal: AbortSignal }) => {
        signals.push(signal);
        return nothing();
      },
    },
    invoker: { invoke: unscripted },
    guardrailChecks: { check: unscripted },
    keyWatch: { isLive: async () => true },
    clock: time.clock,
    timer: time.timer,
    random: seededRandom('broken-wire'),
    stage: 'test',
    directory: createModelDirectory(naming),
  };
  const broken = new TypeError('The wire broke.');
  const fail = (): never => {
    throw broken;
  };
  const request = {
    ...{ route: 'POST /v1/chat/completions', requestId: requestAt(1), principal },
    ...{ path: {}, query: {}, headers: {}, body: ASK, sourceIp: '192.0.2.1' },
    ...{ receivedAtMs: NOW_MS, deadlineMs: DEADLINE_MS },
  };
  const { command } = parseChatRequest(ASK);
  const wire = { streamed: fail, whole: fail };
  await expect(answerCall(deps, { request, command, mode, wire })).rejects.toBe(broken);
  const records = (await collect(usage.read(principal.tenant, { fromMs: 0, toMs: NOW_MS * 2 }))).flat();
  expect(records.map(({ outcome, estimated }) => [outcome, estimated])).toEqual([
    ['failed', mode === 'streamed'],
  ]);
  expect(signals.map(({ aborted }) => aborted)).toEqual(mode === 'streamed' ? [true] : []);
  expect(time.armed()).toBe(0);
});

async function* nothing(): AsyncGenerator<never, void> {}
