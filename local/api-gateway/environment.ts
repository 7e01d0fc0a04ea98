import { type CompiledTemplate, isRecord, type NamedResource, refuseTemplate } from './compiled-template.ts';
import { functionResources } from './lambda-functions.ts';

/**
 * The variables of all functions together: on a laptop they share one process. Throws where two disagree or a value
 * is no literal, which `serverless invoke local` could not resolve.
 */
export function mergeFunctionEnvironments(template: CompiledTemplate): Readonly<Record<string, string>> {
  const merged = new Map<string, { readonly value: string; readonly from: string }>();
  for (const resource of functionResources(template)) {
    for (const [name, value] of variablesOf(resource)) {
      const before = merged.get(name);
      if (before !== undefined && before.value !== value) {
        refuseTemplate(
          `${before.from} and ${resource.logicalId} disagree on the environment variable ${name}.`,
        );
      }
      merged.set(name, { value, from: resource.logicalId });
    }
  }
  return Object.fromEntries([...merged].map(([name, { value }]) => [name, value]));
}

function variablesOf(resource: NamedResource): readonly (readonly [string, string])[] {
  const environment = resource.properties['Environment'];
  const variables = isRecord(environment) ? environment['Variables'] : undefined;
  if (!isRecord(variables)) return [];
  return Object.entries(variables).map(([name, value]) => {
    if (typeof value === 'object') {
      refuseTemplate(`${resource.logicalId}: the environment variable ${name} is no literal.`);
    }
    return [name, String(value)] as const;
  });
}
