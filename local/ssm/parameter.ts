import * as z from 'zod/mini';
import { readStateFile, writeStateFile } from '../state-file.ts';

export const PARAMETER_TYPES = ['String', 'StringList', 'SecureString'] as const;
export type ParameterType = (typeof PARAMETER_TYPES)[number];

/** One version of a parameter; the last of the list is the latest. */
export interface ParameterVersion {
  readonly version: number;
  readonly type: ParameterType;
  readonly value: string;
  /** Unix seconds. */
  readonly modifiedAt: number;
}

export interface Parameter {
  readonly name: string;
  readonly versions: readonly ParameterVersion[];
}

/** Where the parameters are, by name. Holds the state of the emulator. */
export interface ParameterTree {
  find(name: string): Parameter | undefined;
  /** Every parameter, ordered by name. */
  all(): readonly Parameter[];
  save(parameter: Parameter): void;
  remove(parameter: Parameter): void;
}

const state = z.object({
  parameters: z.array(
    z.object({
      name: z.string(),
      versions: z.array(
        z.object({
          version: z.int(),
          type: z.enum(PARAMETER_TYPES),
          value: z.string(),
          modifiedAt: z.number(),
        }),
      ),
    }),
  ),
});

/** Opens the file's parameters, or begins with none; without a file nothing is kept. */
export function openParameterTree(file: string | undefined): ParameterTree {
  const parameters = new Map<string, Parameter>();
  const stored = file === undefined ? undefined : readStateFile(file);
  for (const parameter of stored === undefined ? [] : state.parse(stored).parameters) {
    parameters.set(parameter.name, parameter);
  }
  const all = () => [...parameters.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  const keep = () => {
    if (file !== undefined) writeStateFile(file, { parameters: all() });
  };
  return {
    find: (name) => parameters.get(name),
    all,
    save: (parameter) => {
      parameters.set(parameter.name, parameter);
      keep();
    },
    remove: (parameter) => {
      parameters.delete(parameter.name);
      keep();
    },
  };
}
