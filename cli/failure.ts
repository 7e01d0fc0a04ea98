/** Why the program ends early. */

/** Exit codes by kind; 0 is success. */
const EXIT_CODES = {
  /** The API refused, or a check that was asked for did not hold. */
  refused: 1,
  usage: 2,
  unreachable: 3,
} as const;

type FailureKind = keyof typeof EXIT_CODES;

/** An end whose message is written for whoever typed the command; it names the remedy. */
export class Failure extends Error {
  readonly kind: FailureKind;
  /** The HTTP status of a refusal. */
  readonly status: number | undefined;

  constructor(kind: FailureKind, message: string, options: { readonly status?: number } = {}) {
    super(message);
    this.name = 'Failure';
    this.kind = kind;
    this.status = options.status;
  }

  get exitCode(): number {
    return EXIT_CODES[this.kind];
  }
}

/** Refuses what was typed. */
export function refuseUsage(message: string): never {
  throw new Failure('usage', message);
}
