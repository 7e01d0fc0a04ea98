import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { valueFor } from '../../../local/bedrock/schema-value.ts';

const bounds = fc.tuple(fc.integer({ min: -50, max: 50 }), fc.nat(50));

const scalar: fc.Arbitrary<object> = fc.oneof(
  fc.record({ type: fc.constantFrom('string', 'integer', 'number', 'boolean', 'null') }),
  fc.record({ enum: fc.array(fc.oneof(fc.string(), fc.integer(), fc.constant(null)), { minLength: 1 }) }),
  fc.record({ const: fc.jsonValue() }),
  fc.tuple(fc.nat(20), fc.nat(20)).map(([minLength, more]) => ({
    type: 'string',
    minLength,
    maxLength: minLength + more,
  })),
  fc.tuple(fc.constantFrom('integer', 'number'), bounds).map(([type, [minimum, more]]) => ({
    type,
    minimum,
    maximum: minimum + more,
  })),
  bounds.map(([low, more]) => ({
    type: 'integer',
    exclusiveMinimum: low,
    exclusiveMaximum: low + more + 2,
  })),
);

const { schema } = fc.letrec<{ schema: object }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.tuple(tie('schema'), fc.nat(3), fc.nat(3)).map(([items, minItems, more]) => ({
      type: 'array',
      items,
      minItems,
      maxItems: minItems + more,
    })),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), tie('schema'), { maxKeys: 4 }).map((properties) => ({
      type: 'object',
      properties,
      required: Object.keys(properties).slice(0, 2),
      additionalProperties: false,
    })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
  ),
}));

describe('a value made for a JSON schema', () => {
  it('is valid for the schema, and the same each time', () => {
    fc.assert(
      fc.property(schema, fc.nat(), (of, seed) => {
        const value = valueFor(of, seed);
        const validate = new Ajv2020({ strict: false }).compile(of);
        expect([validate(value), validate.errors, of]).toEqual([true, null, of]);
        expect(valueFor(of, seed)).toEqual(value);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['false', { type: 'object', properties: { a: false }, required: ['a'] }],
    ['a schema without an end', { $ref: '#' }],
    ['a $ref that leads nowhere', { $ref: '#/$defs/none' }],
    ['a $ref to elsewhere', { $ref: 'https://example.com/schema' }],
    ['a pattern beyond its words', { type: 'string', pattern: '^\\p{Lu}{9}\\d{9}$' }],
  ])('is refused for %s', (_name, of) => {
    expect(() => valueFor(of, 1)).toThrow(/^The Bedrock emulator /);
  });
});
