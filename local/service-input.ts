import type * as z from 'zod/mini';
import { AwsServiceError } from './aws-json-server.ts';
import { refusedField } from './schema-issue.ts';

/** A reader of an operation's input: the value by schema, or the service's ValidationException naming the field. */
export const parseInput =
  <Schema extends z.ZodMiniType>(schema: Schema) =>
  (body: unknown): Given<z.output<Schema>> => {
    const result = schema.safeParse(body);
    // JSON has no undefined, so an optional field is there with a value or not there at all.
    if (result.success) return result.data as Given<z.output<Schema>>;
    throw new AwsServiceError(
      'ValidationException',
      `1 validation error detected: Value at '${refusedField(result.error)}' failed to satisfy constraint`,
    );
  };

/** Optional fields without the undefined that a schema's type adds to them. */
export type Given<Fields> = { [Field in keyof Fields]: Exclude<Fields[Field], undefined> };
