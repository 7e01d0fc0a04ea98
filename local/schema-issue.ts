import type * as z from 'zod/mini';

/** Names the first field that a schema refused. (zod/mini itself has no words for what is wrong.) */
export function refusedField(error: z.core.$ZodError): string {
  const issue = error.issues[0];
  const path = issue?.path.map(String) ?? [];
  return [...path, ...(issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [])].join('.');
}
