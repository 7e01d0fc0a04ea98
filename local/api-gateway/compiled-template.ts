/** A compiled CloudFormation template as `serverless package` writes it, and how to find and refuse things in it. */

/** The parsed JSON of `.serverless/cloudformation-template-update-stack.json`. */
export interface CompiledTemplate {
  readonly Resources: Readonly<Record<string, CompiledResource>>;
}

/** One resource as the template writes it. */
export interface CompiledResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly [attribute: string]: unknown;
}

/** A resource with its name; `properties` is empty where the template has none. */
export interface NamedResource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Reads parsed JSON as a template. Throws where it has no resources. */
export function parseCompiledTemplate(json: unknown): CompiledTemplate {
  if (!isRecord(json) || !isRecord(json['Resources'])) refuseTemplate('This is not a compiled template.');
  for (const [logicalId, resource] of Object.entries(json['Resources'])) {
    if (!isRecord(resource) || typeof resource['Type'] !== 'string') {
      refuseTemplate(`The resource ${logicalId} of the compiled template has no Type.`);
    }
  }
  return json as unknown as CompiledTemplate;
}

/** Every resource of a type, in the template's order. */
export function resourcesOfType(template: CompiledTemplate, type: string): readonly NamedResource[] {
  return Object.entries(template.Resources)
    .filter(([, resource]) => resource.Type === type)
    .map(([logicalId, resource]) => ({ logicalId, type, properties: resource.Properties ?? {} }));
}

/** The text of a property, or undefined where it is absent. Throws where it is anything else. */
export function textProperty(resource: NamedResource, property: string): string | undefined {
  const value = resource.properties[property];
  if (value === undefined || typeof value === 'string') return value;
  return refuseProperty(resource, property, 'is not text');
}

/** A positive number, or undefined where the property is absent. Throws where it is anything else. */
export function numberProperty(resource: NamedResource, property: string): number | undefined {
  const value = resource.properties[property];
  if (value === undefined || (typeof value === 'number' && value > 0)) return value;
  return refuseProperty(resource, property, 'is not a positive number');
}

/** Whether a value is an object with names: neither null nor an array. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Refuses a property, naming its type, its resource and itself. */
export function refuseProperty(
  resource: Pick<NamedResource, 'type' | 'logicalId'>,
  property: string,
  why: string,
): never {
  return refuseTemplate(`${resource.type} ${resource.logicalId}: the property ${property} ${why}.`);
}

/** The one error of a template that the local API Gateway cannot stand in for. */
export function refuseTemplate(message: string): never {
  throw new Error(`${message} The local API Gateway refuses what it would have to guess.`);
}
