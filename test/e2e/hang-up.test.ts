import { CLIENT_MODEL as model, startTestStack, type TestStack } from '../support/stack.ts';

/**
 * A client that hangs up is metered in both modes of the gateway: as Lambda has it, where the function is not
 * told and runs to its end, and as a host that reports it, where generation stops at once.
 */
describe.each(['unreported', 'reported'] as const)('a client that hangs up, %s to the function', (hangUp) => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await startTestStack({ hangUp });
  }, 60_000);
  afterAll(() => stack?.close());

  /** Reads one piece of a stream and goes away. */
  async function hangUpAfterFirstChunk(prompt: string): Promise<void> {
    const abort = new AbortController();
    const response = await fetch(`${stack.baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model,
        stream: true,
        max_completion_tokens: 10_000,
        messages: [{ role: 'user', content: prompt }],
      }),
      signal: abort.signal,
    });
    const reader = response.body?.getReader();
    await reader?.read();
    abort.abort();
  }

  /** Asks for a whole answer, and goes away once the model is at work on it. */
  async function hangUpWhileItIsMade(prompt: string) {
    const abort = new AbortController();
    const begun = stack.stack.emulator?.generations.whenBegun(({ body }) =>
      JSON.stringify(body).includes(prompt),
    );
    const asked = fetch(`${stack.baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model,
        max_completion_tokens: 10_000,
        messages: [{ role: 'user', content: prompt }],
      }),
      signal: abort.signal,
    }).catch(() => undefined);
    const generation = await begun;
    abort.abort();
    await asked;
    return generation?.ended;
  }

  test('while a whole answer is made is metered once, and nothing stays reserved', async () => {
    const before = await stack.usageRecords();
    const ended = await hangUpWhileItIsMade(
      hangUp === 'reported'
        ? '[[emulator tokens=9000 delay=5]] Whole.'
        : '[[emulator tokens=200 delay=2]] Whole.',
    );
    expect(ended?.state).toBe(hangUp === 'reported' ? 'aborted' : 'finished');
    const records = await stack.settledUsageRecords(before.length + 1);
    expect(records).toHaveLength(before.length + 1);
    expect(records.at(-1)).toMatchObject(
      hangUp === 'reported'
        ? { outcome: 'abandoned', estimated: true }
        : { outcome: 'completed', estimated: false, usage: { output: 200 } },
    );
  });

  test('is metered once, and nothing stays reserved', async () => {
    const before = await stack.usageRecords();
    const marker = `mark ${hangUp}`;
    const begun = stack.stack.emulator?.generations.whenBegun(({ body }) =>
      JSON.stringify(body).includes(marker),
    );
    await hangUpAfterFirstChunk(
      hangUp === 'reported'
        ? `[[emulator tokens=9000 delay=5]] ${marker}`
        : `[[emulator tokens=200 delay=2]] ${marker}`,
    );
    const ended = await (await begun)?.ended;
    expect(ended?.state).toBe(hangUp === 'reported' ? 'aborted' : 'finished');
    // One token every 5 ms: a generation that stopped within a second sent fewer than 200.
    if (hangUp === 'reported') expect(ended?.tokensSent).toBeLessThan(200);
    const records = await stack.settledUsageRecords(before.length + 1);
    expect(records).toHaveLength(before.length + 1);
    expect(records.at(-1)).toMatchObject(
      hangUp === 'reported'
        ? { outcome: 'abandoned', estimated: true }
        : { outcome: 'completed', estimated: false, usage: { output: 200 } },
    );
    expect(await stack.inflight()).toBe(0);
  });
});
