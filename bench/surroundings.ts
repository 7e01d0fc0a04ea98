/** Everything around the process under test: stores and secrets, Bedrock, a project with limits, the bundles. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { packagedStack } from '../local/packaged-stack.ts';
import { type FunctionEnvironment, functionEnvironment } from '../local/stack/environment.ts';
import { type Stack, startStack } from '../local/stack.ts';
import { parseKey } from '../shared/domain/api-key.ts';
import { type Bundle, unpackBundles } from './bundles.ts';

export interface Surroundings {
  readonly bedrockUrl: string;
  readonly dynamodbUrl: string;
  /** A key of a project with limits on tokens, money and requests at once, all of them higher than the load. */
  readonly apiKey: string;
  /** A key of another such project. */
  readonly quietKey: string;
  readonly templatePath: string;
  readonly bundles: Readonly<Record<string, Bundle>>;
  /** What the functions find. */
  readonly environment: FunctionEnvironment;
  /** A scratch folder, removed at the end. */
  readonly folder: string;
  close(): Promise<void>;
}

const LIMITS = { inflight_requests: 400, tokens_per_minute: 1_000_000_000, usd_per_month: 100_000 };

/**
 * DynamoDB and Bedrock are processes of their own; the secrets are served by this one, which asks for little else
 * while the load runs. The stack's own gateway only makes the project and then stays idle.
 */
export async function startSurroundings(): Promise<Surroundings> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-proxy-bench-'));
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  try {
    const bedrock = await startBedrock();
    closers.push(bedrock.close);
    process.env['AWS_ENDPOINT_URL_BEDROCK_RUNTIME'] = bedrock.url;
    const stack = await startStack({ ephemeral: true });
    closers.push(stack.close);
    const { endpoints } = stack;
    if (endpoints.dynamodb === null) throw new Error('The benchmarks need the local DynamoDB (@dynoxide).');
    const { template, templatePath, zips } = await packagedStack('dev');
    return {
      bedrockUrl: bedrock.url,
      dynamodbUrl: endpoints.dynamodb,
      apiKey: await limitedKey(stack, 'benchmark'),
      quietKey: await limitedKey(stack, 'quiet'),
      templatePath,
      bundles: unpackBundles(zips, path.join(folder, 'bundles')),
      environment: await functionEnvironment({ template, endpoints, environment: process.env }),
      folder,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const said = z.object({ url: z.string() });

/** The emulator as a process of its own, which ends with this one. */
async function startBedrock(): Promise<{ url: string; close(): Promise<void> }> {
  const main = fileURLToPath(new URL('../local/bedrock/main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, '--port', '0', '--token-delay-ms', '0'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  const [line] = await once(createInterface(child.stdout), 'line');
  const { url } = said.parse(JSON.parse(String(line)));
  const close = async () => {
    child.stdin.end();
    await gone;
  };
  return { url, close };
}

const project = z.object({ id: z.string() });
const account = z.object({ api_key: z.object({ value: z.string() }) });

async function limitedKey(stack: Stack, name: string): Promise<string> {
  const projects = `${stack.baseUrl}/organization/projects`;
  const { id } = project.parse(await post(stack, projects, { name, limits: LIMITS }));
  const made = await post(stack, `${projects}/${id}/service_accounts`, { name: 'load' });
  return account.parse(made).api_key.value;
}

/** The partition of the tables that holds a key's project. */
export const partitionOfKey = (apiKey: string): string => `TENANT#${parseKey(apiKey)?.tenant ?? ''}`;

async function post(stack: Stack, url: string, body: object): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}
