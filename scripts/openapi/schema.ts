/** JSON Schema (draft 2020-12, which OpenAPI 3.1 uses), written by names. What has no description is not made. */

export interface Schema {
  readonly [keyword: string]: unknown;
}

/** Schemas by name, those of an object's fields or of the document's components. */
export type Schemas = Readonly<Record<string, Schema>>;

export const text = (description: string, more: Schema = {}): Schema => ({
  type: 'string',
  description,
  ...more,
});
export const integer = (description: string, more: Schema = {}): Schema => ({
  type: 'integer',
  description,
  ...more,
});
export const number = (description: string, more: Schema = {}): Schema => ({
  type: 'number',
  description,
  ...more,
});
export const boolean = (description: string): Schema => ({ type: 'boolean', description });
export const nothing = (description: string): Schema => ({ type: 'null', description });

/** A time in Unix seconds. */
export const time = (description: string): Schema => integer(`${description}, in Unix seconds.`);

/** One of several texts. */
export const oneOf = (values: readonly string[], description: string): Schema =>
  text(description, { enum: [...values] });

/** Always this text. */
export const always = (value: string, description: string): Schema => text(description, { const: value });

/** The `object` field by which OpenAI's objects say what they are. */
export const objectName = (value: string): Schema => always(value, 'What this object is.');

export const listOf = (items: Schema, description: string, more: Schema = {}): Schema => ({
  type: 'array',
  items,
  description,
  ...more,
});

/** A closed object: each field is required unless it is named in `optional`. */
export const object = (
  description: string,
  fields: Schemas,
  options: { readonly optional?: readonly string[] } = {},
): Schema => ({
  type: 'object',
  description,
  properties: fields,
  required: Object.keys(fields).filter((name) => options.optional?.includes(name) !== true),
  additionalProperties: false,
});

/** One of several objects that the value of a field tells apart. */
export const variants = (schemas: readonly Schema[], description: string): Schema => ({
  anyOf: schemas,
  description,
});

/** The same, or null. */
export const orNull = (schema: Schema): Schema => {
  const { description, ...rest } = schema;
  return { anyOf: [rest, { type: 'null' }], description };
};

export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

/** A page of a list that is read by cursor. */
export const page = (item: string): Schema =>
  object(`A page of ${item}.`, {
    object: objectName('list'),
    data: listOf(ref(item), 'The items of this page.'),
    first_id: orNull(text('The id of the first item, or null where there is none.')),
    last_id: orNull(
      text("The id of the last item, to be the next page's `after`; null where there is none."),
    ),
    has_more: boolean('Whether there are more behind the last.'),
  });

/** What the answer to a deletion is. */
export const deletion = (name: string, subject: string): Schema =>
  object(`${subject} is gone.`, {
    id: text('Its id.'),
    object: objectName(name),
    deleted: { type: 'boolean', const: true, description: 'Always true.' },
  });

/** The same where there is one of its kind a project, which has no id. */
export const deletionOfOne = (name: string, subject: string): Schema =>
  object(`${subject} is gone.`, {
    object: objectName(name),
    deleted: { type: 'boolean', const: true, description: 'Always true.' },
  });
