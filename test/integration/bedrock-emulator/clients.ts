import { BedrockRuntimeClient, type ConverseStreamOutput } from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';

export const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
export const GPT_OSS = 'openai.gpt-oss-120b-1:0';

const CREDENTIALS = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'not-a-secret' };
const settingsOf = (endpoint: string) => ({
  endpoint,
  region: 'us-east-1',
  maxAttempts: 1,
  credentials: CREDENTIALS,
});

/** The SDK's client by the protocol it speaks; HTTP/2 is its own default. */
export const RUNTIME_CLIENTS = {
  'HTTP/2': (url: string) => new BedrockRuntimeClient(settingsOf(url)),
  'HTTP/1.1': (url: string) =>
    new BedrockRuntimeClient({ ...settingsOf(url), requestHandler: new NodeHttpHandler() }),
} as const;
export type Protocol = keyof typeof RUNTIME_CLIENTS;
export const PROTOCOLS: readonly Protocol[] = ['HTTP/2', 'HTTP/1.1'];

export { CREDENTIALS, settingsOf };

/** A conversation of one user message. */
export const asking = (text: string, modelId = CLAUDE) => ({
  modelId,
  messages: [{ role: 'user' as const, content: [{ text }] }],
});

/** Everything a stream brings. */
export async function collect<Event>(stream: AsyncIterable<Event> | undefined): Promise<readonly Event[]> {
  const events: Event[] = [];
  for await (const event of stream ?? []) events.push(event);
  return events;
}

/** The text pieces among the events, in order. */
export const textsOf = (events: readonly ConverseStreamOutput[]): readonly string[] =>
  events.flatMap((event) => {
    const text = event.contentBlockDelta?.delta?.text;
    return text === undefined ? [] : [text];
  });

/** What an error tells whoever catches it; not by instanceof, as Node's own errors are of another realm in Jest. */
export function factsOf(error: unknown): { name: unknown; message: unknown; status?: unknown } {
  const status = fieldOf(fieldOf(error, '$metadata'), 'httpStatusCode');
  return {
    name: fieldOf(error, 'name'),
    message: fieldOf(error, 'message'),
    ...(status !== undefined && { status }),
  };
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
