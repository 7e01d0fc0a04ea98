/** The models that the emulator answers for, and the inference profiles among them. */
import { CATALOGUE } from '../../shared/domain/catalogue.ts';
import type { Capability, ModelAbilities, ModelMode } from '../../shared/domain/model.ts';
import { refuse } from './service-error.ts';

export interface EmulatedModel {
  readonly id: string;
  readonly provider: string;
  readonly mode: ModelMode;
  readonly inputTokensMax: number;
  readonly outputTokensMax: number;
  /** What the model refuses; one without this takes everything. */
  readonly takes?: ModelAbilities;
  /** What the model can do beyond text; one without this can do everything. */
  readonly capabilities?: readonly Capability[];
}

/** The models of the product's catalogue that converse or embed. */
export const DEFAULT_MODELS: readonly EmulatedModel[] = CATALOGUE.filter(
  ({ mode }) => mode === 'chat' || mode === 'embedding',
);

/** A profile's id is a geography and the id of the model behind it. */
const PROFILE = /^(?:apac|au|ca|eu|global|jp|us|us-gov)\.(?=[^.]+\.)/;
const ARN = /^arn:aws[a-z-]*:bedrock:[^:]*:[^:]*:(?:foundation-model|inference-profile)\/(.+)$/;

export const isProfile = (id: string): boolean => PROFILE.test(id);

/** The foundation model behind a profile; a foundation model is itself. */
export const foundationModelOf = (id: string): string => id.replace(PROFILE, '');

export type ModelsById = ReadonlyMap<string, EmulatedModel>;

/** The model of an id or ARN, as Bedrock refuses it: ValidationException for one it does not know. */
export const findModel = (models: ModelsById, idOrArn: string): EmulatedModel =>
  models.get(ARN.exec(idOrArn)?.[1] ?? idOrArn) ?? refuse('The provided model identifier is invalid.');
