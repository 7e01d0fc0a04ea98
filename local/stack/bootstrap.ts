/** The first admin key, project, service account and API key of a local stack, made through the front door. */
import * as z from 'zod/mini';

/** The credentials of a stack, with the ids of what they belong to. */
export interface StackKeys {
  readonly adminKey: string;
  readonly apiKey: string;
  readonly projectId: string;
  readonly serviceAccountId: string;
  readonly apiKeyId: string;
}

export interface BootstrapDependencies {
  /** `http://127.0.0.1:<port>/v1`. */
  readonly baseUrl: string;
  /** Direct invocation of the key issuer, as IAM would allow it to the owner of the account. */
  readonly invokeKeyIssuer: (event: object) => Promise<unknown>;
}

export const stackKeys = z.object({
  adminKey: z.string(),
  apiKey: z.string(),
  projectId: z.string(),
  serviceAccountId: z.string(),
  apiKeyId: z.string(),
});

const PROJECT = 'playground';
const ADMIN_KEY_DAYS = 30;
const TIMEOUT_MS = 30_000;

const adminKeyAnswer = z.object({ object: z.literal('organization.admin_api_key'), value: z.string() });
const project = z.object({ id: z.string(), name: z.string() });
const projectPage = z.object({
  data: z.array(project),
  has_more: z.boolean(),
  last_id: z.nullish(z.string()),
});
const serviceAccount = z.object({
  id: z.string(),
  api_key: z.object({ id: z.string(), value: z.string() }),
});

/** The keys of before where they still work, else new ones. Rejects, quoting the answer, where a step is refused. */
export async function bootstrap(
  deps: BootstrapDependencies,
  before: StackKeys | undefined,
): Promise<StackKeys> {
  const adminKey = await workingAdminKey(deps, before?.adminKey);
  if (before !== undefined && (await works(deps, { key: before.apiKey, path: '/models' }))) {
    return { ...before, adminKey };
  }
  const projectId = await playground(deps, adminKey);
  const account = serviceAccount.parse(
    await call(deps, {
      key: adminKey,
      path: `/organization/projects/${projectId}/service_accounts`,
      body: {
        name: 'laptop',
        scopes: [
          'chat.completions:write',
          'embeddings:write',
          'moderations:write',
          'models:read',
          'usage:read',
        ],
      },
    }),
  );
  return {
    adminKey,
    apiKey: account.api_key.value,
    projectId,
    serviceAccountId: account.id,
    apiKeyId: account.api_key.id,
  };
}

async function workingAdminKey(deps: BootstrapDependencies, before: string | undefined): Promise<string> {
  const path = '/organization/projects?limit=1';
  if (before !== undefined && (await works(deps, { key: before, path }))) return before;
  const event = { action: 'create-admin-key', expiresInDays: ADMIN_KEY_DAYS };
  return adminKeyAnswer.parse(await deps.invokeKeyIssuer(event)).value;
}

/** The id of the project that the laptop's key belongs to. */
async function playground(deps: BootstrapDependencies, adminKey: string): Promise<string> {
  const existing = await findPlayground(deps, adminKey);
  if (existing !== undefined) return existing;
  const created = await call(deps, {
    key: adminKey,
    path: '/organization/projects',
    body: { name: PROJECT },
  });
  return project.parse(created).id;
}

async function findPlayground(deps: BootstrapDependencies, adminKey: string): Promise<string | undefined> {
  for (let after = ''; ; ) {
    const path = `/organization/projects?limit=100${after}`;
    const page = projectPage.parse(await call(deps, { key: adminKey, path }));
    const found = page.data.find(({ name }) => name === PROJECT);
    const last = page.data.at(-1);
    if (found !== undefined || !page.has_more || last === undefined) return found?.id;
    after = `&after=${encodeURIComponent(last.id)}`;
  }
}

interface Call {
  readonly key: string;
  readonly path: string;
  /** Present: a POST. */
  readonly body?: object;
}

async function works(deps: BootstrapDependencies, asked: Call): Promise<boolean> {
  const response = await send(deps, asked);
  await response.arrayBuffer();
  return response.ok;
}

async function call(deps: BootstrapDependencies, asked: Call): Promise<unknown> {
  const response = await send(deps, asked);
  if (response.ok) return response.json();
  throw new Error(`${asked.path} answered ${response.status}: ${await response.text()}`);
}

const send = (deps: BootstrapDependencies, asked: Call): Promise<Response> =>
  fetch(`${deps.baseUrl}${asked.path}`, {
    headers: { authorization: `Bearer ${asked.key}`, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(asked.body !== undefined && { method: 'POST', body: JSON.stringify(asked.body) }),
  });
