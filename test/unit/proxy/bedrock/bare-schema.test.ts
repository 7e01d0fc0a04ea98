import { bareSchema } from '../../../../functions/proxy/bedrock/bare-schema.ts';

test('a schema has three keywords at its top, and what it refers to in its place', () => {
  const schema = {
    type: 'object',
    title: 'Trip',
    additionalProperties: false,
    properties: {
      // Names of properties, no keywords.
      $defs: { type: 'string', enum: [{ $ref: '#/$defs/place' }] },
      from: { $ref: '#/$defs/place', description: 'Where it begins.' },
      stops: { type: 'array', items: { anyOf: [{ $ref: '#/definitions/a~1b' }, { type: 'null' }] } },
      lost: { $ref: '#/$defs/nowhere' },
      away: { $ref: 'https://example.com/schema' },
    },
    required: ['from'],
    $defs: { place: { type: 'string', minLength: 1 } },
    definitions: { 'a/b': { type: 'integer' } },
  };
  expect(bareSchema(schema)).toEqual({
    type: 'object',
    properties: {
      $defs: { type: 'string', enum: [{ $ref: '#/$defs/place' }] },
      from: { type: 'string', minLength: 1, description: 'Where it begins.' },
      stops: { type: 'array', items: { anyOf: [{ type: 'integer' }, { type: 'null' }] } },
      lost: {},
      away: {},
    },
    required: ['from'],
  });
});

test('a schema without properties has none', () => {
  expect(bareSchema({ type: 'object', required: [] })).toEqual({ type: 'object', properties: {} });
});

test('a schema of itself ends, and one that doubles itself stays small', () => {
  const node = { type: 'object', properties: { next: { $ref: '#/$defs/node' } } };
  const tree = { anyOf: [{ $ref: '#/$defs/tree' }, { $ref: '#/$defs/tree' }] };
  const bare = bareSchema({
    type: 'object',
    properties: { node: { $ref: '#/$defs/node' }, tree: { $ref: '#/$defs/tree' } },
    $defs: { node, tree },
  });
  const text = JSON.stringify(bare);
  expect(text).not.toContain('$ref');
  expect(text.length).toBeLessThan(20_000);
});
