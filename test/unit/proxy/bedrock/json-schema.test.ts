import { isClosable, isClosed, sanitisedSchema } from '../../../../functions/proxy/bedrock/json-schema.ts';

test('what Claude’s grammar does not know is told in words, at every depth, and every object is closed', () => {
  const schema = {
    type: 'object',
    description: 'A place.',
    minProperties: 1,
    properties: {
      // The name of a property, no keyword.
      pattern: { type: 'string', pattern: '^a', format: 'email' },
      when: { type: 'string', format: 'iso-week' },
      list: { type: 'array', minItems: 1, items: { type: ['object', 'null'], properties: {} } },
      either: { anyOf: [{ type: 'object' }, { type: 'integer', maximum: 5 }] },
      one: { $ref: '#/$defs/one' },
    },
    $defs: { one: { type: 'object', additionalProperties: { type: 'string' } } },
    required: ['pattern'],
  };
  expect(sanitisedSchema(schema)).toEqual({
    type: 'object',
    description: 'A place. (minProperties: 1)',
    properties: {
      pattern: { type: 'string', format: 'email', description: '(pattern: "^a")' },
      when: { type: 'string', description: '(format: "iso-week")' },
      list: {
        type: 'array',
        description: '(minItems: 1)',
        items: { type: ['object', 'null'], properties: {}, additionalProperties: false },
      },
      either: {
        anyOf: [
          { type: 'object', additionalProperties: false },
          { type: 'integer', description: '(maximum: 5)' },
        ],
      },
      one: { $ref: '#/$defs/one' },
    },
    $defs: { one: { type: 'object', additionalProperties: false } },
    required: ['pattern'],
    additionalProperties: false,
  });
});

test.each([
  [true, { type: 'object', additionalProperties: false, properties: { a: { type: 'string' } } }],
  [true, { type: 'string' }],
  [false, { type: 'object', properties: {} }],
  [false, { type: 'object', additionalProperties: false, properties: { a: { type: 'object' } } }],
  [false, { anyOf: [{ type: 'object' }] }],
  [false, { $defs: { a: { properties: {} } } }],
])('closed is %s of %j', (closed, schema) => {
  expect(isClosed(schema)).toBe(closed);
});

test.each([
  [true, { type: 'object', properties: { a: { type: 'object', additionalProperties: false } } }],
  [false, { type: 'object', additionalProperties: { type: 'string' } }],
  [false, { type: 'object', properties: { a: { type: 'object', additionalProperties: true } } }],
])('closable is %s of %j', (closable, schema) => {
  expect(isClosable(schema)).toBe(closable);
});
