/** InvokeModel: one request and one answer in the model's own words. */

/** What is sent. */
export interface InvokeCall {
  /** What Bedrock knows the model by: its id or an ARN. */
  readonly modelId: string;
  /** As the model's family takes it. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The call's tags, for Bedrock's own log; never empty. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** What came back, unread. */
export interface InvokeAnswer {
  readonly body: Readonly<Record<string, unknown>>;
  /** Bedrock's count of the prompt, from the answer's headers; undefined where they have no count. */
  readonly inputTokens: number | undefined;
}
