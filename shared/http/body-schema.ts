/** Request bodies by schema: the first thing that is wrong becomes an error that names the field and the remedy. */
import type * as z from 'zod/mini';
import { GatewayError } from '../domain/gateway-error.ts';

type Issue = z.core.$ZodIssue;

/** The body as the schema describes it; throws the GatewayError to answer (400, with `param`). */
export function parseBody<Schema extends z.ZodMiniType>(schema: Schema, body: unknown): z.output<Schema> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new GatewayError(
      'invalid_type',
      `The request body must be a JSON object, but it is ${nameOf(body)}.`,
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
      return issue.input === undefined
        ? new GatewayError('missing_required_parameter', `Missing required parameter: '${param}'.`, { param })
        : new GatewayError(
            'invalid_type',
            `Invalid type for '${param}': expected ${issue.expected}, but got ${nameOf(issue.input)}.`,
            { param },
          );
    case 'invalid_value':
      return new GatewayError(
        'invalid_value',
        `Invalid value for '${param}': it must be one of ${issue.values.map((value) => `'${String(value)}'`).join(', ')}.`,
        { param },
      );
    default:
      return new GatewayError('invalid_value', `Invalid value for '${param}': ${reasonOf(issue)}`, { param });
  }
}

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

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'absent';
  if (Array.isArray(value)) return 'an array';
  if (Number.isInteger(value)) return 'an integer';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
