/** The calls of Amazon Bedrock's control plane that read which models and inference profiles there are. */
import { Constraints } from './constraints.ts';
import { type EmulatedModel, findModel, foundationModelOf, isProfile, type ModelsById } from './models.ts';
import { refuse, ServiceError } from './service-error.ts';

const REGION = 'us-east-1';
const ACCOUNT = '000000000000';
/** When the emulated profiles came into being; the emulator keeps no history. */
const CREATED_AT = '2025-01-01T00:00:00Z';

/** The answer to a GET of the control plane; undefined where the path is not one of its own. */
export function answerControl(models: ModelsById, url: URL): object | undefined {
  const [collection, id, ...rest] = url.pathname.slice(1).split('/').map(decodeURIComponent);
  if (rest.length > 0) return undefined;
  if (collection === 'foundation-models') {
    return id === undefined ? listModels(models, url.searchParams) : readModel(models, id);
  }
  if (collection === 'inference-profiles') {
    return id === undefined ? listProfiles(models, url.searchParams) : readProfile(models, id);
  }
  return undefined;
}

function listModels(models: ModelsById, query: URLSearchParams): object {
  const provider = query.get('byProvider')?.toLowerCase();
  const modality = query.get('byOutputModality');
  const inference = query.get('byInferenceType');
  const summaries = [...models.values()]
    .filter(({ id }) => !isProfile(id))
    .filter((model) => provider === undefined || model.provider === provider)
    .filter((model) => modality === null || outputOf(model) === modality)
    .filter(() => inference === null || inference === 'ON_DEMAND')
    .map(summaryOf);
  return { modelSummaries: summaries };
}

const readModel = (models: ModelsById, id: string): object => ({
  modelDetails: summaryOf(findModel(models, id)),
});

const outputOf = (model: EmulatedModel): string => (model.mode === 'chat' ? 'TEXT' : 'EMBEDDING');

const summaryOf = (model: EmulatedModel) => ({
  customizationsSupported: [],
  inferenceTypesSupported: ['ON_DEMAND'],
  inputModalities: ['TEXT'],
  modelArn: modelArn(model.id),
  modelId: model.id,
  modelLifecycle: { status: 'ACTIVE' },
  modelName: model.id,
  outputModalities: [outputOf(model)],
  providerName: model.provider,
  responseStreamingSupported: model.mode === 'chat',
});

const modelArn = (id: string): string => `arn:aws:bedrock:${REGION}::foundation-model/${id}`;

const PAGE_MAX = 1000;

/** The emulator has system-defined profiles only; `nextToken` is the place in the list to go on from. */
function listProfiles(models: ModelsById, query: URLSearchParams): object {
  const size = Number(query.get('maxResults') ?? PAGE_MAX);
  const start = Number(query.get('nextToken') ?? 0);
  const constraints = new Constraints();
  constraints.range(size, 'maxResults', { min: 1, max: PAGE_MAX });
  constraints.oneOf(query.get('type') ?? undefined, 'type', ['SYSTEM_DEFINED', 'APPLICATION']);
  constraints.settle();
  if (!Number.isInteger(start) || start < 0) refuse('The provided nextToken is invalid.');
  const ids = query.get('type') === 'APPLICATION' ? [] : [...models.keys()].filter(isProfile);
  const end = start + size;
  return {
    inferenceProfileSummaries: ids.slice(start, end).map(profileOf),
    ...(end < ids.length && { nextToken: String(end) }),
  };
}

function readProfile(models: ModelsById, id: string): object {
  if (models.has(id) && isProfile(id)) return profileOf(id);
  throw new ServiceError('ResourceNotFoundException', 'The provided inference profile was not found.');
}

const profileOf = (id: string) => ({
  createdAt: CREATED_AT,
  description: `Routes requests to ${foundationModelOf(id)}.`,
  inferenceProfileArn: `arn:aws:bedrock:${REGION}:${ACCOUNT}:inference-profile/${id}`,
  inferenceProfileId: id,
  inferenceProfileName: id,
  models: [{ modelArn: modelArn(foundationModelOf(id)) }],
  status: 'ACTIVE',
  type: 'SYSTEM_DEFINED',
  updatedAt: CREATED_AT,
});
