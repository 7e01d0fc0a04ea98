/** What Lambda gives to one invocation: its context object and its deadline. */
import type { Context } from 'aws-lambda';
import type { Timer } from '../../shared/ports.ts';
import { formatUuid } from './exchange.ts';
import type { LambdaFunction } from './lambda-functions.ts';
import type { BufferedHandler } from './lambda-module.ts';

export interface InvocationDeps {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly random: (length: number) => Uint8Array;
  readonly schedule: Timer;
}

/** A timer that keeps no process alive. */
export const scheduleByTimer: Timer = (delayMs, action) => {
  const timer = setTimeout(action, delayMs).unref();
  return () => clearTimeout(timer);
};

/** The handler was still running at the end of its time and has been given up. */
export class InvocationTimeout extends Error {
  constructor(definition: LambdaFunction, limitMs: number) {
    super(`${definition.name} gave no answer within ${limitMs} ms.`);
  }
}

/** The context object of an invocation that begins now. */
export function lambdaContext(deps: InvocationDeps, definition: LambdaFunction): Context {
  const deadlineMs = deps.clock() + definition.timeoutMs;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: definition.name,
    functionVersion: '$LATEST',
    invokedFunctionArn: definition.arn,
    memoryLimitInMB: String(definition.memoryMb),
    awsRequestId: formatUuid(deps.random(16)),
    logGroupName: `/aws/lambda/${definition.name}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - deps.clock()),
    done: refuseCallback,
    fail: refuseCallback,
    succeed: refuseCallback,
  };
}

/**
 * Invokes a buffered function and waits for what it returns, at most until its own timeout or `limitMs`,
 * whichever is sooner: then it rejects with InvocationTimeout and forgets the invocation.
 */
export function invokeBuffered(
  deps: InvocationDeps,
  loaded: { readonly definition: LambdaFunction; readonly handler: BufferedHandler },
  of: { readonly event: unknown; readonly limitMs: number },
): Promise<unknown> {
  const { definition, handler } = loaded;
  const limitMs = Math.min(of.limitMs, definition.timeoutMs);
  return new Promise((resolve, reject) => {
    const cancel = deps.schedule(limitMs, () => reject(new InvocationTimeout(definition, limitMs)));
    const settle = (conclude: (value: unknown) => void) => (value: unknown) => {
      cancel();
      conclude(value);
    };
    callHandler(() => handler(of.event, lambdaContext(deps, definition))).then(
      settle(resolve),
      settle(reject),
    );
  });
}

/** A handler that throws at once has failed like one that rejects. */
export async function callHandler(call: () => unknown): Promise<unknown> {
  return await call();
}

function refuseCallback(): never {
  throw new Error('Handlers answer by their promise: context.done, fail and succeed are gone.');
}
