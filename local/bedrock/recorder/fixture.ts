/** One exchange with Bedrock, trimmed to what a test needs. */
import { decodeFrames } from './decode-frames.ts';
import { redact, redactString, type TextPolicy } from './redact.ts';

export interface Exchanged {
  readonly method: string;
  /** With query, as it was sent. */
  readonly path: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly requestBody: Buffer;
  readonly status: number;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly responseBody: Buffer;
}

export interface Fixture {
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: object;
    readonly body: unknown;
  };
  readonly response: { readonly status: number; readonly headers: object; readonly body: unknown };
}

/** All other headers stay unwritten: those that carry credentials above all. */
const HEADERS = /^(?:accept|cache-control|content-type|retry-after|x-amzn-(?:bedrock-.*|errortype))$/;

export const fixtureOf = (exchanged: Exchanged, texts: TextPolicy): Fixture => ({
  request: {
    method: exchanged.method,
    path: redactString(decodePath(exchanged.path)),
    headers: headersOf(exchanged.requestHeaders, texts),
    body: redact(jsonOf(exchanged.requestBody.toString('utf8')), texts),
  },
  response: {
    status: exchanged.status,
    headers: headersOf(exchanged.responseHeaders, texts),
    body: redact(bodyOf(exchanged), texts),
  },
});

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const headersOf = (headers: Readonly<Record<string, string>>, texts: TextPolicy): object =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => HEADERS.test(name))
      // A request's metadata is the caller's own, and JSON.
      .map(([name, value]) => [
        name,
        name === 'x-amzn-bedrock-request-metadata' && texts === 'replace' ? '{}' : redactString(value),
      ]),
  );

function bodyOf({ responseHeaders, responseBody }: Exchanged): unknown {
  const type = responseHeaders['content-type'] ?? '';
  if (type.includes('vnd.amazon.eventstream')) return decodeFrames(responseBody).map(eventOf);
  const text = responseBody.toString('utf8');
  if (!type.startsWith('text/event-stream')) return jsonOf(text);
  return text
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => jsonOf(line.slice('data: '.length)));
}

/** An event by its kind; the model's own event inside a chunk is taken out of its base64. */
function eventOf({ headers, payload }: ReturnType<typeof decodeFrames>[number]): object {
  const kind = headers[':event-type'] ?? headers[':exception-type'] ?? headers[':error-code'] ?? 'unknown';
  const data = jsonOf(payload);
  const bytes =
    kind === 'chunk' && typeof data === 'object' && data !== null ? Reflect.get(data, 'bytes') : undefined;
  return {
    [kind]: typeof bytes === 'string' ? jsonOf(Buffer.from(bytes, 'base64').toString('utf8')) : data,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
