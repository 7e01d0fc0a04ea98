/**
 * What the pipeline's middleware give to each other and to the handler: properties of the Lambda context, each
 * set by the middleware that names it. The event is API Gateway's and stays as it came, but for its parsed body.
 */
import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import type { RequestId } from '../shared/domain/ids.ts';
import type { Principal } from '../shared/domain/principal.ts';
import type { OpenUseCase, UseCase } from '../shared/http/message.ts';
import type { Log } from '../shared/ports.ts';

/** Given by requestScope. */
export interface RequestScope {
  readonly requestId: RequestId;
  /** `POST /v1/chat/completions`, the `/openai` prefix removed. */
  readonly route: string;
  readonly receivedAtMs: number;
  readonly sourceIp: string;
  readonly deadlineMs: number;
}

/** Given by identity. */
export interface Identity {
  readonly principal: Principal;
}

/** Given by tenantTag: the log in which every line carries who called. */
export interface TaggedLog {
  readonly log: Log;
}

/** Given by routeScope. */
export interface Routed {
  readonly matched: UseCase;
}

/** Given by openRoute. */
export interface OpenRouted {
  readonly matchedOpen: OpenUseCase;
}

/** Given by the streamed pipeline itself: aborted when the host reports that the caller is gone. */
export interface HangUp {
  readonly hangUp: AbortSignal;
}

export type GatewayContext = Context & RequestScope & Identity & TaggedLog & Routed & Partial<HangUp>;
/** Of a request to an open route: without an identity. */
export type OpenContext = Context & RequestScope & OpenRouted;

/** What API Gateway's proxy integration takes back; streamed bodies are Readable. */
export interface GatewayResponse {
  statusCode: number;
  headers: Record<string, string>;
  body: string | NodeJS.ReadableStream;
}

/** A middleware that needs `Needs` of the context and leaves `Gives` in it. */
export type Middleware<Needs, Gives = unknown> = MiddlewareObj<
  APIGatewayProxyEvent,
  GatewayResponse,
  Error,
  Context & Needs & Partial<Gives>
>;
