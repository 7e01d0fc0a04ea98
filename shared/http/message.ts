/** A request and an answer as use cases see them: parsed, authenticated, free of API Gateway's event shape. */
import type { RequestId } from '../domain/ids.ts';
import type { Principal } from '../domain/principal.ts';
import type { OpenRoute } from '../domain/route-scopes.ts';

export interface GatewayRequest {
  /** Method and route template as API Gateway matched it, the `/openai` prefix removed: `POST /v1/chat/completions`. */
  readonly route: string;
  readonly requestId: RequestId;
  readonly principal: Principal;
  /** Path parameters, percent-decoded once. */
  readonly path: Readonly<Record<string, string>>;
  /** Query parameters, every value of each. `a[]=1&a[]=2` is `a: ['1', '2']`. */
  readonly query: Readonly<Record<string, readonly string[]>>;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed JSON body; undefined where there was none. */
  readonly body: unknown;
  readonly receivedAtMs: number;
  /** Where the caller calls from, as API Gateway saw it. */
  readonly sourceIp: string;
  /** The instant at which the function is stopped from outside. */
  readonly deadlineMs: number;
  /** Aborted when the host reports that the caller hung up; absent where no host does. Lambda never reports it. */
  readonly hangUp?: AbortSignal;
}

export interface GatewayAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Text, or its pieces as they come. A generator never throws: what fails after the status line is said
   * in-band. Its `finally` is where settlement lives, since it runs however the stream ends.
   */
  readonly body: string | AsyncGenerator<string, void, void>;
}

/** An answer with a JSON body. */
export const jsonAnswer = (
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): GatewayAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

/** What answers a route. It throws GatewayError to refuse. */
export type UseCase = (request: GatewayRequest) => Promise<GatewayAnswer>;

/** Use cases by `METHOD /template`, the `/openai` prefix removed. Who may call which is in shared/domain/route-scopes.ts. */
export type Routes = Readonly<Record<string, UseCase>>;

/** A request to an open route: nobody has proved who calls. */
export type OpenRequest = Omit<GatewayRequest, 'principal'>;

/** What answers an open route. */
export type OpenUseCase = (request: OpenRequest) => Promise<GatewayAnswer>;

/** Use cases of open routes. No other route can be among them. */
export type OpenRoutes = Readonly<Partial<Record<OpenRoute, OpenUseCase>>>;
