import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { refuseTemplate } from './compiled-template.ts';
import type { LambdaModule } from './lambda-module.ts';

export interface SourceFunction {
  readonly rootDir: string;
  /** The template's `Handler`, `path.export`. */
  readonly handler: string;
  /** A handler reads its environment when it is imported: one instance is one import, however many stacks a process runs. */
  readonly instance: string;
}

/**
 * Imports the TypeScript source of a function in this process: `functions/x/handler.handler` is
 * `<rootDir>/functions/x/handler.ts`, export `handler`. The environment and the `awslambda` global must be set
 * before. Rejects where the handler is no `path.export` or the module has no such export.
 */
export async function loadSourceFunction(of: SourceFunction): Promise<LambdaModule> {
  const [, module, exported] = /^(.+)\.([^./]+)$/.exec(of.handler) ?? [];
  if (module === undefined || exported === undefined) refuseTemplate(`'${of.handler}' is not 'path.export'.`);
  const url = pathToFileURL(path.join(of.rootDir, `${module}.ts`)).href;
  const source: unknown = await import(`${url}?instance=${of.instance}`);
  const value = Object.entries(Object(source)).find(([name]) => name === exported)?.[1];
  if (typeof value !== 'function') refuseTemplate(`${module}.ts exports no ${exported}.`);
  return { handler: value };
}
