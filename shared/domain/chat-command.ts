/** A chat completion as the proxy understands it, free of any wire's spelling. */

export interface ChatMessage {
  readonly role: 'user' | 'assistant';
  /** One or more non-empty texts, in order. */
  readonly texts: readonly string[];
}

export interface ChatCommand {
  /** The model id as the caller wrote it; answers echo it. */
  readonly requestedModel: string;
  /** System and developer messages, hoisted in order. */
  readonly system: readonly string[];
  /** Begins with a user message; roles alternate. */
  readonly messages: readonly ChatMessage[];
  /** Absent where the request named none; the tenant's default is then sent. */
  readonly outputTokensMax?: number;
  /** Which of the request's fields named it; a refusal of its value names the same. */
  readonly outputTokensParam?: 'max_completion_tokens' | 'max_tokens';
  /** 0 to 1, OpenAI's range above 1 already clamped. */
  readonly temperature?: number;
  readonly topP?: number;
  readonly stopSequences: readonly string[];
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** The caller's tags, checked against OpenAI's bounds: ≤ 16, keys ≤ 64, values ≤ 512. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The caller's own user id; only its digest leaves the process. */
  readonly endUser?: string;
  /** Parameters accepted without effect, by name, for `x-ignored-params`. */
  readonly ignoredParams: readonly string[];
}
