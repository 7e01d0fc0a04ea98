import * as z from 'zod/mini';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import { parseBody } from '../../../shared/http/body-schema.ts';

const delivery = z.nullish(
  z.discriminatedUnion('method', [
    z.strictObject({ method: z.literal('claim') }),
    z.strictObject({ method: z.literal('jwe'), jwk: z.record(z.string(), z.unknown()) }),
  ]),
);
const schema = z.strictObject({
  currency: z.optional(z.literal('USD')),
  mode: z.enum(['allow_list', 'deny_list']),
  seconds: z.optional(z.int()),
  name: z.optional(z.string()),
  models: z.optional(z.array(z.string())),
  delivery,
  rotation: z.optional(z.strictObject({ delivery })),
});

/** The refusal of a body that is right but for this. */
function refusal(body: unknown): unknown {
  try {
    return parseBody(schema, body);
  } catch (error) {
    return error instanceof GatewayError ? [error.code, error.param ?? null, error.message] : error;
  }
}
const refusalOf = (over: object): unknown => refusal({ mode: 'deny_list', ...over });

describe('a body', () => {
  test.each([
    [undefined, 'null or absent'],
    [null, 'null'],
    [[], 'an array'],
    ['x', 'a string'],
    [7, 'an integer'],
  ])('%j is refused as what it is', (body, name) => {
    const message = `The request body must be a JSON object, but it is ${name}.`;
    expect(refusal(body)).toEqual(['invalid_type', null, message]);
  });
});

describe('a field of a body', () => {
  test.each<[object, string]>([
    [{ mode: undefined }, 'mode'],
    [{ delivery: {} }, 'delivery.method'],
    [{ delivery: { method: 'jwe' } }, 'delivery.jwk'],
    [{ rotation: { delivery: {} } }, 'rotation.delivery.method'],
  ])('that is missing is named as missing: %j', (over, param) => {
    expect(refusalOf(over)).toEqual([
      'missing_required_parameter',
      param,
      `Missing required parameter: '${param}'.`,
    ]);
  });

  test.each<[object, string, string]>([
    [{ mode: 'x' }, 'mode', "it must be one of 'allow_list', 'deny_list'."],
    [{ mode: null }, 'mode', "it must be one of 'allow_list', 'deny_list'."],
    [{ currency: 'EUR' }, 'currency', "it must be 'USD'."],
    [{ delivery: { method: 'mail' } }, 'delivery.method', "it must be one of 'claim', 'jwe'."],
    [{ delivery: { method: null } }, 'delivery.method', "it must be one of 'claim', 'jwe'."],
    [
      { rotation: { delivery: { method: 7 } } },
      'rotation.delivery.method',
      "it must be one of 'claim', 'jwe'.",
    ],
  ])('that has none of its values lists them: %j', (over, param, reason) => {
    expect(refusalOf(over)).toEqual(['invalid_value', param, `Invalid value for '${param}': ${reason}`]);
  });

  test.each<[object, string, string]>([
    [{ seconds: 1.5 }, 'seconds', 'expected an integer, but got a decimal instead.'],
    [{ name: 7 }, 'name', 'expected a string, but got an integer instead.'],
    [{ models: {} }, 'models', 'expected an array, but got an object instead.'],
    [{ delivery: 'claim' }, 'delivery', 'expected an object, but got a string instead.'],
    [
      { delivery: { method: 'jwe', jwk: [] } },
      'delivery.jwk',
      'expected an object, but got an array instead.',
    ],
  ])('of another type is told as chat completions tell it: %j', (over, param, reason) => {
    expect(refusalOf(over)).toEqual(['invalid_type', param, `Invalid type for '${param}': ${reason}`]);
  });
});
