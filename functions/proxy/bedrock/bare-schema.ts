/** Schemas of arguments for models that know no `$defs`, and no keyword at the top but three. */

type Schema = Readonly<Record<string, unknown>>;

/** Schemas that refer to each other can grow without end; what is deeper or larger may be anything. */
const DEPTH_MAX = 16;
const SCHEMAS_MAX = 2_000;

const DEFINITIONS: ReadonlySet<string> = new Set(['$defs', 'definitions']);
const MAPS: ReadonlySet<string> = new Set(['properties', 'patternProperties']);
/** Whose values are no schemas. */
const LITERALS: ReadonlySet<string> = new Set(['enum', 'const', 'default', 'examples', 'required']);

/** `type`, `properties` and `required`, with what was referred to in its place. */
export function bareSchema(schema: Schema): Schema {
  const inliner = new Inliner(schema);
  const properties = inliner.named(schema['properties'], 0);
  const { required } = schema;
  return { type: 'object', properties, ...(Array.isArray(required) && required.length > 0 && { required }) };
}

/** Its state: how many schemas were written so far. */
class Inliner {
  readonly #root: Schema;
  #written = 0;

  constructor(root: Schema) {
    this.#root = root;
  }

  /** Schemas by name, whatever the names are. */
  named(value: unknown, depth: number): Schema {
    const entries = isObject(value) ? Object.entries(value) : [];
    return Object.fromEntries(entries.map(([name, item]) => [name, this.#inlined(item, depth + 1)]));
  }

  #inlined(value: unknown, depth: number): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#inlined(item, depth + 1));
    if (!isObject(value)) return value;
    this.#written += 1;
    if (depth > DEPTH_MAX || this.#written > SCHEMAS_MAX) return {};
    const reference = value['$ref'];
    if (typeof reference === 'string') return this.#referred(value, { reference, depth });
    const kept = Object.entries(value).filter(([keyword]) => !DEFINITIONS.has(keyword));
    return Object.fromEntries(
      kept.map(([keyword, item]) => [keyword, this.#keyword(keyword, { item, depth })]),
    );
  }

  #keyword(keyword: string, { item, depth }: { readonly item: unknown; readonly depth: number }): unknown {
    if (LITERALS.has(keyword)) return item;
    return MAPS.has(keyword) && isObject(item) ? this.named(item, depth) : this.#inlined(item, depth + 1);
  }

  /** What stands beside a reference is kept; one that leads nowhere may be anything. */
  #referred(value: Schema, of: { readonly reference: string; readonly depth: number }): unknown {
    const { $ref: _reference, ...beside } = value;
    const target = at(this.#root, of.reference);
    return this.#inlined({ ...(isObject(target) ? target : {}), ...beside }, of.depth + 1);
  }
}

/** The value at `#/$defs/name`, as JSON Pointer escapes it. */
function at(root: Schema, reference: string): unknown {
  if (!reference.startsWith('#/')) return undefined;
  const path = reference
    .slice(2)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  return path.reduce<unknown>(
    (value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    root,
  );
}

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
