/** What exists only once the stack is deployed, from Parameter Store: an environment variable could not refer to it. */
import type { DeploymentSettings } from '../ports.ts';
import { asRecord, isRefusal, MalformedAnswer, sendJson, textField, withRetries } from './json-service.ts';
import type { SignedHttp } from './signed-http.ts';
import { unavailable } from './store-failure.ts';
import { REAL_WAITING, type Waiting } from './waiting.ts';

export interface DeploymentSettingsOptions {
  /** A transport for service `ssm`. */
  readonly http: SignedHttp;
  /** `/bedrock-proxy/prod/base-url`. */
  readonly baseUrlParameter: string;
  readonly waiting?: Waiting;
}

/** Its state is the value once it was read, or the read under way. A read that failed is forgotten. */
export function createDeploymentSettings(options: DeploymentSettingsOptions): DeploymentSettings {
  let reading: Promise<string> | undefined;
  const read = async (): Promise<string> => {
    try {
      return await readBaseUrl(options);
    } catch (error) {
      reading = undefined;
      throw unavailable('deployment settings', error);
    }
  };
  return {
    async baseUrl() {
      reading ??= read();
      return reading;
    },
  };
}

async function readBaseUrl(options: DeploymentSettingsOptions): Promise<string> {
  const { http, baseUrlParameter: Name, waiting = REAL_WAITING } = options;
  const call = { operation: 'GetParameter', input: { Name } };
  try {
    const answer = await withRetries(waiting, () => sendJson({ http, targetPrefix: 'AmazonSSM' }, call));
    return parseBaseUrl(textField(asRecord(answer['Parameter']) ?? {}, 'Value'), Name);
  } catch (error) {
    if (!isRefusal(error, 'ParameterNotFound')) throw error;
    throw new Error(`Parameter Store has no ${Name}: it is made by resources/api/base-url.yml.`, {
      cause: error,
    });
  }
}

/** Links are made by appending `/v1/…`. */
const BASE_URL = /^https?:\/\/[^\s?#]*[^\s?#/]$/;

function parseBaseUrl(value: string, parameter: string): string {
  if (BASE_URL.test(value) && !value.endsWith('/v1')) return value;
  throw new MalformedAnswer(`${parameter} must be a URL that ends neither with / nor with /v1.`);
}
