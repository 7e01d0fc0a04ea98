/**
 * The resources of an API as a tree. Among the resources that have a method, an exact segment is preferred to
 * `{x}` and `{x}` to `{x+}`, at each segment from the left. Segments are compared as sent, so an encoded slash
 * never splits one; parameters are decoded once, after the match.
 */
export interface RouteTree<Method> {
  /** The template path, for example `/v1/models/{model+}`. */
  readonly resource: string;
  readonly exact: Map<string, RouteTree<Method>>;
  /** Without any, the resource is only a step to others. */
  readonly methods: Map<string, Method>;
  parameter?: Parameter<Method>;
  greedy?: Parameter<Method>;
}

interface Parameter<Method> {
  readonly name: string;
  readonly node: RouteTree<Method>;
}

export interface RouteMatch<Method> {
  readonly resource: string;
  readonly methods: ReadonlyMap<string, Method>;
  /** Name and value of each path parameter, still percent-encoded. */
  readonly parameters: readonly (readonly [string, string])[];
}

/** A resource without children or methods. */
export const routeTree = <Method>(resource: string): RouteTree<Method> => ({
  resource,
  exact: new Map(),
  methods: new Map(),
});

/** The child of a resource for a path part, made where there is none. Throws where a sibling parameter has another name. */
export function childResource<Method>(parent: RouteTree<Method>, part: string): RouteTree<Method> {
  const [, name, plus] = /^\{([^}+]+)(\+?)\}$/.exec(part) ?? [];
  const resource = `${parent.resource === '/' ? '' : parent.resource}/${part}`;
  if (name === undefined) {
    const node = parent.exact.get(part) ?? routeTree<Method>(resource);
    parent.exact.set(part, node);
    return node;
  }
  const kind = plus === '+' ? 'greedy' : 'parameter';
  const sibling = parent[kind];
  if (sibling !== undefined && sibling.name !== name) {
    throw new Error(`${resource} has a sibling parameter of another name, ${sibling.name}.`);
  }
  const child = sibling ?? { name, node: routeTree<Method>(resource) };
  parent[kind] = child;
  return child.node;
}

/** The resource that answers a path, or undefined. One slash at the end of the path is not counted. */
export function matchRoute<Method>(root: RouteTree<Method>, path: string): RouteMatch<Method> | undefined {
  const trimmed = path.length > 1 && path.endsWith('/') ? path.slice(1, -1) : path.slice(1);
  const segments = trimmed === '' ? [] : trimmed.split('/');
  return descend(root, { segments, index: 0, parameters: [] });
}

interface Descent {
  readonly segments: readonly string[];
  readonly index: number;
  readonly parameters: readonly (readonly [string, string])[];
}

function descend<Method>(node: RouteTree<Method>, at: Descent): RouteMatch<Method> | undefined {
  const segment = at.segments[at.index];
  if (segment === undefined) return node.methods.size > 0 ? matched(node, at) : undefined;
  const next = { ...at, index: at.index + 1 };
  const exact = node.exact.get(segment);
  const found = exact && descend(exact, next);
  if (found !== undefined || segment === '') return found;
  return descendByParameter(node, next, segment) ?? matchGreedy(node, at);
}

function descendByParameter<Method>(node: RouteTree<Method>, next: Descent, segment: string) {
  if (node.parameter === undefined) return undefined;
  const { name, node: child } = node.parameter;
  return descend(child, { ...next, parameters: [...next.parameters, [name, segment]] });
}

function matchGreedy<Method>(node: RouteTree<Method>, at: Descent): RouteMatch<Method> | undefined {
  if (node.greedy === undefined || node.greedy.node.methods.size === 0) return undefined;
  const rest = at.segments.slice(at.index).join('/');
  return matched(node.greedy.node, { ...at, parameters: [...at.parameters, [node.greedy.name, rest]] });
}

const matched = <Method>(node: RouteTree<Method>, at: Descent): RouteMatch<Method> => ({
  resource: node.resource,
  methods: node.methods,
  parameters: at.parameters,
});
