/** Which deployment is meant, and the key to it. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseKey } from '../shared/domain/api-key.ts';
import { keyId } from '../shared/domain/ids.ts';
import { Failure, refuseUsage } from './failure.ts';
import { at, type JsonObject, textAt } from './json.ts';
import type { World } from './world.ts';

export interface DeploymentOptions {
  readonly url?: string;
  readonly adminKeyFile?: string;
}

export interface Deployment {
  /** Ends in `/v1`. */
  readonly baseUrl: string;
  readonly adminKey: string | undefined;
  /** Where the key was found, for messages. */
  readonly keySource: string;
}

/**
 * What was named, else the local stack, whose dev.json also adds the half that was left out: its key to its own URL,
 * and its URL to a key of --admin-key-file, which is one's choice for this command. BPX_ADMIN_KEY is not: it may be
 * that of a real deployment, which the dev.json of some folder must not be sent. Nor is a key ever sent to another
 * machine because a dev.json says so, nor one of production anywhere.
 */
export function findDeployment(world: World, options: DeploymentOptions): Deployment {
  const url = options.url ?? world.env['BPX_URL'];
  const key = namedKey(world, options);
  if (url !== undefined) {
    const baseUrl = baseUrlOf(url);
    return { baseUrl, ...(key ?? localKey(world, baseUrl) ?? NO_KEY) };
  }
  if (key === undefined) return localDeployment(world);
  const isFitting = options.adminKeyFile !== undefined && parseKey(key.adminKey)?.environment !== 'live';
  const local = isFitting ? readLocal(world) : undefined;
  if (local === undefined || !isLocal(local.baseUrl)) {
    return refuseUsage(`${key.keySource} names a key, but not whose: set BPX_URL or give --url.`);
  }
  return { baseUrl: local.baseUrl, ...key };
}

const NO_KEY = { adminKey: undefined, keySource: 'nowhere' };

/** The local stack's key, where this is the local stack. */
function localKey(world: World, baseUrl: string): Omit<Deployment, 'baseUrl'> | undefined {
  const local = isLocal(baseUrl) ? readLocal(world) : undefined;
  return local?.baseUrl === baseUrl ? local : undefined;
}

const isLocal = (baseUrl: string): boolean => isLoopback(new URL(baseUrl).hostname);

/** The id that an admin key's text names. */
export function keyIdOf({ adminKey }: Deployment): string | undefined {
  const parsed = parseKey(adminKey ?? '');
  return parsed === undefined ? undefined : keyId(parsed.tenant, parsed.key);
}

/** The deployment with the key that the Administration API asks for. */
export function requireKey({ adminKey, ...rest }: Deployment): Deployment & { readonly adminKey: string } {
  if (adminKey !== undefined) return { ...rest, adminKey };
  return refuseUsage(
    'There is no admin key: set BPX_ADMIN_KEY, or name a file that holds one by --admin-key-file.',
  );
}

function namedKey(
  { env, cwd }: World,
  options: DeploymentOptions,
): { readonly adminKey: string; readonly keySource: string } | undefined {
  const file = options.adminKeyFile;
  if (file !== undefined) {
    return { adminKey: keyOf(readText(path.resolve(cwd, file)), file), keySource: file };
  }
  const value = env['BPX_ADMIN_KEY'];
  if (value === undefined) return undefined;
  return { adminKey: keyOf(value, 'BPX_ADMIN_KEY'), keySource: 'BPX_ADMIN_KEY' };
}

/** What is no key could not travel in a header either, and the error of that would quote it. */
function keyOf(text: string, source: string): string {
  const key = text.trim();
  return /^[\x21-\x7e]{1,512}$/.test(key) ? key : refuseUsage(`${source} holds no key.`);
}

/** A base URL with or without `/v1`. Keys travel in clear text by http, so that only this machine is reached by it. */
export function baseUrlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : refuseUsage(`'${text}' is no URL.`);
  if (url.protocol === 'http:' ? !isLoopback(url.hostname) : url.protocol !== 'https:') {
    refuseUsage(`'${text}' must begin with https://, so that nobody on the way can read the key.`);
  }
  const folder = url.pathname.replace(/\/+$/, '');
  return `${url.origin}${folder.endsWith('/v1') ? folder : `${folder}/v1`}`;
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);

const localDeployment = (world: World): Deployment =>
  readLocal(world) ??
  refuseUsage(
    'Which deployment? Set BPX_URL and BPX_ADMIN_KEY (or give --url and --admin-key-file), or start the local one with npm start and call bpx in its folder.',
  );

/** The local stack that the folder, or one above it, knows of. */
function readLocal(world: World): Deployment | undefined {
  const file = findUpwards(world.cwd, path.join('.local', 'dev.json'));
  if (file === undefined) return undefined;
  const facts = parseObject(readText(file), file);
  const baseUrl = textAt(facts, 'baseUrl');
  if (baseUrl === undefined)
    return refuseUsage(`${file} names no baseUrl. Start the local stack again: npm start.`);
  return { baseUrl: baseUrlOf(baseUrl), adminKey: textAt(facts, 'adminKey'), keySource: file };
}

function findUpwards(folder: string, name: string): string | undefined {
  const file = path.join(folder, name);
  if (existsSync(file)) return file;
  const parent = path.dirname(folder);
  return parent === folder ? undefined : findUpwards(parent, name);
}

/** The text of a file that was named. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure(
      'usage',
      `${file} cannot be read (${String(at({ error }, 'error.code') ?? 'unknown')}).`,
    );
  }
}

/** A file's text as a JSON object. */
export function parseObject(text: string, file: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // What is no JSON is refused like any other file of the wrong kind; its text may be a secret.
  }
  return refuseUsage(`${file} holds no JSON object.`);
}
