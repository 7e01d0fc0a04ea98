/**
 * Works through a source with several workers at once: whoever is free asks it for the next item. Rejects with the
 * first failure of the work or the source; work under way is then not waited for.
 */
export async function shareWork<Item>(
  source: AsyncGenerator<Item>,
  of: { readonly workers: number; readonly work: (item: Item) => Promise<void> },
): Promise<void> {
  const worker = async () => {
    for await (const item of source) await of.work(item);
  };
  await Promise.all(Array.from({ length: of.workers }, worker));
}
