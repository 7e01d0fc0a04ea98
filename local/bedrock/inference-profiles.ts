/** Inference profiles: those of the system, and those that somebody made here, which last as long as the emulator. */
import { Constraints } from './constraints.ts';
import { findModel, foundationModelOf, isProfile, type ModelsById } from './models.ts';
import { refuse, ServiceError } from './service-error.ts';
import { type Fields, readList, readObject, readString } from './wire-value.ts';

export const REGION = 'us-east-1';
const ACCOUNT = '000000000000';
/** When the emulated profiles came into being; the emulator keeps no history. */
const CREATED_AT = '2025-01-01T00:00:00Z';

/** Some of the regions of each geography, by the first part of a profile's id; a global one names none as well. */
const REGIONS_OF: Readonly<Record<string, readonly string[]>> = {
  apac: ['ap-northeast-1', 'ap-southeast-1'],
  au: ['ap-southeast-2', 'ap-southeast-4'],
  ca: ['ca-central-1', 'ca-west-1'],
  eu: ['eu-central-1', 'eu-west-1'],
  global: [REGION, ''],
  jp: ['ap-northeast-1', 'ap-northeast-3'],
  us: ['us-east-1', 'us-east-2', 'us-west-2'],
  'us-gov': ['us-gov-east-1', 'us-gov-west-1'],
};

/** A profile as GetInferenceProfile and ListInferenceProfiles show it. */
interface Profile {
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly description?: string;
  readonly inferenceProfileArn: string;
  readonly inferenceProfileId: string;
  readonly inferenceProfileName: string;
  readonly models: readonly { readonly modelArn: string }[];
  readonly status: 'ACTIVE';
  readonly type: 'SYSTEM_DEFINED' | 'APPLICATION';
}

/** An application's profile, and the model or system profile that it was copied from. */
interface ApplicationProfile {
  readonly profile: Profile;
  readonly copyOf: string;
}

/** Holds the applications' profiles. */
export class InferenceProfiles {
  readonly #models: ModelsById;
  readonly #applications = new Map<string, ApplicationProfile>();

  constructor(models: ModelsById) {
    this.#models = models;
  }

  /** CreateInferenceProfile. Throws ValidationException, and ResourceNotFoundException for an unknown source. */
  create(body: Fields): Pick<Profile, 'inferenceProfileArn' | 'status'> {
    const name = readString(body['inferenceProfileName']);
    const source = readString(readObject(body['modelSource'])?.['copyFrom']);
    const description = readString(body['description']);
    const constraints = new Constraints();
    constraints.present(name, 'inferenceProfileName');
    constraints.present(source, 'modelSource.copyFrom');
    constraints.length(name?.length, 'inferenceProfileName', { min: 1, max: 64 });
    constraints.length(readList(body['tags'])?.length, 'tags', { min: 0, max: 200 });
    constraints.settle();
    const { id } = findModel(this.#models, source ?? '');
    const profile = this.#describe({ name: name ?? '', copyOf: id, description });
    this.#applications.set(profile.inferenceProfileArn, { profile, copyOf: id });
    return { inferenceProfileArn: profile.inferenceProfileArn, status: profile.status };
  }

  /** A profile by id or ARN; ResourceNotFoundException where there is none. */
  read(idOrArn: string): Profile {
    const application = this.#find(idOrArn);
    if (application !== undefined) return application.profile;
    const id = /^arn:.*:inference-profile\/(.+)$/.exec(idOrArn)?.[1] ?? idOrArn;
    if (this.#models.has(id) && isProfile(id)) return systemProfile(id);
    throw new ServiceError('ResourceNotFoundException', 'The provided inference profile was not found.');
  }

  list(type: string): readonly Profile[] {
    if (type === 'APPLICATION') return [...this.#applications.values()].map(({ profile }) => profile);
    return [...this.#models.keys()].filter(isProfile).map(systemProfile);
  }

  /** The model or system profile that the ARN of an application's profile leads to; anything else as it is. */
  target(idOrArn: string): string {
    if (!idOrArn.includes(':application-inference-profile/')) return idOrArn;
    return this.#applications.get(idOrArn)?.copyOf ?? refuse('The provided model identifier is invalid.');
  }

  #find(idOrArn: string): ApplicationProfile | undefined {
    const all = [...this.#applications.values()];
    return all.find(({ profile }) =>
      [profile.inferenceProfileArn, profile.inferenceProfileId].includes(idOrArn),
    );
  }

  #describe(of: {
    readonly name: string;
    readonly copyOf: string;
    readonly description: string | undefined;
  }): Profile {
    const id = `emulated${String(this.#applications.size + 1).padStart(4, '0')}`;
    return {
      createdAt: CREATED_AT,
      updatedAt: CREATED_AT,
      ...(of.description !== undefined && { description: of.description }),
      inferenceProfileArn: `arn:aws:bedrock:${REGION}:${ACCOUNT}:application-inference-profile/${id}`,
      inferenceProfileId: id,
      inferenceProfileName: of.name,
      models: modelsBehind(of.copyOf),
      status: 'ACTIVE',
      type: 'APPLICATION',
    };
  }
}

const systemProfile = (id: string): Profile => ({
  createdAt: CREATED_AT,
  description: `Routes requests to ${foundationModelOf(id)}.`,
  inferenceProfileArn: `arn:aws:bedrock:${REGION}:${ACCOUNT}:inference-profile/${id}`,
  inferenceProfileId: id,
  inferenceProfileName: id,
  models: modelsBehind(id),
  status: 'ACTIVE',
  type: 'SYSTEM_DEFINED',
  updatedAt: CREATED_AT,
});

/** The model in each region that requests may run in. */
const modelsBehind = (id: string): Profile['models'] =>
  (isProfile(id) ? (REGIONS_OF[id.slice(0, id.indexOf('.'))] ?? [REGION]) : [REGION]).map((region) => ({
    modelArn: `arn:aws:bedrock:${region}::foundation-model/${foundationModelOf(id)}`,
  }));
