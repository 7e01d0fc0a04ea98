/** A key's value in Secrets Manager: one secret a line of successors, one version a key. */
import type { AccountRef, KeyRef, TenantRef } from './ids.ts';

/** Names one version of a line's secret. */
export interface SecretVersion {
  readonly tenant: TenantRef;
  readonly account: AccountRef;
  /** The first key of the line: two keys of one account are two secrets. */
  readonly line: KeyRef;
  /** Deterministic for a rotation, so that racing workers write the same version; 32 to 64 characters. */
  readonly versionId: string;
}

/** A version as it is kept. */
export interface StoredSecret {
  readonly arn: string;
  /** What the version holds: the first writer's value. */
  readonly value: string;
}

/** The version of a key that is issued. */
export const issuedVersionId = (tenant: TenantRef, key: KeyRef): string => `issued-${tenant}-${key}-000000`;

/** The version of a key's `generation`th successor; 37 characters. */
export const rotatedVersionId = (
  tenant: TenantRef,
  of: { readonly predecessor: KeyRef; readonly generation: number },
): string => `rotation-${tenant}-${of.predecessor}-${String(of.generation).padStart(6, '0')}`;
