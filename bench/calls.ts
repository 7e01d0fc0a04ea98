/** The calls that are measured: a 1 KB prompt and an answer of a given length, through the proxy and straight to Bedrock. */

/** One HTTP POST. */
export interface Call {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Answer {
  readonly tokens: number;
  readonly mode: 'whole' | 'streamed';
  /** Milliseconds between two tokens; absent: all at once. */
  readonly tokenDelayMs?: number;
}

const MODEL = 'amazon.nova-lite-v1:0';
const PROMPT_BYTES = 1024;

/** Through the proxy, as OpenAI's clients call it. */
export const proxyCall = (of: {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly answer: Answer;
}): Call => ({
  url: `${of.baseUrl}/chat/completions`,
  headers: { 'content-type': 'application/json', authorization: `Bearer ${of.apiKey}` },
  body: JSON.stringify({
    model: MODEL,
    messages: [{ role: 'user', content: promptFor(of.answer) }],
    max_completion_tokens: of.answer.tokens,
    ...(of.answer.mode === 'streamed' && { stream: true, stream_options: { include_usage: true } }),
  }),
});

/** The same request in Bedrock's own words. */
export const directCall = (of: { readonly bedrockUrl: string; readonly answer: Answer }): Call => ({
  url: `${of.bedrockUrl}/model/${encodeURIComponent(MODEL)}/${of.answer.mode === 'streamed' ? 'converse-stream' : 'converse'}`,
  headers: { 'content-type': 'application/json', authorization: 'Bearer local' },
  body: JSON.stringify({
    messages: [{ role: 'user', content: [{ text: promptFor(of.answer) }] }],
    inferenceConfig: { maxTokens: of.answer.tokens },
  }),
});

function promptFor(answer: Answer): string {
  const delay = answer.tokenDelayMs === undefined ? '' : ` delay=${answer.tokenDelayMs}`;
  return `[[emulator tokens=${answer.tokens}${delay}]] `.padEnd(PROMPT_BYTES, 'Describe the harbour. ');
}
