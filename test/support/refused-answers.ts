/** What a caller sees of a request that a limit refuses. */
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { errorBody, errorHeaders, errorStatus } from '../../shared/http/openai-error.ts';
import { ASK, bodyText, HELLO_ANSWER, type ProxyScript, proxyFixture } from './proxy-fixture.ts';

/** The whole answer to a request that is refused. */
export async function refused(asked: Promise<unknown>) {
  const error = await asked.catch((reason: unknown) => reason);
  if (!(error instanceof GatewayError)) throw new TypeError('It was not refused.');
  return { status: errorStatus(error), ...errorBody(error), headers: errorHeaders(error) };
}

/** The second of two requests, as it is answered while the first is under way. */
export async function secondAnswer(script: ProxyScript) {
  const proxy = proxyFixture(script);
  await proxy.chat(ASK);
  const answer = await refused(proxy.chat(ASK));
  expect(proxy.calls).toHaveLength(1);
  return answer;
}

/** An answer that uses every token that was reserved for it; the input is cheaper than the bound assumed. */
const LONG_ANSWER = { ...HELLO_ANSWER, usage: { inputTokens: 146, outputTokens: 4096 } };

/** The second of two requests, as it is answered when the first has used all that was reserved for it. */
export async function answerAfterFirst(script: ProxyScript) {
  const proxy = proxyFixture({ ...script, answer: LONG_ANSWER });
  await bodyText(await proxy.chat(ASK));
  const answer = await refused(proxy.chat(ASK));
  expect(proxy.calls).toHaveLength(1);
  return answer;
}

/** Holds that a time to wait was told, in milliseconds and in whole seconds. */
export function expectWait(
  headers: Readonly<Record<string, string>>,
  of: { readonly fromMs: number; readonly jitterMs: number },
): void {
  const toldMs = Number(headers['retry-after-ms']);
  expect(toldMs).toBeGreaterThanOrEqual(of.fromMs);
  expect(toldMs).toBeLessThanOrEqual(of.fromMs + of.jitterMs);
  expect(headers['retry-after']).toBe(String(Math.ceil(toldMs / 1000)));
}
export const WAIT = { 'retry-after': expect.any(String), 'retry-after-ms': expect.any(String) };

/** `x-ratelimit-*` of one subject. */
export const rates = (of: {
  readonly subject: 'requests' | 'tokens';
  readonly limit: number;
  readonly left: number;
  readonly reset: string;
}) => ({
  [`x-ratelimit-limit-${of.subject}`]: String(of.limit),
  [`x-ratelimit-remaining-${of.subject}`]: String(of.left),
  [`x-ratelimit-reset-${of.subject}`]: of.reset,
});
/** 3 h 42 min 30 s, longer than the SDK would wait. */
