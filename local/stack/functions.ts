/** The template's functions from their TypeScript sources, and their direct invocation. */
import { randomBytes, randomUUID } from 'node:crypto';
import { installAwslambda } from '../api-gateway/awslambda.ts';
import type { CompiledTemplate } from '../api-gateway/compiled-template.ts';
import { lambdaContext, scheduleByTimer } from '../api-gateway/invocation.ts';
import { type LambdaFunction, readFunctions } from '../api-gateway/lambda-functions.ts';
import { type LambdaModule, loadedFunction } from '../api-gateway/lambda-module.ts';
import { loadSourceFunction } from '../api-gateway/load-source-function.ts';
import { type FunctionEnvironment, withEnvironment } from './environment.ts';
import { memoryFunctions } from './memory-functions.ts';

export interface StackFunctions {
  /** The module of a function by its logical id, as the gateway asks for it. */
  module(logicalId: string): Promise<LambdaModule>;
  /** Invokes a function as the owner of the account would, outside API Gateway. `name` ends the function's name. */
  invoke(name: string, event: object): Promise<unknown>;
}

export interface FunctionsOptions {
  readonly rootDir: string;
  readonly template: CompiledTemplate;
  readonly environment: FunctionEnvironment;
  /** `memory`: without a DynamoDB, every function works on one set of in-memory stores. */
  readonly stores: 'dynamodb' | 'memory';
}

/** Loads every function, with its environment and the `awslambda` global set. */
export async function loadFunctions(options: FunctionsOptions): Promise<StackFunctions> {
  const { template, environment } = options;
  const definitions = [...readFunctions({ template, region: environment.AWS_REGION }).values()];
  installAwslambda();
  const load = loaderOf(options);
  const modules = new Map<string, LambdaModule>();
  await withEnvironment({ variables: environment, environment: process.env }, async () => {
    for (const definition of definitions) modules.set(definition.logicalId, await load(definition));
  });
  const moduleOf = async (logicalId: string) => modules.get(logicalId) ?? refuseUnknown(logicalId);
  return {
    module: moduleOf,
    invoke: async (name, event) => {
      const definition = definitions.find((one) => one.logicalId === name || one.name.endsWith(`-${name}`));
      if (definition === undefined) return refuseUnknown(name);
      const loaded = loadedFunction(definition, await moduleOf(definition.logicalId));
      if (loaded.kind === 'streaming') throw new Error(`${name} streams; only the gateway invokes it.`);
      return loaded.handler(event, lambdaContext(INVOCATION, definition));
    },
  };
}

const INVOCATION = { clock: Date.now, random: randomBytes, schedule: scheduleByTimer };

function refuseUnknown(name: string): never {
  throw new Error(`The template has no function ${name}.`);
}

type Loader = (definition: LambdaFunction) => Promise<LambdaModule>;

function loaderOf(options: FunctionsOptions): Loader {
  if (options.stores === 'memory') return memoryFunctions(options.environment);
  const instance = randomUUID();
  return ({ handler = '' }) => loadSourceFunction({ rootDir: options.rootDir, handler, instance });
}
