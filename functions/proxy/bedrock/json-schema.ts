/** JSON Schemas as Claude takes them where it is held to one. */

type Schema = Readonly<Record<string, unknown>>;

/** Refused by the grammar that an answer is held to; their meaning goes into the description, which the model reads. */
const TOLD_IN_WORDS: ReadonlySet<string> = new Set([
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
  'not',
]);
/** The formats of strings that it knows. */
const FORMATS: ReadonlySet<unknown> = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'uri',
  'ipv4',
  'ipv6',
  'uuid',
]);
/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const ONE: ReadonlySet<string> = new Set(['items', 'contains', 'if', 'then', 'else', 'propertyNames']);
const LISTS: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'allOf', 'prefixItems']);
const MAPS: ReadonlySet<string> = new Set(['properties', 'patternProperties', '$defs', 'definitions']);

/** The schema with every object closed and with what Claude does not take told in words. The caller bounded its depth. */
export function sanitisedSchema(schema: Schema): Schema {
  const told: string[] = [];
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(schema)) {
    if (TOLD_IN_WORDS.has(name) || (name === 'format' && !FORMATS.has(value))) {
      told.push(`${name}: ${JSON.stringify(value)}`);
    } else {
      kept[name] = inside(name, value);
    }
  }
  if (isObjectSchema(schema)) kept['additionalProperties'] = false;
  if (told.length === 0) return kept;
  const own = typeof schema['description'] === 'string' ? `${schema['description']} ` : '';
  return { ...kept, description: `${own}(${told.join(', ')})` };
}

/** Whether closing every object leaves the schema what it is: none says that it has other properties. */
export const isClosable = (schema: Schema): boolean =>
  (schema['additionalProperties'] === undefined || schema['additionalProperties'] === false) &&
  Object.entries(schema).every(([name, value]) => schemasIn(name, value).every(isClosable));

/** Whether every object of the schema says that it has no other properties, which `strict` asks for. */
export function isClosed(schema: Schema): boolean {
  if (isObjectSchema(schema) && schema['additionalProperties'] !== false) return false;
  return Object.entries(schema).every(([name, value]) => schemasIn(name, value).every(isClosed));
}

function isObjectSchema({ type, properties }: Schema): boolean {
  return type === 'object' || properties !== undefined || (Array.isArray(type) && type.includes('object'));
}

function inside(name: string, value: unknown): unknown {
  const cleaned = (item: unknown): unknown => (isSchema(item) ? sanitisedSchema(item) : item);
  if (ONE.has(name)) return cleaned(value);
  if (LISTS.has(name) && Array.isArray(value)) return value.map(cleaned);
  if (MAPS.has(name) && isSchema(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cleaned(item)]));
  }
  return value;
}

function schemasIn(name: string, value: unknown): readonly Schema[] {
  if (ONE.has(name)) return [value].filter(isSchema);
  if (LISTS.has(name) && Array.isArray(value)) return value.filter(isSchema);
  if (MAPS.has(name) && isSchema(value)) return Object.values(value).filter(isSchema);
  return [];
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
