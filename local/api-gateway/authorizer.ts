import { isRecord } from './compiled-template.ts';
import { authorizerEvent, type Routed } from './event.ts';
import { GatewayRefusal } from './gateway-response-types.ts';
import { type InvocationDeps, invokeBuffered } from './invocation.ts';
import type { LoadedFunction } from './lambda-module.ts';
import { AUTHORIZER_TIMEOUT_MS } from './limits.ts';
import { judgePolicy } from './policy.ts';

/** What an integration finds in `requestContext.authorizer`. */
export type AuthorizerContext = Readonly<Record<string, string | number>>;

/**
 * Asks the REQUEST authorizer. Resolves with its context: every value as text, with `principalId` and
 * `integrationLatency` in milliseconds. Rejects with the GatewayRefusal to answer: UNAUTHORIZED where it threw
 * exactly `Unauthorized`, AUTHORIZER_FAILURE where it threw anything else or took too long,
 * AUTHORIZER_CONFIGURATION_ERROR where its result is malformed, ACCESS_DENIED where its policy does not allow.
 */
export async function authorize(
  deps: InvocationDeps,
  authorizer: LoadedFunction,
  routed: Routed,
): Promise<AuthorizerContext> {
  const startedAtMs = deps.clock();
  const event = authorizerEvent(routed);
  const result = await ask(deps, authorizer, event);
  const integrationLatency = deps.clock() - startedAtMs;
  if (!isRecord(result)) return misconfigured('The result is no object.');
  const { principalId } = result;
  if (typeof principalId !== 'string') return misconfigured('The result has no principalId.');
  const context = stringified(result['context']);
  switch (judgePolicy(result['policyDocument'], event.methodArn)) {
    case 'malformed':
      return misconfigured('The result has no policy that can be judged.');
    case 'denied':
      throw new GatewayRefusal('ACCESS_DENIED', { authorizer: { ...context, principalId } });
    case 'allowed':
      return { ...context, principalId, integrationLatency };
  }
}

async function ask(deps: InvocationDeps, authorizer: LoadedFunction, event: unknown): Promise<unknown> {
  if (authorizer.kind === 'streaming') return misconfigured('An authorizer cannot stream.');
  try {
    return await invokeBuffered(deps, authorizer, { event, limitMs: AUTHORIZER_TIMEOUT_MS });
  } catch (cause) {
    const unauthorized = cause instanceof Error && cause.message === 'Unauthorized';
    throw new GatewayRefusal(unauthorized ? 'UNAUTHORIZED' : 'AUTHORIZER_FAILURE', {
      ...(!unauthorized && { cause }),
    });
  }
}

/** Strings, numbers and booleans, nothing nested: "Output from an API Gateway Lambda authorizer". */
function stringified(context: unknown): Readonly<Record<string, string>> {
  if (context === undefined) return {};
  if (!isRecord(context)) return misconfigured('The context is no object.');
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(context)) {
    // JSON, in which the result travels, leaves these out.
    if (value === undefined) continue;
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      return misconfigured(`The context value ${name} is neither text, number nor boolean.`);
    }
    texts[name] = String(value);
  }
  return texts;
}

function misconfigured(why: string): never {
  throw new GatewayRefusal('AUTHORIZER_CONFIGURATION_ERROR', { cause: new Error(why) });
}
