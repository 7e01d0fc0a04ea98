import { CLIENT_MODEL as model, startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
}, 60_000);
afterAll(() => stack?.close());

const CANARY = 'canary-prompt-7d1f';

describe('a secret', () => {
  test('is in no table, log line or audit event, and neither is a prompt', async () => {
    const fresh = await stack.newKey();
    const keys = [stack.adminKey, stack.apiKey, fresh.value];
    const client = stack.client({ apiKey: fresh.value });
    const ask = (content: string) => ({ model, messages: [{ role: 'user' as const, content }] });
    await client.chat.completions.create(ask(`${CANARY} [[emulator tokens=3]]`));
    await client.chat.completions.create(ask(`${CANARY} [[emulator fault=internal]]`)).catch(() => undefined);
    await client.chat.completions.create({ ...ask(CANARY), stop: [], n: 2 }).catch(() => undefined);
    await stack
      .client({ apiKey: fresh.value.slice(0, -1) })
      .models.list()
      .catch(() => undefined);
    await stack.admin.projects.apiKeys.delete(fresh.id, { project_id: stack.projectId });
    await client.models.list().catch(() => undefined);
    await stack.settledUsageRecords(2);

    const items = await stack.everyItem();
    const everything = [JSON.stringify(items), ...decodedBinaries(items), ...stack.logLines].join('\n');
    expect(items.length).toBeGreaterThan(8);
    expect(stack.logLines.join('')).toContain('"event":"usage"');
    for (const key of keys) {
      // The whole key, its secret alone, and any sixteen characters of the secret.
      const secret = key.slice(30, 73);
      for (let start = 0; start + 16 <= secret.length; start += 1) {
        expect(everything).not.toContain(secret.slice(start, start + 16));
      }
    }
    expect(everything).not.toContain(CANARY);
  });

  test('is shown once: nothing reads it back', async () => {
    const listed = await stack.admin.projects.apiKeys.list(stack.projectId);
    const retrieved = await stack.admin.projects.apiKeys.retrieve(stack.apiKeyId, {
      project_id: stack.projectId,
    });
    expect(JSON.stringify([listed.data, retrieved])).not.toContain(stack.apiKey.slice(30, 46));
  });

  test('travels in an answer that no cache may keep', async () => {
    const { response } = await stack.admin.projects.serviceAccounts
      .create(stack.projectId, { name: 'uncached' })
      .withResponse();
    expect(response.headers.get('cache-control')).toBe('no-store');
  });
});

/** Binary attributes as text, in case a secret hides in one. */
function decodedBinaries(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    name === 'B' && member instanceof Uint8Array
      ? [Buffer.from(member).toString('latin1')]
      : decodedBinaries(member),
  );
}
