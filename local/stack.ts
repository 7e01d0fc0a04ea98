/** The whole product in this process: the compiled template, its functions, and what stands in for AWS. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HangUpMode } from './api-gateway/response-stream.ts';
import { startApiGateway } from './api-gateway/start.ts';
import type { BedrockEmulator } from './bedrock/emulator.ts';
import { createTables, tablesOfTemplate } from './dynamodb/tables.ts';
import type { LocalEventBridge } from './eventbridge/server.ts';
import { packagedStack } from './packaged-stack.ts';
import { bootstrap, type StackKeys } from './stack/bootstrap.ts';
import { ownFolder } from './stack/data-owner.ts';
import { isRunning, readDevFile, type StackEndpoints } from './stack/dev-file.ts';
import { accessOf, functionEnvironment } from './stack/environment.ts';
import { loadFunctions } from './stack/functions.ts';
import { readKeys, writeKeys } from './stack/keys-file.ts';
import { writeParameter } from './stack/parameters.ts';
import { schedulesOfTemplate, startSchedules } from './stack/schedules.ts';
import { createSecrets } from './stack/secrets.ts';
import { startServices } from './stack/services.ts';

export interface StackOptions {
  /** 0 or absent: a free one. */
  readonly port?: number;
  /** Nothing is kept: data live as long as the process. */
  readonly ephemeral?: boolean;
  /** The stage whose template is run; `dev` where absent. */
  readonly stage?: string;
  /** Whether functions hear that a caller hung up. Lambda does not tell, so absent means no. */
  readonly hangUp?: HangUpMode;
  /** Between two words of the emulated model; 0 where absent. */
  readonly tokenDelayMs?: number;
  /** Where data and keys are; `.local` in the project where absent. */
  readonly dataDir?: string;
  /** `memory`: no DynamoDB is run even where there is one. */
  readonly stores?: 'dynamodb' | 'memory';
  /** The account's own Bedrock, with the credentials that the AWS SDK finds. */
  readonly aws?: boolean;
  /** Milliseconds since the epoch; the gateway's, not the functions'. */
  readonly clock?: () => number;
}

export interface Stack extends StackKeys {
  /** `http://127.0.0.1:<port>/v1`. */
  readonly baseUrl: string;
  readonly stage: string;
  readonly endpoints: StackEndpoints;
  /** The embedded Bedrock, where that is what is used: tests look at what it generated. */
  readonly emulator: BedrockEmulator | undefined;
  /** The embedded EventBridge, where that is what is used: tests look at what was published. */
  readonly eventBridge: LocalEventBridge | undefined;
  /** Stops everything that was started. May be called twice. */
  close(): Promise<void>;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Where a stack keeps its data, and `npm start` its dev.json. */
export const dataFolder = ({ dataDir }: Pick<StackOptions, 'dataDir'>): string =>
  path.resolve(dataDir ?? path.join(ROOT, '.local'));

/**
 * Starts the stack. Several may run in a process, each on data of its own; start them one after the other, since
 * the functions find their environment in the process's. Rejects, with everything stopped again, where a part does
 * not start.
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const folder = dataFolder(options);
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  try {
    return { ...(await openStack({ ...options, folder }, closers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Each part that starts leaves its end in `closers`. */
async function openStack(
  options: StackOptions & { readonly folder: string },
  closers: (() => unknown)[],
): Promise<Omit<Stack, 'close'>> {
  const { folder, stage = 'dev', ephemeral = false } = options;
  if (!ephemeral) {
    await refuseSecondOwner(folder);
    closers.push(ownFolder(folder));
  }
  const data = ephemeral ? undefined : path.join(folder, 'data');
  const { template } = await packagedStack(stage);
  const { endpoints, emulator, eventBridge, close } = await startServices({
    folder: data,
    eventsFile: ephemeral ? undefined : path.join(folder, 'events.jsonl'),
    stores: options.stores ?? 'dynamodb',
    bedrock: options.aws === true ? 'aws' : 'emulated',
    tokenDelayMs: options.tokenDelayMs ?? 0,
    environment: process.env,
  });
  closers.push(close);
  const environment = await functionEnvironment({ template, endpoints, environment: process.env });
  await createSecrets(accessOf(environment, endpoints.secretsManager), template);
  if (endpoints.dynamodb !== null) {
    await createTables(accessOf(environment, endpoints.dynamodb), tablesOfTemplate(template));
  }
  const stores = endpoints.dynamodb === null ? 'memory' : 'dynamodb';
  const functions = await loadFunctions({ rootDir: ROOT, template, environment, stores });
  const gateway = await startApiGateway({
    template,
    functions: functions.module,
    region: environment.AWS_REGION,
    ...gatewayOptions(options),
  });
  closers.push(() => gateway.close(), startSchedules(schedulesOfTemplate(template), functions.invoke));
  await writeParameter(accessOf(environment, endpoints.ssm), {
    name: baseUrlParameter(environment),
    value: gateway.url,
  });
  const baseUrl = `${gateway.url}/v1`;
  const invokeKeyIssuer = (event: object) => functions.invoke('keyIssuer', event);
  const before = data === undefined || stores === 'memory' ? undefined : readKeys(data);
  const keys = await bootstrap({ baseUrl, invokeKeyIssuer }, before);
  if (data !== undefined) writeKeys(data, keys);
  return { baseUrl, stage, endpoints, emulator, eventBridge, ...keys };
}

/** Where the functions look for the URL that a deployment would have. */
function baseUrlParameter(environment: Readonly<Record<string, string>>): string {
  const name = environment['BASE_URL_PARAMETER'];
  if (name === undefined) throw new Error('The template gives its functions no BASE_URL_PARAMETER.');
  return name;
}

const gatewayOptions = ({ port = 0, stage = 'dev', hangUp, clock }: StackOptions) => ({
  port,
  stage,
  ...(hangUp !== undefined && { hangUp }),
  ...(clock !== undefined && { clock }),
});

/** Two stacks on one set of data would overwrite each other's secrets. */
async function refuseSecondOwner(folder: string): Promise<void> {
  const other = readDevFile(folder);
  if (other === undefined || !(await isRunning(other))) return;
  throw new Error(
    `Another stack runs on ${other.baseUrl} with the data of ${folder}. Stop it, or start this one beside it: PORT=8788 npm start -- --ephemeral`,
  );
}
