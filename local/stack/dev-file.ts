/** `.local/dev.json`: where the running stack is and the keys to it, for people, scripts and `invoke local`. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';
import { processLives } from '../process-lives.ts';
import { readStateFile, writeStateFile } from '../state-file.ts';

const endpoints = z.object({
  dynamodb: z.nullable(z.string()),
  bedrock: z.nullable(z.string()),
  eventBridge: z.string(),
  secretsManager: z.string(),
  ssm: z.string(),
});

const schema = z.object({
  baseUrl: z.string(),
  stage: z.string(),
  adminKey: z.string(),
  apiKey: z.string(),
  /** The issuer of users' tokens; null until there is one. */
  issuerUrl: z.nullable(z.string()),
  endpoints,
  pid: z.int(),
});

export type DevFile = z.output<typeof schema>;
/** Null where AWS itself (Bedrock) or the process's memory (DynamoDB) is used. */
export type StackEndpoints = z.output<typeof endpoints>;

const fileIn = (folder: string): string => path.join(folder, 'dev.json');

/** The facts of the stack that wrote the folder's file last; undefined where none did, or another version of this. */
export function readDevFile(folder: string): DevFile | undefined {
  const result = schema.safeParse(readStateFile(fileIn(folder)));
  return result.success ? result.data : undefined;
}

/**
 * Writes the file, readable by its owner only since it holds keys, and returns what removes it again. Undefined,
 * with nothing written, where another stack that still runs has written it.
 */
export async function publishDevFile(folder: string, facts: DevFile): Promise<(() => void) | undefined> {
  const other = readDevFile(folder);
  if (other !== undefined && other.baseUrl !== facts.baseUrl && (await isRunning(other))) return undefined;
  writeStateFile(fileIn(folder), facts);
  return () => {
    if (readDevFile(folder)?.pid === facts.pid) rmSync(fileIn(folder), { force: true });
  };
}

/** Whether the stack of the facts lives and answers its health check: its port alone may be another's by now. */
export async function isRunning(facts: DevFile): Promise<boolean> {
  if (!processLives(facts.pid)) return false;
  try {
    const root = facts.baseUrl.replace(/\/v1$/, '');
    const response = await fetch(`${root}/health`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

const HEALTH_TIMEOUT_MS = 2000;
