import type OpenAI from 'openai';
import { APIError, AuthenticationError } from 'openai';
import { CLIENT_MODEL as model, startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
}, 60_000);
afterAll(() => stack?.close());

const ask = (content: string) => ({ model, messages: [{ role: 'user' as const, content }] });

/** What a stream ended with: its finish reason, or the code of the error that it carried. */
async function endOf(stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<unknown> {
  let reason: string | null | undefined;
  try {
    for await (const chunk of stream) reason = chunk.choices[0]?.finish_reason ?? reason;
    return reason;
  } catch (error) {
    return error instanceof APIError ? error.code : error;
  }
}

describe('revoking a key', () => {
  test('makes the very next request fail with 401, in a process that is warm with it', async () => {
    const key = await stack.newKey();
    const client = stack.client({ apiKey: key.value });
    await client.chat.completions.create(ask('Warm up.'));
    await stack.admin.projects.apiKeys.delete(key.id, { project_id: stack.projectId });
    await expect(client.chat.completions.create(ask('Again.'))).rejects.toBeInstanceOf(AuthenticationError);
  });

  test('does so with 50 requests in flight, which end by themselves or are cut', async () => {
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
    // They take less than half a second where the machine is quick, and the key is read after three.
    const ends = await Promise.all(streams.map(endOf));
    expect(ends.filter((end) => end !== 'stop' && end !== 'key_revoked')).toEqual([]);
  });

  test('is idempotent and leaves one audit event', async () => {
    const key = await stack.newKey();
    const revoke = () => stack.admin.projects.apiKeys.delete(key.id, { project_id: stack.projectId });
    await Promise.all([revoke(), revoke(), revoke()]);
    const events = (await stack.auditRecords()).map((record) => JSON.parse(record.canonical));
    expect(events.filter(({ id }) => id === `api_key.deleted:${key.id}`)).toHaveLength(1);
  });
});

/**
 * The models here would be silent for as long as they are listened to, so an answer that ends has been cut. It is cut
 * within 5 s; what these tests demand of a busy machine is their own time limit.
 */
describe('revoking a key cuts what is being written with it:', () => {
  /** The model's side of the call whose prompt holds the mark. */
  const generationOf = (mark: string) => {
    const { emulator } = stack.stack;
    if (emulator === undefined) throw new Error('These tests need the emulator of Bedrock.');
    return emulator.generations.whenBegun(({ body }) => JSON.stringify(body).includes(mark));
  };
  const revoke = (key: { readonly id: string }) =>
    stack.admin.projects.apiKeys.delete(key.id, { project_id: stack.projectId });

  async function expectCutCharge(recordsBefore: number): Promise<void> {
    const records = await stack.settledUsageRecords(recordsBefore + 1);
    expect(records).toHaveLength(recordsBefore + 1);
    expect(records.at(-1)).toMatchObject({ outcome: 'failed', estimated: true });
    expect(await stack.inflight()).toBe(0);
  }

  test.each([
    ['a stream whose model is silent', '[[emulator fault=silent]] Mark one.', 'Mark one.'],
    ['a stream that goes on and on', '[[emulator tokens=4000 delay=250]] Mark two.', 'Mark two.'],
  ])(
    '%s',
    async (_, prompt, mark) => {
      const before = (await stack.usageRecords()).length;
      const key = await stack.newKey();
      const client = stack.client({ apiKey: key.value });
      const stream = await client.chat.completions.create({ ...ask(prompt), stream: true });
      const generation = await generationOf(mark);
      await revoke(key);
      expect(await endOf(stream)).toBe('key_revoked');
      expect((await generation.ended).state).toBe('aborted');
      await expectCutCharge(before);
    },
    60_000,
  );

  test('a whole answer that the model has not begun, with 401', async () => {
    const before = (await stack.usageRecords()).length;
    const key = await stack.newKey();
    const client = stack.client({ apiKey: key.value });
    const asked = client.chat.completions.create(ask('[[emulator fault=silent]] Mark three.'));
    const refused = expect(asked).rejects.toMatchObject({ status: 401, code: 'key_revoked' });
    const generation = await generationOf('Mark three.');
    await revoke(key);
    await refused;
    expect((await generation.ended).state).toBe('aborted');
    await expectCutCharge(before);
  }, 60_000);

  test('but not what is written with another key of the same project', async () => {
    const [revoked, other] = [await stack.newKey(), await stack.newKey()];
    const streamOf = (key: { readonly value: string }, prompt: string) =>
      stack.client({ apiKey: key.value }).chat.completions.create({ ...ask(prompt), stream: true });
    const cut = await streamOf(revoked, '[[emulator fault=silent]] Mark four.');
    const kept = await streamOf(other, '[[emulator tokens=16 delay=250]] Mark five.');
    await revoke(revoked);
    expect(await Promise.all([cut, kept].map(endOf))).toEqual(['key_revoked', 'stop']);
  }, 60_000);
});
