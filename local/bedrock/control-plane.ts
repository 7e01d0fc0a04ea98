/** The calls of Amazon Bedrock's control plane that read which models and inference profiles there are. */
import { Constraints } from './constraints.ts';
import { type InferenceProfiles, REGION } from './inference-profiles.ts';
import { type EmulatedModel, findModel, isProfile, type ModelsById } from './models.ts';
import { refuse } from './service-error.ts';

/** What the control plane tells of. */
export interface ControlPlane {
  readonly models: ModelsById;
  readonly profiles: InferenceProfiles;
}

/** The answer to a GET of the control plane; undefined where the path is not one of its own. */
export function answerControl({ models, profiles }: ControlPlane, url: URL): object | undefined {
  const [collection, id, ...rest] = url.pathname.slice(1).split('/').map(decodeURIComponent);
  if (rest.length > 0) return undefined;
  if (collection === 'foundation-models') {
    return id === undefined ? listModels(models, url.searchParams) : readModel(models, id);
  }
  if (collection === 'inference-profiles') {
    return id === undefined ? listProfiles(profiles, url.searchParams) : profiles.read(id);
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

const OUTPUTS = { chat: 'TEXT', embedding: 'EMBEDDING', image: 'IMAGE' } as const;

const outputOf = (model: EmulatedModel): string => OUTPUTS[model.mode];

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

/** `nextToken` is the place in the list to go on from. Without a type the list is of the system's profiles. */
function listProfiles(profiles: InferenceProfiles, query: URLSearchParams): object {
  const size = Number(query.get('maxResults') ?? PAGE_MAX);
  const start = Number(query.get('nextToken') ?? 0);
  const constraints = new Constraints();
  constraints.range(size, 'maxResults', { min: 1, max: PAGE_MAX });
  constraints.oneOf(query.get('type') ?? undefined, 'type', ['SYSTEM_DEFINED', 'APPLICATION']);
  constraints.settle();
  if (!Number.isInteger(start) || start < 0) refuse('The provided nextToken is invalid.');
  const all = profiles.list(query.get('type') ?? 'SYSTEM_DEFINED');
  const end = start + size;
  return {
    inferenceProfileSummaries: all.slice(start, end),
    ...(end < all.length && { nextToken: String(end) }),
  };
}
