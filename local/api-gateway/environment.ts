import { type CompiledTemplate, isRecord, type NamedResource, refuseTemplate } from './compiled-template.ts';
import { functionResources } from './lambda-functions.ts';

/**
 * Sets the environment variables of every function of the template, as Lambda would before loading it. On a
 * laptop all functions share one process, so two that disagree on a value are refused, and so is a value that
 * is no literal. The template wins over what is set already, as it does on AWS.
 */
export function applyFunctionEnvironments(
  template: CompiledTemplate,
  environment: Record<string, string | undefined>,
): void {
  Object.assign(environment, mergeFunctionEnvironments(template));
}

/** The variables of all functions together. Throws where two disagree or a value is no literal. */
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
