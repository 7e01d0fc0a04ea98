/** Limits that change and keys that are renewed, over the whole stack by HTTP: what was counted stays counted. */
import { CLIENT_MODEL as model, startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
}, 180_000);
afterAll(() => stack?.close());

const IN_FLIGHT = 100;

function chat(key: string, body: object): Promise<Response> {
  return stack.fetch(`${stack.baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, ...body }),
  });
}

const wish = (text: string) => ({ messages: [{ role: 'user', content: `[[emulator ${text}]] Hello` }] });

/** The status of a short request, and where a limit refuses it whose. */
async function ask(key: string) {
  const response = await chat(key, wish('tokens=2'));
  const body = JSON.parse(await response.text());
  if (response.status === 200) return 200;
  const [, owner, period] = /^Rate limit of (.*) reached for (.*?):/.exec(body.error.message) ?? [];
  return [response.status, body.error.code, response.headers.get('x-should-retry'), owner, period];
}

const overDay = (owner: string) => [429, 'rate_limit_exceeded', 'false', owner, 'requests a day'];
const limit = (limits: object) => stack.admin.projects.update(stack.projectId, { limits } as object);

test('a limit lowered and raised with 100 answers under way acts on the next request, and on none of those', async () => {
  await limit({ inflight_requests: 150 });
  const open = await Promise.all(
    Array.from({ length: IN_FLIGHT }, () =>
      chat(stack.apiKey, { stream: true, max_completion_tokens: 200, ...wish('tokens=150 delay=80') }),
    ),
  );
  expect(new Set(open.map(({ status }) => status))).toEqual(new Set([200]));
  const whole = Promise.all(open.map((response) => response.text()));
  await limit({ requests_per_day: IN_FLIGHT });
  expect(await ask(stack.apiKey)).toEqual(overDay('this project'));
  await limit({ requests_per_day: IN_FLIGHT + 1 });
  expect(await ask(stack.apiKey)).toBe(200);
  expect(await ask(stack.apiKey)).toEqual(overDay('this project'));
  // All of them were still under way: they take twelve seconds.
  expect(await stack.inflight()).toBe(IN_FLIGHT);
  expect((await whole).every((text) => text.endsWith('data: [DONE]\n\n'))).toBe(true);
  const records = await stack.settledUsageRecords(IN_FLIGHT + 1);
  expect(
    records.map(({ outcome, usage, estimated }) => [outcome, usage.output, estimated]).toSorted(),
  ).toEqual(
    [
      ...Array.from({ length: IN_FLIGHT }, () => ['completed', 150, false]),
      ['completed', 2, false],
    ].toSorted(),
  );
  await limit({ requests_per_day: null, inflight_requests: null });
});

test('limits survive a key’s rotation: its successor meets the same counters, its account’s and its project’s', async () => {
  const projects = stack.admin.projects;
  const project = await projects.create({ name: 'rotated', limits: { requests_per_day: 4 } } as {
    name: string;
  });
  const newAccount = async (limits: object) => {
    const account = await projects.serviceAccounts.create(project.id, { name: 'worker', ...limits });
    return { id: account.api_key?.id ?? '', value: account.api_key?.value ?? '' };
  };
  const rotate = async (key: string): Promise<string> => {
    const path = `/organization/projects/${project.id}/api_keys/${key}/rotate`;
    const response = await stack.fetch(stack.baseUrl + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.adminKey}`, 'content-type': 'application/json' },
      body: '{}',
    });
    return JSON.parse(await response.text()).value;
  };
  const limited = await newAccount({ limits: { requests_per_day: 2 } });
  expect(await ask(limited.value)).toBe(200);
  const successor = await rotate(limited.id);
  expect(successor).not.toBe(limited.value);
  expect(await ask(successor)).toBe(200);
  for (const key of [successor, limited.value])
    expect(await ask(key)).toEqual(overDay('this service account'));
  const other = await newAccount({});
  expect(await ask(other.value)).toBe(200);
  const otherSuccessor = await rotate(other.id);
  expect(await ask(otherSuccessor)).toBe(200);
  for (const key of [otherSuccessor, other.value]) expect(await ask(key)).toEqual(overDay('this project'));
});
