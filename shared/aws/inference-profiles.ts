/**
 * Application inference profiles, from Bedrock's control plane: `GET /inference-profiles/{identifier}`. Where one leads
 * is fixed when it is made, so an answer is kept for the process's life; that it leads nowhere for a minute, since it may
 * be made or its model become known; a failure not at all.
 * Source: Amazon Bedrock API reference, GetInferenceProfile.
 */
import { GatewayError } from '../domain/gateway-error.ts';
import type { Model } from '../domain/model.ts';
import { modelBehindProfile } from '../domain/profile-model.ts';
import type { Clock, InferenceProfiles } from '../ports.ts';
import { AwsRefusal, asRecord, MalformedAnswer, withRetries } from './json-service.ts';
import type { SignedHttp, WholeAnswer } from './signed-http.ts';
import { unavailable } from './store-failure.ts';
import { REAL_WAITING, type Waiting } from './waiting.ts';

export interface InferenceProfilesOptions {
  /** A transport for service `bedrock` at the control plane's endpoint. */
  readonly http: SignedHttp;
  /** The models of the deployment's region. */
  readonly catalogue: readonly Model[];
  readonly clock: Clock;
  /** How long it is believed that a profile leads nowhere, 0 or more; a minute where it is absent. */
  readonly nowhereKeptMs?: number;
  readonly waiting?: Waiting;
}

const TIMEOUT_MS = 2_000;
/** A profile is made by who runs the account, who names its ARN in an alias: there are as many as that. */
const PROFILES_MAX = 10_000;
const NOWHERE_KEPT_MS = 60_000;

/** Where a profile leads; undefined: nowhere, and when that is to be asked again. */
interface Known {
  readonly model: string | undefined;
  readonly untilMs: number;
}

/** Its state is where profiles lead, and the questions under way. */
export function createInferenceProfiles(options: InferenceProfilesOptions): InferenceProfiles {
  const { clock, nowhereKeptMs = NOWHERE_KEPT_MS } = options;
  const known = new Map<string, Known>();
  const asking = new Map<string, Promise<string | undefined>>();

  const inForce = (arn: string): Known | undefined => {
    const one = known.get(arn);
    return one !== undefined && clock() < one.untilMs ? one : undefined;
  };

  const ask = async (arn: string): Promise<string | undefined> => {
    const model = await askModel(options, arn);
    const untilMs = model === undefined ? clock() + nowhereKeptMs : Number.POSITIVE_INFINITY;
    if (known.size < PROFILES_MAX || known.has(arn)) known.set(arn, { model, untilMs });
    return model;
  };

  const askOnce = (arn: string): Promise<string | undefined> => {
    const question = asking.get(arn) ?? ask(arn).finally(() => asking.delete(arn));
    asking.set(arn, question);
    return question;
  };

  return {
    async modelOf(arn) {
      const one = inForce(arn);
      return (one === undefined ? await askOnce(arn) : one.model) ?? refuseNowhere();
    },
    knownModelOf: (arn) => inForce(arn)?.model,
  };
}

/** The model that a profile leads to; undefined where there is none that has a price. */
async function askModel(options: InferenceProfilesOptions, arn: string): Promise<string | undefined> {
  const modelArns = await modelArnsOf(options, arn);
  return modelArns === undefined ? undefined : modelBehindProfile(modelArns, options.catalogue);
}

function refuseNowhere(): never {
  throw new GatewayError('model_not_found', 'The inference profile leads to no model that has a price here.');
}

/** Undefined where there is no such profile, or it is not in use. */
async function modelArnsOf(
  { http, waiting = REAL_WAITING }: InferenceProfilesOptions,
  arn: string,
): Promise<readonly string[] | undefined> {
  try {
    return await withRetries(waiting, async () =>
      parseAnswer(
        await http.send({
          method: 'GET',
          path: `/inference-profiles/${encodeURIComponent(arn)}`,
          headers: { accept: 'application/json' },
          body: '',
          timeoutMs: TIMEOUT_MS,
        }),
      ),
    );
  } catch (error) {
    throw unavailable('inference profile of the model', error);
  }
}

/** The refusals that say that there is no such profile. Without the right to ask, nothing is known of it. */
const NOT_THERE: ReadonlySet<number> = new Set([400, 404]);
const NOT_THERE_CODES: ReadonlySet<string> = new Set(['ResourceNotFoundException', 'ValidationException']);

function parseAnswer({ status, headers, body }: WholeAnswer): readonly string[] | undefined {
  if (status !== 200) {
    const code = String(headers['x-amzn-errortype'] ?? `HTTP ${status}`).replace(/:.*$/, '');
    if (NOT_THERE.has(status) && NOT_THERE_CODES.has(code)) return undefined;
    throw new AwsRefusal({
      operation: 'GetInferenceProfile',
      code,
      retryable: status >= 500 || status === 429,
    });
  }
  const { status: state, models } = jsonObject(body);
  if (typeof state === 'string' && state !== 'ACTIVE') return undefined;
  const arns = Array.isArray(models) ? models.map((model) => asRecord(model)?.['modelArn']) : [];
  if (state === 'ACTIVE' && arns.length > 0 && arns.every((one) => typeof one === 'string')) return arns;
  throw new MalformedAnswer('GetInferenceProfile was answered without a status or models.');
}

function jsonObject(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    return asRecord(JSON.parse(body.toString('utf8'))) ?? {};
  } catch {
    return {};
  }
}
