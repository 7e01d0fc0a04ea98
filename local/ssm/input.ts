/** What each operation takes. A field that is not emulated is refused, so that nobody relies on it by mistake. */
import * as z from 'zod/mini';
import { parseInput } from '../service-input.ts';
import { PARAMETER_TYPES } from './parameter.ts';

const name = z.string().check(z.regex(/^[A-Za-z0-9_./-]{1,1011}$/));
/** A name, and after a colon the version. */
const selectable = z.string().check(z.regex(/^[A-Za-z0-9_./-]{1,1011}(:\d{1,9})?$/));
const decryption = { WithDecryption: z.optional(z.boolean()) };

export const putParameter = parseInput(
  z.strictObject({
    Name: name,
    Value: z.string().check(z.minLength(1)),
    Type: z.optional(z.enum(PARAMETER_TYPES)),
    Overwrite: z.optional(z.boolean()),
  }),
);
export const getParameter = parseInput(z.strictObject({ Name: selectable, ...decryption }));
export const getParameters = parseInput(
  z.strictObject({
    Names: z.array(selectable).check(z.minLength(1), z.maxLength(10)),
    ...decryption,
  }),
);
export const getParametersByPath = parseInput(
  z.strictObject({
    Path: z.string().check(z.regex(/^\//)),
    Recursive: z.optional(z.boolean()),
    MaxResults: z.optional(z.int().check(z.gte(1), z.lte(10))),
    NextToken: z.optional(z.string()),
    ...decryption,
  }),
);
export const deleteParameter = parseInput(z.strictObject({ Name: name }));

export type PutParameter = ReturnType<typeof putParameter>;
export type GetParameter = ReturnType<typeof getParameter>;
export type GetParameters = ReturnType<typeof getParameters>;
export type GetParametersByPath = ReturnType<typeof getParametersByPath>;
export type DeleteParameter = ReturnType<typeof deleteParameter>;
