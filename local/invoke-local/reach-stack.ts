import path from 'node:path';
import { type DevFile, isRunning, readDevFile } from '../stack/dev-file.ts';
import { endpointVariables } from '../stack/environment.ts';
import { startStack } from '../stack.ts';

/** A stack to invoke a function against. */
export interface ReachedStack {
  /** The variables that point a function at it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly keys: { readonly adminKey: string; readonly apiKey: string };
  /** Ends what was started for the occasion, and nothing else. */
  close(): Promise<void>;
}

/** With one of these set, the caller has chosen where the data are, and the running stack's keys are not there. */
const CHOSEN = ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_DYNAMODB', 'AWS_ENDPOINT_URL_SECRETS_MANAGER'];

/** The stack that `npm start` has running for this stage by the folder's dev.json, else an ephemeral one in this process. */
export async function reachStack(stage: string, folder = path.resolve('.local')): Promise<ReachedStack> {
  const running = CHOSEN.some((name) => process.env[name] !== undefined) ? undefined : readDevFile(folder);
  if (running?.stage === stage && running.endpoints.dynamodb !== null && (await isRunning(running))) {
    return { ...reached(running), close: async () => undefined };
  }
  const stack = await startStack({ ephemeral: true, stage, port: 0 });
  if (stack.endpoints.dynamodb === null) {
    await stack.close();
    throw new Error(
      'invoke local needs a DynamoDB: put `dynoxide` on the PATH, or set AWS_ENDPOINT_URL_DYNAMODB.',
    );
  }
  return { ...reached(stack), close: stack.close };
}

function reached(stack: Pick<DevFile, 'adminKey' | 'apiKey' | 'endpoints'>): Omit<ReachedStack, 'close'> {
  const { adminKey, apiKey, endpoints } = stack;
  return { environment: endpointVariables(endpoints), keys: { adminKey, apiKey } };
}
