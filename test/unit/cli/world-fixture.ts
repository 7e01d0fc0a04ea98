/** A world for the command line: a scripted API, everything it was sent, and everything that was said. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from '../../../cli/run.ts';
import type { World } from '../../../cli/world.ts';

export const NOW_MS = Date.UTC(2026, 0, 31, 12);
export const ADMIN_KEY = 'bpa_test_secret';
export const PROJECT = 'proj_4fJq0c8ZtA';
export const ACCOUNT = 'svc_4fJq0c8ZtA9bXk2Q';
export const KEY = 'key_4fJq0c8ZtA9bXk2QmNp7';

export interface Sent {
  readonly method: string;
  /** Without the query. */
  readonly url: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface Answer {
  readonly status?: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers the n-th call, or fails it as a network does. */
export type Api = (sent: Sent, index: number) => Answer | Error;

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly sent: readonly Sent[];
}

export const newFolder = (): string => mkdtempSync(path.join(tmpdir(), 'bpx-'));

const REMOTE = { BPX_URL: 'https://gateway.example.com', BPX_ADMIN_KEY: ADMIN_KEY };

/** Runs a command line in that world; without an API every call fails the test. */
export async function runIn(
  args: readonly string[],
  of: {
    readonly api?: Api;
    readonly env?: World['env'];
    readonly cwd?: string;
    readonly stdin?: string;
    readonly readRetries?: number;
  } = {},
): Promise<Outcome> {
  const said = { stdout: '', stderr: '' };
  const sent: Sent[] = [];
  const world: World = {
    env: of.env ?? REMOTE,
    cwd: of.cwd ?? newFolder(),
    stdout: { write: (text) => (said.stdout += text) },
    stderr: { write: (text) => (said.stderr += text) },
    readStdin: async () => of.stdin ?? '',
    fetch: async (input, init) => {
      const request = sentBy(String(input), init);
      sent.push(request);
      if (of.api === undefined) throw new Error(`No call was expected: ${request.url}`);
      const answer = of.api(request, sent.length - 1);
      if (answer instanceof Error) throw answer;
      return new Response(JSON.stringify(answer.body), {
        status: answer.status ?? 200,
        headers: { 'content-type': 'application/json', 'x-request-id': '01JREQUEST', ...answer.headers },
      });
    },
    clock: () => NOW_MS,
    newUuid: () => '11111111-2222-4333-8444-555555555555',
    readRetries: of.readRetries ?? 0,
  };
  return { exitCode: await run(args, world), ...said, sent };
}

function sentBy(address: string, init: RequestInit | undefined): Sent {
  const url = new URL(address);
  const { body } = init ?? {};
  return {
    method: (init?.method ?? 'GET').toUpperCase(),
    url: url.origin + url.pathname,
    query: url.searchParams,
    headers: new Headers(init?.headers),
    body: typeof body === 'string' ? JSON.parse(body) : undefined,
  };
}

/** An API that gives every call this answer. */
export const answering =
  (body: unknown, status = 200): Api =>
  () => ({ body, status });

/** An API that refuses as this product does. */
export const refusing =
  (
    status: number,
    error: { readonly message: string; readonly code: string; readonly param?: string },
  ): Api =>
  () => ({
    status,
    body: { error: { type: 'invalid_request_error', param: null, ...error } },
    headers: { 'x-should-retry': 'false' },
  });

export const listOf = (...data: readonly object[]) => ({ object: 'list', data, has_more: false });
