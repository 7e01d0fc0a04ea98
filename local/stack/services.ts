/** The AWS services of a local stack: embedded ones, or those that the environment names already. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type BedrockEmulator, startBedrockEmulator } from '../bedrock/emulator.ts';
import { startDynamoDb } from '../dynamodb/start.ts';
import { type LocalEventBridge, startEventBridge } from '../eventbridge/server.ts';
import { startSecretsManager } from '../secrets-manager/server.ts';
import { startParameterStore } from '../ssm/server.ts';
import type { StackEndpoints } from './dev-file.ts';

export interface ServicesOptions {
  /** Where state survives a restart; undefined: nowhere. */
  readonly folder: string | undefined;
  /** Where the events of the bus are kept; undefined: in memory. */
  readonly eventsFile: string | undefined;
  /** `memory`: no DynamoDB is run. */
  readonly stores: 'dynamodb' | 'memory';
  /** `aws`: the account's own Bedrock. */
  readonly bedrock: 'emulated' | 'aws';
  /** Between two words of the emulated model. */
  readonly tokenDelayMs: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface Services {
  readonly endpoints: StackEndpoints;
  /** The embedded Bedrock, where that is what is used. */
  readonly emulator: BedrockEmulator | undefined;
  /** The embedded EventBridge, where that is what is used. */
  readonly eventBridge: LocalEventBridge | undefined;
  close(): Promise<void>;
}

/** A service that runs here or elsewhere. */
interface Part<Endpoint extends string | null> {
  readonly endpoint: Endpoint;
  close(): Promise<void>;
}

/** Starts what the environment does not name. Rejects, with everything stopped again, where a part does not start. */
export async function startServices(options: ServicesOptions): Promise<Services> {
  const parts: Part<string | null>[] = [];
  const emulators: BedrockEmulator[] = [];
  const buses: LocalEventBridge[] = [];
  const start = async <Endpoint extends string | null>(
    variable: string,
    embedded: () => Promise<Part<Endpoint>>,
  ): Promise<Endpoint | string> => {
    const { environment } = options;
    const given = environment[`AWS_ENDPOINT_URL_${variable}`] ?? environment['AWS_ENDPOINT_URL'];
    const part = given === undefined ? await embedded() : elsewhere(given);
    parts.push(part);
    return part.endpoint;
  };
  const close = async () => {
    for (const part of parts.toReversed()) await part.close();
  };
  try {
    const endpoints = {
      dynamodb:
        options.stores === 'memory' ? null : await start('DYNAMODB', () => embeddedDynamoDb(options.folder)),
      secretsManager: await start('SECRETS_MANAGER', () => embeddedSecretsManager(options.folder)),
      ssm: await start('SSM', () => embeddedParameterStore(options.folder)),
      eventBridge: await start('EVENTBRIDGE', () => embeddedEventBridge(options, buses)),
      bedrock: await start('BEDROCK_RUNTIME', () => embeddedBedrock(options, emulators)),
    };
    return { endpoints, emulator: emulators[0], eventBridge: buses[0], close };
  } catch (error) {
    await close();
    throw error;
  }
}

const elsewhere = <Endpoint extends string | null>(endpoint: Endpoint): Part<Endpoint> => ({
  endpoint,
  close: async () => undefined,
});

/** Null where this machine has no DynamoDB to run: the caller keeps its data in memory then. */
async function embeddedDynamoDb(folder: string | undefined): Promise<Part<string | null>> {
  const dbPath = fileIn(folder, 'dynamodb.sqlite');
  const dynamodb = await startDynamoDb(dbPath === undefined ? {} : { dbPath });
  return dynamodb ?? elsewhere(null);
}

async function embeddedSecretsManager(folder: string | undefined): Promise<Part<string>> {
  const stateFile = fileIn(folder, 'secrets.json');
  const { url, close } = await startSecretsManager(stateFile === undefined ? {} : { stateFile });
  return { endpoint: url, close };
}

async function embeddedParameterStore(folder: string | undefined): Promise<Part<string>> {
  const stateFile = fileIn(folder, 'parameters.json');
  const { url, close } = await startParameterStore(stateFile === undefined ? {} : { stateFile });
  return { endpoint: url, close };
}

/** The bus itself goes into `buses`: tests look at what was published. */
async function embeddedEventBridge(
  { eventsFile }: ServicesOptions,
  buses: LocalEventBridge[],
): Promise<Part<string>> {
  const bus = await startEventBridge(eventsFile === undefined ? {} : { eventsFile });
  buses.push(bus);
  return { endpoint: bus.url, close: bus.close };
}

/** The emulator itself goes into `emulators`: tests look at what it generated. */
async function embeddedBedrock(
  options: ServicesOptions,
  emulators: BedrockEmulator[],
): Promise<Part<string | null>> {
  if (options.bedrock === 'aws') return elsewhere(null);
  const emulator = await startBedrockEmulator({ tokenDelayMs: options.tokenDelayMs });
  emulators.push(emulator);
  return { endpoint: emulator.url, close: emulator.close };
}

function fileIn(folder: string | undefined, name: string): string | undefined {
  if (folder === undefined) return undefined;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return path.join(folder, name);
}
