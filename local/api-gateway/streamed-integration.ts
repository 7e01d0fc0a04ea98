import { GatewayRefusal } from './gateway-response-types.ts';
import { malformed } from './integration-response.ts';
import { callHandler, type InvocationDeps, InvocationTimeout, lambdaContext } from './invocation.ts';
import type { LoadedFunction, StreamingHandler } from './lambda-module.ts';
import { CallerHungUp, type CallerSide, CallerStream } from './response-stream.ts';

export interface StreamedInvocation {
  readonly event: unknown;
  readonly limitMs: number;
  readonly caller: Omit<CallerSide, 'closed'>;
  /** Told of every failure; it may come after the response has begun, or ended. */
  readonly report: (cause: unknown) => void;
  /** The stream while it lives, so that the gateway can end it. */
  readonly streams: Set<CallerStream>;
}

/**
 * Invokes a streaming function. Resolves once its stream is closed and the handler has settled, or has been
 * given up at the function's own timeout. Rejects, without invoking it, where the function does not stream.
 *
 * The integration's timeout ends the response and, as on Lambda, leaves the function running unless hang-ups
 * are reported. As on Lambda too, a handler that settles without ending its stream runs into its timeout.
 */
export async function answerStreamed(
  deps: InvocationDeps,
  integration: LoadedFunction,
  invocation: StreamedInvocation,
): Promise<void> {
  if (integration.kind === 'buffered') return malformed('the function does not stream, and its method does.');
  const run = startRun(deps, integration, invocation);
  await run.over;
}

type Streaming = LoadedFunction & { readonly handler: StreamingHandler };

function startRun(deps: InvocationDeps, { definition, handler }: Streaming, invocation: StreamedInvocation) {
  const { streams, caller, report } = invocation;
  const closed = Promise.withResolvers<void>();
  const stream = new CallerStream({ ...caller, closed: closed.resolve });
  streams.add(stream);
  stream.on('error', (error) => {
    if (!(error instanceof CallerHungUp)) report(error.cause ?? error);
  });
  const dead = Promise.withResolvers<void>();
  const cancels = [
    deps.schedule(definition.timeoutMs, () => {
      stream.destroy(timeout(new InvocationTimeout(definition, definition.timeoutMs)));
      dead.resolve();
    }),
    ...scheduleIntegrationTimeout(deps, { ...invocation, stream, timeoutMs: definition.timeoutMs }),
  ];
  const settled = callHandler(() => handler(invocation.event, stream, lambdaContext(deps, definition))).catch(
    (error: unknown) => handlerFailed(stream, error, report),
  );
  const over = Promise.all([closed.promise, Promise.race([settled, dead.promise])]).then(() => {
    for (const cancel of cancels) cancel();
    streams.delete(stream);
  });
  return { over };
}

function scheduleIntegrationTimeout(
  deps: InvocationDeps,
  of: Pick<StreamedInvocation, 'limitMs' | 'caller'> & { stream: CallerStream; timeoutMs: number },
): readonly (() => void)[] {
  if (of.limitMs >= of.timeoutMs) return [];
  const endResponse = () => {
    const refusal = timeout(new Error(`The integration took longer than ${of.limitMs} ms.`));
    if (of.caller.hangUp === 'reported') of.stream.destroy(refusal);
    else of.stream.abandonCaller(refusal);
  };
  return [deps.schedule(of.limitMs, endResponse)];
}

function handlerFailed(stream: CallerStream, error: unknown, report: (cause: unknown) => void): void {
  if (!stream.destroyed) {
    stream.destroy(new GatewayRefusal('INTEGRATION_FAILURE', { cause: error }));
    return;
  }
  // The stream's own end made it fail, and has been reported where it was a failure.
  if (stream.errored === null) report(error);
}

const timeout = (cause: Error): GatewayRefusal => new GatewayRefusal('INTEGRATION_TIMEOUT', { cause });
