/** The compiled template of each stage, and the questions that tests ask of it. */
import type { CompiledResource, CompiledTemplate } from '../../local/api-gateway/compiled-template.ts';

export { packagedStack } from '../../local/packaged-stack.ts';

/** For the first to ask, while other tests package other stages and the machine is busy. */
export const PACKAGING_MS_MAX = 180_000;

export const STAGES = ['dev', 'staging', 'prod'] as const;
export type Stage = (typeof STAGES)[number];

export interface NamedResource {
  readonly id: string;
  readonly resource: CompiledResource;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** The resources of a type, with their logical ids. */
export const resourcesOf = (template: CompiledTemplate, type: string): readonly NamedResource[] =>
  Object.entries(template.Resources)
    .filter(([, resource]) => resource.Type === type)
    .map(([id, resource]) => ({ id, resource, properties: resource.Properties ?? {} }));

export interface MethodRoute {
  readonly id: string;
  /** `POST /v1/chat/completions`. */
  readonly route: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly integration: Readonly<Record<string, unknown>>;
}

/** Every method of the API with the path that its resources spell. */
export const routesOf = (template: CompiledTemplate): readonly MethodRoute[] =>
  resourcesOf(template, 'AWS::ApiGateway::Method').map(({ id, properties }) => ({
    id,
    route: `${String(properties['HttpMethod'])} ${pathOf(template, properties['ResourceId'])}`,
    properties,
    integration: recordOf(properties['Integration']),
  }));

function pathOf(template: CompiledTemplate, resourceId: unknown): string {
  const ref = recordOf(resourceId)['Ref'];
  if (typeof ref !== 'string') return '';
  const { ParentId, PathPart } = template.Resources[ref]?.Properties ?? {};
  return `${pathOf(template, ParentId)}/${String(PathPart)}`;
}

/** A value as an object; empty where it is none. */
export const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

/** Logical ids that a resource needs to exist first: Ref, GetAtt, Sub and DependsOn. */
export function dependenciesOf(template: CompiledTemplate, id: string): readonly string[] {
  const found = new Set<string>();
  const resource = template.Resources[id];
  const dependsOn = [resource?.['DependsOn'] ?? []].flat();
  for (const name of [...dependsOn, ...referencesIn(resource?.Properties)]) {
    if (typeof name === 'string' && Object.hasOwn(template.Resources, name)) found.add(name);
  }
  return [...found];
}

function referencesIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    if (name === 'Ref') return [member];
    if (name === 'Fn::GetAtt') return [[member].flat()[0]];
    if (name !== 'Fn::Sub') return referencesIn(member);
    const text = String([member].flat()[0]);
    return [...text.matchAll(/\$\{([A-Za-z0-9]+)(?:\.[^}]+)?\}/g)].map((match) => match[1]);
  });
}

/** A cycle among resources, as the ids along it; undefined where there is none. */
export function cycleIn(template: CompiledTemplate): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (id: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(id)) return [...trail.slice(trail.indexOf(id)), id];
    if (done.has(id)) return undefined;
    for (const next of dependenciesOf(template, id)) {
      const cycle = visit(next, [...trail, id]);
      if (cycle !== undefined) return cycle;
    }
    done.add(id);
    return undefined;
  };
  for (const id of Object.keys(template.Resources)) {
    const cycle = visit(id, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

export interface Statement {
  readonly role: string;
  readonly actions: readonly string[];
  readonly resources: readonly unknown[];
  readonly conditions: Readonly<Record<string, unknown>>;
}

/** What is denied to roles by policies of their own kind, with the roles that it is denied to, by logical id. */
export const denialsOf = (
  template: CompiledTemplate,
): readonly (Omit<Statement, 'role'> & { readonly roles: readonly string[] })[] =>
  resourcesOf(template, 'AWS::IAM::ManagedPolicy').flatMap(({ properties }) =>
    [recordOf(properties['PolicyDocument'])['Statement'] ?? []].flat().map((statement) => {
      const { Effect, Action, Resource, Condition } = recordOf(statement);
      if (Effect !== 'Deny') throw new Error('A managed policy grants something.');
      return {
        roles: [properties['Roles']].flat().map((role) => String(recordOf(role)['Ref'])),
        actions: [Action].flat().map(String),
        resources: [Resource].flat(),
        conditions: recordOf(Condition),
      };
    }),
  );

/** Every statement of every role's own policies. */
export const statementsOf = (template: CompiledTemplate): readonly Statement[] =>
  resourcesOf(template, 'AWS::IAM::Role').flatMap(({ id, properties }) =>
    [properties['Policies'] ?? []].flat().flatMap((policy) =>
      [recordOf(recordOf(policy)['PolicyDocument'])['Statement'] ?? []].flat().map((statement) => {
        const { Action, Resource, Condition } = recordOf(statement);
        return {
          role: id,
          actions: [Action].flat().map(String),
          resources: [Resource].flat(),
          conditions: recordOf(Condition),
        };
      }),
    ),
  );
