import type { Context } from 'aws-lambda';
import { type ResponseStream, STREAMING_MARK } from './awslambda.ts';
import { refuseTemplate } from './compiled-template.ts';
import type { LambdaFunction } from './lambda-functions.ts';

/** A buffered handler. */
export type BufferedHandler = (event: unknown, context: Context) => unknown;
/** A handler that `awslambda.streamifyResponse` has marked. */
export type StreamingHandler = (event: unknown, stream: ResponseStream, context: Context) => unknown;

/** The module that a template's `Handler` names. */
export interface LambdaModule {
  readonly handler: unknown;
}

type Handler = (...parameters: readonly unknown[]) => unknown;

/** A function that is loaded and ready to be invoked. */
export type LoadedFunction =
  | { readonly definition: LambdaFunction; readonly kind: 'buffered'; readonly handler: BufferedHandler }
  | { readonly definition: LambdaFunction; readonly kind: 'streaming'; readonly handler: StreamingHandler };

/** Checks a module's handler as the runtime does. Throws where it is no function or waits for a callback. */
export function loadedFunction(definition: LambdaFunction, module: LambdaModule): LoadedFunction {
  const { handler } = module;
  if (!isHandler(handler)) {
    refuseTemplate(`${definition.logicalId}: the handler ${definition.handler ?? ''} is no function.`);
  }
  if (STREAMING_MARK in handler) {
    return { definition, kind: 'streaming', handler };
  }
  // The runtime of Node.js 24 and later refuses callback handlers; better to learn it here.
  if (handler.length > 2) {
    refuseTemplate(`${definition.logicalId}: the handler takes a callback, which Lambda no longer supports.`);
  }
  return { definition, kind: 'buffered', handler };
}

/** What a handler takes is not known before it is called. */
const isHandler = (value: unknown): value is Handler => typeof value === 'function';
