import { APIError } from 'openai';

/** What the official client throws for a refusal, without its words. Rejects where nothing was refused. */
export async function apiRefusalOf(promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof APIError)) throw new Error(`Expected an APIError, got ${String(error)}`);
  return { status: error.status, code: error.code, param: error.param };
}

/** Every item of a list, by the client's own iteration through its pages. */
export async function everyItem<Item>(pages: AsyncIterable<Item>): Promise<readonly Item[]> {
  const items: Item[] = [];
  for await (const item of pages) items.push(item);
  return items;
}
