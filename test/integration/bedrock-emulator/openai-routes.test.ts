import OpenAI from 'openai';
import { type BedrockEmulator, startBedrockEmulator } from '../../../local/bedrock/emulator.ts';
import { GPT_OSS } from './clients.ts';

const GPT = 'openai.gpt-5-mini';
const GPT_56 = 'openai.gpt-5.6-sol';
const PARAMETERS = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const CHAT_TOOL = { type: 'function', function: { name: 'get_weather', parameters: PARAMETERS } } as const;
const RESPONSES_TOOL = {
  type: 'function',
  name: 'get_weather',
  parameters: PARAMETERS,
  strict: true,
} as const;

const gpt = (id: string) => ({
  id,
  provider: 'openai',
  mode: 'chat' as const,
  inputTokensMax: 1000,
  outputTokensMax: 1000,
});

describe('the OpenAI routes of the Bedrock emulator, through the OpenAI SDK', () => {
  let emulator: BedrockEmulator;
  let client: OpenAI;

  beforeAll(async () => {
    emulator = await startBedrockEmulator({ tokenDelayMs: 0, models: [gpt(GPT), gpt(GPT_56)] });
    client = new OpenAI({ baseURL: `${emulator.url}/openai/v1`, apiKey: 'bedrock-api-key', maxRetries: 0 });
  });
  afterAll(() => emulator.close());

  const asking = (content: string) => ({ model: GPT_OSS, messages: [{ role: 'user' as const, content }] });
  /** What the SDK throws: status, type, code and param. */
  const failureOf = (attempt: Promise<unknown>) =>
    attempt.then(
      () => undefined,
      (error: unknown) =>
        error instanceof OpenAI.APIError && [error.status, error.type, error.code, error.param],
    );

  describe('chat completions', () => {
    it('answers whole', async () => {
      const answer = await client.chat.completions.create({
        ...asking('[[emulator say="Two words."]]'),
        metadata: { tenant: 'proj_1' },
      });
      expect(answer).toEqual({
        id: expect.stringMatching(/^chatcmpl-/),
        object: 'chat.completion',
        created: expect.any(Number),
        model: GPT_OSS,
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: 'Two words.', refusal: null },
            finish_reason: 'stop',
            logprobs: null,
          },
        ],
        usage: {
          prompt_tokens: 8,
          completion_tokens: 2,
          total_tokens: 10,
          prompt_tokens_details: { cached_tokens: 0 },
          completion_tokens_details: { reasoning_tokens: 0 },
        },
      });
      expect(emulator.generations.all.at(-1)).toMatchObject({
        operation: 'ChatCompletions',
        requestMetadata: { tenant: 'proj_1' },
      });
    });

    it('streams what it answers whole, usage last', async () => {
      const body = asking('Which pears keep?');
      const stream = client.chat.completions.stream({ ...body, stream_options: { include_usage: true } });
      const streamed = await stream.finalChatCompletion();
      const whole = await client.chat.completions.create(body);
      expect([streamed.choices[0]?.message.content, streamed.usage]).toEqual([
        whole.choices[0]?.message.content,
        whole.usage,
      ]);
    });

    it('calls tools side by side, streamed or whole, and quotes their results', async () => {
      const body = { ...asking('[[emulator tools=get_weather,get_weather]]'), tools: [CHAT_TOOL] };
      const whole = await client.chat.completions.create(body);
      const streamed = await client.chat.completions.stream(body).finalChatCompletion();
      const calls = whole.choices[0]?.message.tool_calls ?? [];
      expect([whole.choices[0]?.finish_reason, whole.choices[0]?.message.content, calls.length]).toEqual([
        'tool_calls',
        null,
        2,
      ]);
      expect(streamed.choices[0]?.message.tool_calls).toMatchObject(calls);
      const results = calls.map(({ id }) => ({
        role: 'tool' as const,
        tool_call_id: id,
        content: '21 degrees',
      }));
      const answer = await client.chat.completions.create({
        ...body,
        messages: [...body.messages, { role: 'assistant', tool_calls: calls }, ...results],
      });
      expect(answer.choices[0]?.message.content).toBe(
        'This is the Bedrock emulator. The tools said: 21 degrees | 21 degrees',
      );
    });

    it('answers in the format it is asked for, after reasoning', async () => {
      const answer = await client.chat.completions.create({
        ...asking('[[emulator think="Hm."]]'),
        reasoning_effort: 'low',
        response_format: { type: 'json_schema', json_schema: { name: 'weather', schema: PARAMETERS } },
      });
      expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toEqual({ city: expect.any(String) });
      expect(answer.choices[0]?.message).toMatchObject({ reasoning_content: 'Hm.' });
      expect(answer.usage?.completion_tokens_details?.reasoning_tokens).toBe(1);
    });

    it('is guarded by the guardrail of its headers', async () => {
      const headers = {
        'X-Amzn-Bedrock-GuardrailIdentifier': 'abc123',
        'X-Amzn-Bedrock-GuardrailVersion': '1',
      };
      const answer = await client.chat.completions.create(asking('you idiot'), { headers });
      expect(answer.choices[0]?.finish_reason).toBe('content_filter');
    });

    it('tells of an error in the middle of a stream', async () => {
      const stream = await client.chat.completions.create({
        ...asking('[[emulator tokens=4 fault=exception-mid-stream exception=throttlingException]]'),
        stream: true,
      });
      let chunks = 0;
      const failure = await failureOf(
        (async () => {
          for await (const _ of stream) chunks += 1;
        })(),
      );
      expect([chunks, failure]).toEqual([3, [undefined, 'server_error', 'throttlingException', null]]);
    });

    it.each([
      [
        'a model that is not served here',
        { model: 'us.amazon.nova-pro-v1:0' },
        'model',
        400,
        'validation_error',
      ],
      ['a model that needs a profile', { model: GPT_56 }, 'model', 400, 'validation_error'],
      ['an unknown model', { model: 'openai.none' }, 'model', 404, 'model_not_found'],
      ['no messages', { messages: [] }, 'messages', 400, 'validation_error'],
      [
        'an answer of no tokens',
        { max_completion_tokens: 0 },
        'max_completion_tokens',
        400,
        'validation_error',
      ],
      [
        'a result without a call',
        { messages: [{ role: 'tool', tool_call_id: 'x', content: 'y' }] },
        'messages[0].role',
        400,
        'validation_error',
      ],
      [
        'a call without a result',
        {
          messages: [
            {
              role: 'assistant',
              tool_calls: [{ id: 'x', type: 'function', function: { name: 'f', arguments: '{}' } }],
            },
            { role: 'user', content: 'y' },
          ],
        },
        'messages[1].role',
        400,
        'validation_error',
      ],
    ])('refuses %s', async (_name, more, param, status, code) => {
      const body = JSON.parse(JSON.stringify({ ...asking('pears'), ...more }));
      expect(await failureOf(client.chat.completions.create(body))).toEqual([
        status,
        'invalid_request_error',
        code,
        param,
      ]);
    });

    it.each([
      ['throttle', 429, 'rate_limit_error', 'rate_limit_exceeded'],
      ['internal', 500, 'server_error', null],
    ])('fails with fault=%s as %d', async (fault, status, type, code) => {
      const attempt = client.chat.completions.create(asking(`[[emulator fault=${fault}]]`));
      expect(await failureOf(attempt)).toEqual([status, type, code, null]);
    });

    it('wants a signature or a key', async () => {
      const response = await fetch(`${emulator.url}/openai/v1/chat/completions`, {
        method: 'POST',
        body: '{}',
      });
      expect([response.status, await response.json()]).toEqual([
        401,
        {
          error: {
            message: 'Missing Authentication Token',
            type: 'authentication_error',
            param: null,
            code: null,
          },
        },
      ]);
    });
  });

  describe('responses', () => {
    it.each(['[[emulator say="Yes." think="Hm."]]', '[[emulator say="I look." tools=get_weather]]'])(
      'streams by the SDK’s strict order what it answers whole: %s',
      async (input) => {
        const body = { model: GPT, input, tools: [RESPONSES_TOOL], reasoning: { effort: 'low' as const } };
        const streamed = await client.responses.stream(body).finalResponse();
        const whole = await client.responses.create(body);
        const typesOf = (response: OpenAI.Responses.Response) =>
          response.output.map((item) => [item.type, 'arguments' in item ? item.arguments : undefined]);
        expect([streamed.status, streamed.output_text, typesOf(streamed), streamed.usage]).toEqual([
          'completed',
          whole.output_text,
          typesOf(whole),
          whole.usage,
        ]);
      },
    );

    it('numbers its events from 0 and names them by their types', async () => {
      const response = await fetch(`${emulator.url}/openai/v1/responses`, {
        method: 'POST',
        headers: { authorization: 'Bearer key' },
        body: JSON.stringify({ model: GPT, input: '[[emulator say="Two words."]]', stream: true }),
      });
      const events = (await response.text())
        .trim()
        .split('\n\n')
        .map((event) => event.split('\n'));
      const data = events.map(([, line = '']) => JSON.parse(line.slice('data: '.length)));
      expect(data.map((event) => event.sequence_number)).toEqual(data.map((_, index) => index));
      expect(events.map(([name]) => name)).toEqual(data.map(({ type }) => `event: ${type}`));
      expect(data.map(({ type }) => type)).toEqual([
        'response.created',
        'response.in_progress',
        'response.output_item.added',
        'response.content_part.added',
        'response.output_text.delta',
        'response.output_text.delta',
        'response.output_text.done',
        'response.content_part.done',
        'response.output_item.done',
        'response.completed',
      ]);
    });

    it('ends a tool loop', async () => {
      const body = { model: GPT, tools: [RESPONSES_TOOL] };
      const first = await client.responses.create({ ...body, input: '[[emulator tool=get_weather]]' });
      const [call] = first.output.filter((item) => item.type === 'function_call');
      const output = { type: 'function_call_output' as const, call_id: call?.call_id ?? '', output: 'Sun.' };
      const input = [
        { role: 'user' as const, content: '[[emulator tool=get_weather]]' },
        ...(call ? [call] : []),
        output,
      ];
      expect((await client.responses.create({ ...body, input })).output_text).toBe(
        'This is the Bedrock emulator. The tools said: Sun.',
      );
    });

    it('is incomplete where it was cut off', async () => {
      const { status, incomplete_details: details } = await client.responses.create({
        model: GPT,
        input: '[[emulator tokens=9]]',
        max_output_tokens: 4,
      });
      expect([status, details]).toEqual(['incomplete', { reason: 'max_output_tokens' }]);
    });

    it.each([
      ['a model that has chats only', { model: GPT_OSS }, 'model'],
      ['an earlier response', { previous_response_id: 'resp_1' }, 'previous_response_id'],
      ['a hosted tool', { tools: [{ type: 'web_search' }] }, 'tools[0].type'],
      [
        'an output without a call',
        { input: [{ type: 'function_call_output', call_id: 'x', output: '' }] },
        'input',
      ],
    ])('refuses %s', async (_name, more, param) => {
      const body = JSON.parse(JSON.stringify({ model: GPT, input: 'pears', ...more }));
      expect(await failureOf(client.responses.create(body))).toEqual([
        400,
        'invalid_request_error',
        'validation_error',
        param,
      ]);
    });
  });
});
