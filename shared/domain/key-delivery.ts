/** The ways in which a key reaches its workload. Only the first shows it to whoever asked. */

/** A public key to which a JWE may be sealed, as RFC 7517 spells it; checked when it is registered. */
export type PublicJwk = Readonly<Record<string, string>>;

/**
 * - `response`: shown once, in the answer to the call that made it.
 * - `jwe`: sealed to a public key, so that who relays it cannot read it.
 * - `secrets_manager`: written to the account's secret.
 * - `claim`: made when the holder of a one-time link claims it; until then there is no secret.
 */
export type KeyDelivery =
  | { readonly method: 'response' }
  | { readonly method: 'jwe'; readonly jwk: PublicJwk }
  | { readonly method: 'secrets_manager' }
  | { readonly method: 'claim' };

/** The scheduled sweep has nobody to show a key to. */
export type ScheduledDelivery = Exclude<KeyDelivery, { readonly method: 'response' }>;

/** How a key is renewed. */
export interface RotationPolicy {
  /** Whether the sweep makes its successor. */
  readonly automatic: boolean;
  readonly delivery: ScheduledDelivery;
  /** How long a key works beside its successor, at most; 1 to 30 days and no more than half its life. */
  readonly overlapMs: number;
}

/** Fourteen days beside each other: a key of ninety days is renewed on day 76. */
export const OVERLAP_MS = 14 * 86_400_000;

export const DEFAULT_ROTATION: RotationPolicy = {
  automatic: true,
  delivery: { method: 'claim' },
  overlapMs: OVERLAP_MS,
};
