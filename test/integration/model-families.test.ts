import { type BedrockEmulator, startBedrockEmulator } from '../../local/bedrock/emulator.ts';
import { createBedrockRuntime } from '../../shared/aws/bedrock-runtime.ts';
import { createSignedHttp } from '../../shared/aws/signed-http.ts';
import { CATALOGUE } from '../../shared/domain/catalogue.ts';
import { CATALOGUE_ROWS } from '../../shared/domain/catalogue-data.ts';
import type { Model } from '../../shared/domain/model.ts';
import type { ModelRuntime } from '../../shared/ports.ts';
import { bodyText, proxyFixture, streamData } from '../support/proxy-fixture.ts';

/** The first chat model of each family. */
const FAMILIES = [...Map.groupBy(CATALOGUE_ROWS, ([, , family]) => family)].flatMap(([family, [row]]) => {
  const model = CATALOGUE.find(({ id }) => id === row?.[0]);
  return model?.mode === 'chat' ? [{ family, model }] : [];
});
const having = (...capabilities: Model['capabilities']) =>
  FAMILIES.filter(({ model }) => capabilities.every((one) => model.capabilities.includes(one)));

interface Answered {
  readonly content: string | null;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly finish: string;
}

interface WireCall {
  readonly id?: string;
  readonly function?: { readonly name?: string; readonly arguments?: string };
}
interface WireChoice {
  readonly message: { readonly content: string | null; readonly tool_calls?: readonly WireCall[] };
  readonly finish_reason: string;
}
interface WireDelta {
  readonly delta: {
    readonly content?: string;
    readonly tool_calls?: readonly (WireCall & { readonly index: number })[];
  };
  readonly finish_reason: string | null;
}

const callOf = ({ id = '', function: { name = '', arguments: json = '' } = {} }: WireCall) => ({
  id,
  name,
  arguments: json,
});

describe('the emulated Bedrock and every family of models', () => {
  let emulator: BedrockEmulator;
  let runtime: ModelRuntime & { readonly close: () => void };
  beforeAll(async () => {
    emulator = await startBedrockEmulator({ tokenDelayMs: 0 });
    const http = createSignedHttp({
      region: 'us-east-1',
      service: 'bedrock',
      endpoint: emulator.url,
      credentials: () => ({ accessKeyId: 'test', secretAccessKey: 'test' }),
      clock: Date.now,
    });
    const lean = createBedrockRuntime({ http, random: (length) => new Uint8Array(length), timeouts: {} });
    runtime = { ...lean, close: () => http.close() };
  });
  afterAll(async () => {
    runtime.close();
    await emulator.close();
  });

  async function whole(body: object): Promise<Answered> {
    const answer = await proxyFixture({ runtime }).chat(body);
    const { choices } = JSON.parse(await bodyText(answer)) as { readonly choices: readonly [WireChoice] };
    const [{ message, finish_reason: finish }] = choices;
    return { content: message.content, calls: (message.tool_calls ?? []).map(callOf), finish };
  }

  async function streamed(body: object): Promise<Answered> {
    const answer = await proxyFixture({ runtime }).chat({ ...body, stream: true });
    const chunks = streamData(await bodyText(answer)) as readonly {
      readonly choices?: readonly WireDelta[];
    }[];
    const deltas = chunks.flatMap(({ choices = [] }) => choices);
    const text = deltas.map(({ delta }) => delta.content ?? '').join('');
    const calls: Answered['calls'][number][] = [];
    for (const { index, ...piece } of deltas.flatMap(({ delta }) => delta.tool_calls ?? [])) {
      const before = calls[index] ?? { id: '', name: '', arguments: '' };
      const { id, name, arguments: json } = callOf(piece);
      calls[index] = { id: before.id + id, name: before.name + name, arguments: before.arguments + json };
    }
    const finish = deltas.map(({ finish_reason: reason }) => reason ?? '').join('');
    return { content: text === '' ? null : text, calls, finish };
  }

  /** The answer, after seeing that a stream says the same. */
  async function answered(body: object): Promise<Answered> {
    const answer = await whole(body);
    expect(await streamed(body)).toEqual(answer);
    return answer;
  }

  test.each(FAMILIES)('$family answers', async ({ model }) => {
    const messages = [{ role: 'user', content: '[[emulator say="Hello there."]]' }];
    expect(await answered({ model: model.id, messages })).toEqual({
      content: 'Hello there.',
      calls: [],
      finish: 'stop',
    });
  });

  const TOOL = {
    type: 'function',
    function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
  };

  test.each(having('tools'))('$family goes round a tool loop', async ({ model }) => {
    const ask = {
      role: 'user',
      content: `[[emulator tools=weather,weather args='[{"city":"Bonn"},{"city":"Ulm"}]']]`,
    };
    const base = { model: model.id, tools: [TOOL] };
    const asked = await answered({ ...base, messages: [ask] });
    expect(asked.calls.map(({ name, arguments: json }) => [name, json])).toEqual([
      ['weather', '{"city":"Bonn"}'],
      ['weather', '{"city":"Ulm"}'],
    ]);
    expect(asked.finish).toBe('tool_calls');
    const loop = [
      ask,
      {
        role: 'assistant',
        content: asked.content,
        tool_calls: asked.calls.map(({ id, ...call }) => ({ id, type: 'function', function: call })),
      },
      ...asked.calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: 'Sunny' })),
    ];
    const more = { role: 'user', content: '[[emulator say="Take a hat."]]' };
    const hat = { content: 'Take a hat.', calls: [], finish: 'stop' };
    expect(await answered({ ...base, messages: [...loop, more] })).toEqual(hat);
    // The tools are gone, and what was said of them is not.
    expect(await answered({ model: model.id, messages: [...loop, more] })).toEqual(hat);
    expect((await answered({ ...base, messages: loop })).finish).toBe('stop');
  });

  const CITY = {
    type: 'object',
    properties: { city: { type: 'string' }, people: { type: 'integer' } },
    required: ['city', 'people'],
    additionalProperties: false,
  };
  const SCHEMA = { type: 'json_schema', json_schema: { name: 'city', schema: CITY, strict: true } };

  test.each(
    [...new Set([...having('structured-output'), ...having('tools', 'tool-choice')])].filter(
      ({ model }) => model.takes.tools.forced || model.capabilities.includes('structured-output'),
    ),
  )('$family answers by a schema', async ({ model }) => {
    const canBeHeld = model.takes.tools.forced || model.takes.nativeSchema !== 'not-taken';
    const say = canBeHeld ? '' : `[[emulator say='Sure: {"city":"Bonn","people":1}']]`;
    const messages = [{ role: 'user', content: `Which city? ${say}` }];
    const { content, ...rest } = await answered({ model: model.id, messages, response_format: SCHEMA });
    expect(JSON.parse(content ?? '')).toEqual({ city: expect.any(String), people: expect.any(Number) });
    expect(rest).toEqual({ calls: [], finish: 'stop' });
  });

  test.each(FAMILIES)('$family answers an object', async ({ model }) => {
    const messages = [{ role: 'user', content: `[[emulator say='Sure: {"a":1} Done.']]` }];
    const { content } = await answered({
      model: model.id,
      messages,
      response_format: { type: 'json_object' },
    });
    expect(content).toBe('{"a":1}');
  });

  test.each(FAMILIES.filter(({ model }) => model.takes.reasoning.style !== 'none'))(
    '$family answers at every effort',
    async ({ model }) => {
      const messages = [{ role: 'user', content: '[[emulator say=Thought.]]' }];
      for (const effort of ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']) {
        const body = { model: model.id, messages, reasoning_effort: effort, temperature: 0.3, top_k: 4 };
        expect(await answered(body)).toEqual({ content: 'Thought.', calls: [], finish: 'stop' });
      }
    },
  );
});
