/**
 * Parameter Store's operations: versions, `name:version` selectors, paths
 * (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html and its neighbours).
 */
import { createHash } from 'node:crypto';
import { AwsServiceError, type Operation } from '../aws-json-server.ts';
import * as input from './input.ts';
import type { Parameter, ParameterTree, ParameterVersion } from './parameter.ts';

interface Dependencies {
  readonly tree: ParameterTree;
  readonly clock: () => number;
}

const ARN_PREFIX = 'arn:aws:ssm:us-east-1:000000000000:parameter/';
/** A standard parameter's value, in bytes, and how many versions of one are kept. */
const VALUE_BYTES_MAX = 4096;
const VERSIONS_MAX = 100;
const PAGE_MAX = 10;

/** The operations by their names on the wire. */
export function parameterOperations(deps: Dependencies): Readonly<Record<string, Operation>> {
  return {
    PutParameter: (body) => putParameter(deps, input.putParameter(body)),
    GetParameter: (body) => getParameter(deps, input.getParameter(body)),
    GetParameters: (body) => getParameters(deps, input.getParameters(body)),
    GetParametersByPath: (body) => getParametersByPath(deps, input.getParametersByPath(body)),
    DeleteParameter: (body) => deleteParameter(deps, input.deleteParameter(body)),
  };
}

function putParameter(deps: Dependencies, order: input.PutParameter): object {
  const existing = deps.tree.find(order.Name);
  if (existing !== undefined && order.Overwrite !== true) {
    throw new AwsServiceError(
      'ParameterAlreadyExists',
      'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
    );
  }
  const latest = existing?.versions.at(-1);
  const type = order.Type ?? latest?.type;
  if (type === undefined) throw invalid('A parameter type is required when you create a parameter.');
  if (Buffer.byteLength(order.Value) > VALUE_BYTES_MAX) {
    throw invalid(
      `Standard tier parameters support a maximum parameter value of ${VALUE_BYTES_MAX} characters.`,
    );
  }
  const version = (latest?.version ?? 0) + 1;
  const written = { version, type, value: order.Value, modifiedAt: deps.clock() / 1000 };
  const versions = [...(existing?.versions ?? []), written].slice(-VERSIONS_MAX);
  deps.tree.save({ name: order.Name, versions });
  return { Version: version, Tier: 'Standard' };
}

function getParameter(deps: Dependencies, order: input.GetParameter): object {
  const found = select(deps.tree, order.Name);
  if (found === undefined) throw new AwsServiceError('ParameterNotFound', '');
  if (found.version === undefined) {
    throw new AwsServiceError(
      'ParameterVersionNotFound',
      `Systems Manager could not find version ${found.selector?.slice(1)} of ${found.parameter.name}. Verify the version and try again.`,
    );
  }
  return { Parameter: parameterObject({ ...found, version: found.version }, order.WithDecryption) };
}

function getParameters(deps: Dependencies, order: input.GetParameters): object {
  if (new Set(order.Names).size < order.Names.length) throw invalid('Names must not repeat.');
  const found: object[] = [];
  const unknown: string[] = [];
  for (const name of order.Names) {
    const selected = select(deps.tree, name);
    if (selected?.version === undefined) unknown.push(name);
    else found.push(parameterObject({ ...selected, version: selected.version }, order.WithDecryption));
  }
  return { Parameters: found, InvalidParameters: unknown };
}

function getParametersByPath(deps: Dependencies, order: input.GetParametersByPath): object {
  const prefix = order.Path.endsWith('/') ? order.Path : `${order.Path}/`;
  const after = order.NextToken === undefined ? '' : nameOfToken(order.NextToken);
  const below = deps.tree.all().filter(({ name }) => {
    const rest = name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
    return rest !== undefined && name > after && (order.Recursive === true || !rest.includes('/'));
  });
  const page = below.slice(0, order.MaxResults ?? PAGE_MAX);
  const last = page.at(-1);
  return {
    Parameters: page.flatMap((parameter) => {
      const version = parameter.versions.at(-1);
      return version === undefined ? [] : [parameterObject({ parameter, version }, order.WithDecryption)];
    }),
    ...(last !== undefined && page.length < below.length && { NextToken: tokenOf(last.name) }),
  };
}

function deleteParameter(deps: Dependencies, order: input.DeleteParameter): object {
  const parameter = deps.tree.find(order.Name);
  if (parameter === undefined) throw new AwsServiceError('ParameterNotFound', '');
  deps.tree.remove(parameter);
  return {};
}

interface Selected {
  readonly parameter: Parameter;
  /** Undefined where the parameter has no such version. */
  readonly version: ParameterVersion | undefined;
  readonly selector?: string;
}

/** What `name` or `name:version` points at; undefined where there is no such parameter. */
function select(tree: ParameterTree, text: string): Selected | undefined {
  const [, name = text, selector] = /^([^:]+)(:.+)$/.exec(text) ?? [];
  const parameter = tree.find(name);
  if (parameter === undefined) return undefined;
  if (selector === undefined) return { parameter, version: parameter.versions.at(-1) };
  const wanted = Number(selector.slice(1));
  return { parameter, selector, version: parameter.versions.find(({ version }) => version === wanted) };
}

function parameterObject(
  selected: Selected & { readonly version: ParameterVersion },
  decrypted: boolean | undefined,
): object {
  const { parameter, version, selector } = selected;
  const hidden = version.type === 'SecureString' && decrypted !== true;
  return {
    Name: parameter.name,
    Type: version.type,
    Value: hidden ? ciphertextOf(version.value) : version.value,
    Version: version.version,
    ...(selector !== undefined && { Selector: selector }),
    LastModifiedDate: version.modifiedAt,
    ARN: `${ARN_PREFIX}${parameter.name.replace(/^\//, '')}`,
    DataType: 'text',
  };
}

/** Stands for what KMS would return: whoever forgets WithDecryption must not get the value here either. */
const ciphertextOf = (value: string): string => createHash('sha256').update(`kms:${value}`).digest('base64');

const tokenOf = (name: string): string => Buffer.from(name).toString('base64url');

const nameOfToken = (token: string): string => Buffer.from(token, 'base64url').toString('utf8');

const invalid = (message: string) => new AwsServiceError('ValidationException', message);
