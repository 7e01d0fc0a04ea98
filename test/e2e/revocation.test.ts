import { AuthenticationError } from 'openai';
import { CLIENT_MODEL as model, startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
}, 60_000);
afterAll(() => stack?.close());

const ask = (content: string) => ({ model, messages: [{ role: 'user' as const, content }] });

describe('revoking a key', () => {
  test('makes the very next request fail with 401, in a process that is warm with it', async () => {
    const key = await stack.newKey();
    const client = stack.client({ apiKey: key.value });
    await client.chat.completions.create(ask('Warm up.'));
    await stack.admin.projects.apiKeys.delete(key.id, { project_id: stack.projectId });
    await expect(client.chat.completions.create(ask('Again.'))).rejects.toBeInstanceOf(AuthenticationError);
  });

  test('does so with 50 requests in flight, which end as they were admitted', async () => {
    const key = await stack.newKey();
    const client = stack.client({ apiKey: key.value });
    const streams = await Promise.all(
      Array.from({ length: 50 }, () =>
        client.chat.completions.create({ ...ask('[[emulator tokens=40 delay=10]] Run.'), stream: true }),
      ),
    );
    await stack.admin.projects.apiKeys.delete(key.id, { project_id: stack.projectId });
    const refused = Array.from({ length: 50 }, () => client.chat.completions.create(ask('Now.')));
    const outcomes = await Promise.allSettled(refused);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.status)).toEqual(
      Array.from({ length: 50 }, () => 401),
    );
    const ends = await Promise.all(
      streams.map(async (stream) => {
        let reason: string | null | undefined;
        for await (const chunk of stream) reason = chunk.choices[0]?.finish_reason ?? reason;
        return reason;
      }),
    );
    expect(ends).toEqual(Array.from({ length: 50 }, () => 'stop'));
  });

  test('is idempotent and leaves one audit event', async () => {
    const key = await stack.newKey();
    const revoke = () => stack.admin.projects.apiKeys.delete(key.id, { project_id: stack.projectId });
    await Promise.all([revoke(), revoke(), revoke()]);
    const events = (await stack.auditRecords()).map((record) => JSON.parse(record.canonical));
    expect(events.filter(({ id }) => id === `api_key.deleted:${key.id}`)).toHaveLength(1);
  });
});
