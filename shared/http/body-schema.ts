/** Request bodies by schema: the first thing that is wrong becomes an error that names the field and the remedy. */
import type * as z from 'zod/mini';
import { GatewayError } from '../domain/gateway-error.ts';
import { typeName } from './type-name.ts';

type Issue = z.core.$ZodIssue;
type UnionIssue = Exclude<Extract<Issue, { readonly code: 'invalid_union' }>, { readonly inclusive: false }>;

/** The body as the schema describes it; throws the GatewayError to answer (400, with `param`). */
export function parseBody<Schema extends z.ZodMiniType>(schema: Schema, body: unknown): z.output<Schema> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new GatewayError(
      'invalid_type',
      // The pipeline hands a null body on as none.
      `The request body must be a JSON object, but it is ${body === undefined ? 'null or absent' : typeName(body)}.`,
    );
  }
  const result = schema.safeParse(body, { reportInput: true });
  if (result.success) return result.data;
  throw refusalOf(result.error.issues[0]);
}

function refusalOf(issue: Issue | undefined): GatewayError {
  if (issue === undefined) return new GatewayError('invalid_request', 'The request body is not valid.');
  const param = pathOf(issue.path);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const unknown = pathOf([...issue.path, issue.keys[0] ?? '']);
      return new GatewayError('unsupported_parameter', `Unknown parameter: '${unknown}'. Remove it.`, {
        param: unknown,
      });
    }
    case 'invalid_type':
      if (issue.input !== undefined && issue.message !== 'Invalid input') {
        return new GatewayError('invalid_value', `Invalid value for '${param}': ${issue.message}`, { param });
      }
      return issue.input === undefined
        ? missing(param)
        : new GatewayError(
            'invalid_type',
            `Invalid type for '${param}': expected ${expectedName(issue.expected)}, but got ${typeName(issue.input)} instead.`,
            { param },
          );
    case 'invalid_value':
      if (issue.input === undefined) return missing(param);
      if (issue.message === 'Invalid input') return noneOf(param, issue.values);
      return new GatewayError('invalid_value', `Invalid value for '${param}': ${issue.message}`, { param });
    default:
      if (issue.code === 'invalid_union' && issue.inclusive !== false && issue.discriminator !== undefined)
        return refusalOfKind(param, issue);
      return new GatewayError('invalid_value', `Invalid value for '${param}': ${reasonOf(issue)}`, { param });
  }
}

const missing = (param: string): GatewayError =>
  new GatewayError('missing_required_parameter', `Missing required parameter: '${param}'.`, { param });

const noneOf = (param: string, choices: readonly unknown[]): GatewayError =>
  new GatewayError(
    'invalid_value',
    `Invalid value for '${param}': it must be ${choices.length === 1 ? '' : 'one of '}${choices.map((choice) => `'${String(choice)}'`).join(', ')}.`,
    { param },
  );

/** Where no member of a discriminated union is meant: its issue is at the discriminator and holds the object around it. */
function refusalOfKind(param: string, issue: UnionIssue): GatewayError {
  const discriminator: unknown = Object(issue.input)[issue.discriminator ?? ''];
  return discriminator === undefined ? missing(param) : noneOf(param, issue.options ?? []);
}

/** Zod's names of types that no caller knows. */
const EXPECTED: Readonly<Record<string, string>> = {
  int: 'an integer',
  array: 'an array',
  object: 'an object',
  record: 'an object',
};

const expectedName = (type: string): string => EXPECTED[type] ?? `a ${type}`;

/** The schema's own words; for the checks that a type brings along, zod/mini has none but these two. */
function reasonOf(issue: Issue): string {
  if (issue.message !== 'Invalid input') return issue.message;
  if (issue.code === 'too_big') return `it must be at most ${issue.maximum}.`;
  return issue.code === 'too_small'
    ? `it must be at least ${issue.minimum}.`
    : 'it does not have the expected form.';
}

/** `messages[0].content`, as OpenAI names a field. */
function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      return index === 0 ? String(part) : `.${String(part)}`;
    })
    .join('');
}
