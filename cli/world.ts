/** Everything that the program asks of the outside, so that its tests can give it another one. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: Writer;
  readonly stderr: Writer;
  /** The whole of the standard input. */
  readonly readStdin: () => Promise<string>;
  readonly fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly newUuid: () => string;
  /** How often a call that changes nothing is repeated when its answer is lost. */
  readonly readRetries: number;
}

export interface Writer {
  write(text: string): unknown;
}
