/** The refusals of a request's fields, worded as OpenAI words them. Each names the field and never returns. */
import { type ErrorCode, GatewayError } from '../../../shared/domain/gateway-error.ts';
import { typeName } from '../../../shared/http/type-name.ts';

/** The field is absent. */
export const refuseMissing = (param: string): never =>
  refuse('missing_required_parameter', { param, message: `Missing required parameter: '${param}'.` });

/** The field has another JSON type than it may have; `expected` is worded as in `a string`. */
export const refuseType = (param: string, of: { readonly expected: string; readonly got: unknown }): never =>
  refuse('invalid_type', {
    param,
    message: `Invalid type for '${param}': expected ${of.expected}, but got ${typeName(of.got)} instead.`,
  });

/** The field has the right type and a value that no request may have. */
export const refuseValue = (param: string, reason: string): never =>
  refuse('invalid_value', { param, message: `Invalid '${param}': ${reason}` });

/** The field exists in OpenAI's API and is not supported here; `remedy` is a sentence. */
export const refuseParameter = (param: string, remedy?: string): never =>
  refuse('unsupported_parameter', {
    param,
    message: `Unsupported parameter: '${param}' is not supported.${remedy === undefined ? '' : ` ${remedy}`}`,
  });

/** No version of the API has this field. */
export const refuseUnknown = (param: string): never =>
  refuse('unsupported_parameter', { param, message: `Unknown parameter: '${param}'.` });

/** The field is supported, this value of it is not; `reason` is a sentence. */
export const refuseUnsupportedValue = (param: string, reason: string): never =>
  refuse('unsupported_value', { param, message: `Unsupported value: ${reason}` });

/** The field is one of a closed set, and this is none of them. */
export const refuseChoice = (param: string, choices: readonly string[]): never => {
  const quoted = choices.map((choice) => `'${choice}'`);
  const words = quoted.length === 1 ? quoted : [quoted.slice(0, -1).join(', '), quoted.at(-1)];
  return refuseValue(param, `expected ${quoted.length === 1 ? '' : 'one of '}${words.join(' and ')}.`);
};

/** A field's name may be the caller's own text of any length; what is sent back of it is bounded. */
const TEXT_MAX = 400;

function refuse(code: ErrorCode, of: { readonly param: string; readonly message: string }): never {
  throw new GatewayError(code, bounded(of.message), { param: bounded(of.param) });
}

const bounded = (text: string): string => text.slice(0, TEXT_MAX).toWellFormed();
