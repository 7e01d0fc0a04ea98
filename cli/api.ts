/** The Administration API by the official client: its own routes and ours, pages followed, lost answers told apart. */
import OpenAI, { APIConnectionError, APIError } from 'openai';
import type { Deployment } from './deployment.ts';
import { Failure } from './failure.ts';
import { expectObject, type JsonObject, objectsAt, textAt } from './json.ts';
import { printable } from './table.ts';
import type { World } from './world.ts';

/** Longer than API Gateway lets a call of the administration plane take. */
const TIMEOUT_MS = 60_000;
/** The most that a page of the API has. */
const PAGE_MAX = 100;

export type Query = Readonly<Record<string, unknown>>;

export interface Api {
  readonly baseUrl: string;
  get(path: string, query?: Query): Promise<JsonObject>;
  /** The items of all pages, at most `limit` of them, as one list of the API's form. */
  list(path: string, of: { readonly limit: number; readonly query?: Query }): Promise<JsonObject>;
  /** A change that may be repeated. */
  post(path: string, body: object): Promise<JsonObject>;
  delete(path: string, query?: Query): Promise<JsonObject>;
  /** A call that makes something: sent once, with a name under which it is never made twice. */
  create(path: string, of: { readonly body: object; readonly idempotencyKey: string }): Promise<JsonObject>;
  /** Takes the key that waits for this token. */
  claim(token: string): Promise<JsonObject>;
}

/** An API over one deployment. Without a key only what is open to everybody answers. */
export function createApi(world: World, deployment: Deployment): Api {
  const client = clientOf(world, deployment);
  // Only an admin key is ever sent, whatever other credentials the environment holds.
  const always = { __security: { adminAPIKeyAuth: true } };
  const once = { ...always, maxRetries: 0 };
  const asked = async (call: Promise<unknown>, ifLost = ''): Promise<JsonObject> => {
    try {
      return expectObject(await call);
    } catch (error) {
      throw failureOf(error, { deployment, ifLost });
    }
  };
  const get = (path: string, query: Query = {}) => asked(client.get<unknown>(path, { ...always, query }));
  return {
    baseUrl: deployment.baseUrl,
    get,
    list: (path, of) => listAll(get, { path, ...of }),
    post: (path, body) => asked(client.post<unknown>(path, { ...once, body }), PERHAPS_CHANGED),
    delete: (path, query = {}) => asked(client.delete<unknown>(path, { ...once, query }), PERHAPS_CHANGED),
    create: (path, { body, idempotencyKey }) => {
      const headers = { 'Idempotency-Key': idempotencyKey };
      return asked(client.post<unknown>(path, { ...once, body, headers }), perhapsMade(idempotencyKey));
    },
    claim: (token) =>
      asked(client.post<unknown>('/api_keys/claim', { ...once, body: { token } }), CLAIM_AGAIN),
  };
}

const clientOf = (world: World, { baseUrl, adminKey }: Deployment): OpenAI =>
  new OpenAI({
    baseURL: baseUrl,
    apiKey: null,
    // The client insists on a credential; an open route is sent none.
    adminAPIKey: adminKey ?? 'none',
    ...(adminKey === undefined && { defaultHeaders: { Authorization: null } }),
    organization: null,
    project: null,
    logLevel: 'off',
    timeout: TIMEOUT_MS,
    maxRetries: world.readRetries,
    fetch: world.fetch,
  });

async function listAll(
  get: Api['get'],
  of: { readonly path: string; readonly limit: number; readonly query?: Query },
): Promise<JsonObject> {
  const data: JsonObject[] = [];
  let after: string | undefined;
  for (;;) {
    const limit = Math.min(of.limit - data.length, PAGE_MAX);
    const page = await get(of.path, { ...of.query, limit, ...(after !== undefined && { after }) });
    data.push(...objectsAt(page, 'data'));
    const last = textAt(page, 'last_id') ?? textAt(data.at(-1), 'id');
    const hasMore = page['has_more'] === true && last !== undefined && last !== after;
    if (!hasMore || data.length >= of.limit) return listOf(data, hasMore);
    after = last;
  }
}

const listOf = (data: readonly JsonObject[], hasMore: unknown): JsonObject => ({
  object: 'list',
  data,
  first_id: data[0]?.['id'] ?? null,
  last_id: data.at(-1)?.['id'] ?? null,
  has_more: hasMore,
});

const PERHAPS_CHANGED =
  'The answer was lost, so the change may have been made or not. Look with the matching show or list command, or repeat it.';

const CLAIM_AGAIN =
  'The answer was lost. Claim again by the same link: until the key is first used, and for ten minutes, that gives it anew.';

const perhapsMade = (idempotencyKey: string): string =>
  `The answer was lost, so it may have been made or not. Repeat the command with --idempotency-key ${idempotencyKey}: if it was made, nothing is made twice and the refusal names it. A key whose text was lost is to be revoked.`;

interface Asked {
  readonly deployment: Deployment;
  /** What to do where the call may have acted. */
  readonly ifLost: string;
}

function failureOf(error: unknown, asked: Asked): unknown {
  if (error instanceof APIConnectionError) {
    return new Failure(
      'unreachable',
      said(
        `Cannot reach ${asked.deployment.baseUrl} (${reasonOf(error)}). Check --url or BPX_URL; the local stack is started by npm start.`,
        asked.ifLost,
      ),
    );
  }
  return error instanceof APIError ? refusalOf(error, asked) : error;
}

/** The innermost cause, which names what went wrong: the client and `fetch` only say that something did. */
function reasonOf(error: Error): string {
  if (error.cause instanceof Error) return reasonOf(error.cause);
  return printable(textAt(error, 'code') ?? error.message);
}

function refusalOf(error: APIError, asked: Asked): Failure {
  const status = Number(error.status);
  const facts = [
    `status ${status}`,
    ...(error.code ? [`code ${error.code}`] : []),
    ...(error.param ? [`param ${error.param}`] : []),
    ...(error.requestID ? [`request ${error.requestID}`] : []),
  ];
  return new Failure(
    'refused',
    said(
      printable(textAt(error.error, 'message') ?? error.message),
      `(${printable(facts.join(', '))})`,
      status === 401 ? hintOf(asked.deployment) : '',
      status >= 500 ? asked.ifLost : '',
    ),
    { status },
  );
}

const hintOf = ({ adminKey, keySource }: Deployment): string =>
  adminKey === undefined ? '' : `The key came from ${keySource}; admin keys expire, so it may be over.`;

const said = (...lines: readonly string[]): string => lines.filter((line) => line !== '').join('\n');
