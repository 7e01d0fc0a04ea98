/** resources/catalogue/models.csv: which models the product knows, and what prices do not say of them. */
import { CAPABILITIES, type Capability, type ModelMode } from '../../shared/domain/model.ts';
import { FAMILIES, type Family, type ModelFamily } from '../../shared/domain/model-family.ts';
import { type CsvRow, parseCsv } from './csv.ts';

export interface ListedModel {
  readonly id: string;
  readonly provider: string;
  readonly family: Family;
  readonly mode: ModelMode;
  /** Unix seconds; undefined where the day of release is not known. */
  readonly createdAt: number | undefined;
  readonly inputTokensMax: number;
  readonly outputTokensMax: number;
  readonly capabilities: readonly Capability[];
}

/** LiteLLM's flag for each capability. */
const FLAGS: Readonly<Record<Capability, string>> = {
  tools: 'supports_function_calling',
  'tool-choice': 'supports_tool_choice',
  images: 'supports_vision',
  documents: 'supports_pdf_input',
  video: 'supports_video_input',
  audio: 'supports_audio_input',
  reasoning: 'supports_reasoning',
  'structured-output': 'supports_native_structured_output',
  'parallel-tools': 'supports_parallel_tool_use_config',
};

/** The models of the file. Throws, naming the id, where one is listed twice or cannot be used. */
export function listedModels(of: {
  readonly models: string;
  readonly litellm: string;
}): readonly ListedModel[] {
  const flags = new Map(parseCsv(of.litellm).map((row) => [row.cell('model'), capabilitiesOf(row)]));
  const models = parseCsv(of.models).map((row) => listedModel(row, flags));
  const ids = new Set(models.map(({ id }) => id));
  if (ids.size < models.length) throw new Error('models.csv lists a model twice');
  return models;
}

const capabilitiesOf = (row: CsvRow): readonly Capability[] =>
  CAPABILITIES.filter((capability) => row.cell(FLAGS[capability]) === 'True');

function listedModel(row: CsvRow, flags: ReadonlyMap<string, readonly Capability[]>): ListedModel {
  const id = row.cell('model');
  const family = row.cell('family');
  if (!/^[a-z0-9][a-z0-9.:-]+$/.test(id)) throw new Error(`Not a model id: ${id}`);
  if (!isFamily(family)) throw new Error(`Unknown family of ${id}: ${family}`);
  const capabilities = flags.get(row.cell('like') || id);
  if (capabilities === undefined) throw new Error(`No capabilities for ${id}: name a model it is 'like'`);
  const released = row.cell('released');
  const { mode, also = [] }: ModelFamily = FAMILIES[family];
  return {
    id,
    provider: providerOf(id),
    family,
    mode,
    createdAt: released === '' ? undefined : Date.parse(released) / 1000,
    inputTokensMax: positive(row, 'max_input_tokens'),
    outputTokensMax: mode === 'chat' ? positive(row, 'max_output_tokens') : none(row, 'max_output_tokens'),
    capabilities: CAPABILITIES.filter((name) => capabilities.includes(name) || also.includes(name)),
  };
}

const isFamily = (name: string): name is Family => Object.hasOwn(FAMILIES, name);

function positive(row: CsvRow, column: string): number {
  const value = Number(row.cell(column));
  if (!Number.isSafeInteger(value) || value <= 0) throw new Error(`Bad ${column} of ${row.cell('model')}`);
  return value;
}

/** What answers with no tokens has no limit of them. */
function none(row: CsvRow, column: string): 0 {
  if (row.cell(column) !== '') throw new Error(`${row.cell('model')} has no ${column}: leave it empty`);
  return 0;
}

/** The part of an id before the model's name, a region prefix skipped: `us.meta.llama…` is `meta`. */
function providerOf(id: string): string {
  const [first = '', second = ''] = id.split('.');
  return REGION_PREFIXES.has(first) ? second : first;
}

const REGION_PREFIXES: ReadonlySet<string> = new Set([
  'apac',
  'au',
  'ca',
  'eu',
  'global',
  'jp',
  'us',
  'us-gov',
]);
