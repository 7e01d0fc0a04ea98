/** Why this Node will not do, with the remedy; undefined where it will. */
export function nodeComplaint(of: {
  readonly version: string;
  readonly platform: string;
  readonly arch: string;
}): string | undefined;
