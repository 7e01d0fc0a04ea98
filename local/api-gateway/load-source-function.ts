import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type CompiledTemplate, refuseTemplate } from './compiled-template.ts';
import { functionResources } from './lambda-functions.ts';
import type { LambdaModule } from './lambda-module.ts';

/**
 * Imports the TypeScript source of a function in this process: the template's `functions/x/handler.handler` is
 * `<rootDir>/functions/x/handler.ts`, export `handler`. The environment and the `awslambda` global must be set
 * before. Rejects where the template has no such function or the module no such export.
 */
export async function loadSourceFunction(
  rootDir: string,
  template: CompiledTemplate,
  logicalId: string,
): Promise<LambdaModule> {
  const resource = functionResources(template).find((candidate) => candidate.logicalId === logicalId);
  const handler = String(resource?.properties['Handler'] ?? '');
  const [, module, exported] = /^(.+)\.([^./]+)$/.exec(handler) ?? [];
  if (module === undefined || exported === undefined) {
    refuseTemplate(`${logicalId}: there is no such function, or its Handler is not 'path.export'.`);
  }
  const source: unknown = await import(pathToFileURL(path.join(rootDir, `${module}.ts`)).href);
  const value = Object.entries(Object(source)).find(([name]) => name === exported)?.[1];
  if (typeof value !== 'function') refuseTemplate(`${logicalId}: ${module}.ts exports no ${exported}.`);
  return { handler: value };
}
