/**
 * Tenants, their service accounts and keys: the state behind OpenAI's projects, service accounts and API keys.
 * Each entity has a revision that rises by one with every change, so that a change made from an old reading fails.
 */
import type { KeyDigest, KeyEnvironment } from './api-key.ts';
import type { Grant } from './grant.ts';
import type { AccountRef, AlertRef, KeyRef, TenantRef } from './ids.ts';
import type { RotationPolicy } from './key-delivery.ts';
import type { LimitSet, TenantLimits } from './limits.ts';
import type { ModelPermissions } from './model-access.ts';
import type { NanoUsd } from './money.ts';
import type { AdminScope } from './principal.ts';

interface Revised {
  /** 1 when created. */
  readonly revision: number;
}

export interface Tenant extends Revised {
  readonly ref: TenantRef;
  readonly name: string;
  readonly status: 'active' | 'archived';
  readonly limits: TenantLimits;
  readonly modelPermissions?: ModelPermissions;
  /** The version of its settings in Parameter Store that is in force; absent where it has none. */
  readonly settingsVersion?: number;
  /** Answers say what they cost, also where a request does not ask. */
  readonly showsCost?: true;
  readonly createdAtMs: number;
  readonly archivedAtMs?: number;
}

export interface ServiceAccount extends Revised {
  readonly tenant: TenantRef;
  readonly ref: AccountRef;
  readonly name: string;
  /** `none`: it was made without a role, and its keys open nothing until it has one. */
  readonly role: 'member' | 'none';
  readonly status: 'active' | 'deleted';
  /** The most that its keys may do. */
  readonly grant: Grant;
  readonly limits?: LimitSet;
  readonly createdAtMs: number;
  readonly deletedAtMs?: number;
}

/** A link to a key that waits to be claimed. */
export interface ClaimLink {
  /** SHA-256 of its token, hex. */
  readonly hash: string;
  /** The message that tells it, which has one link however often it is tried; undefined where it was shown. */
  readonly toldBy?: string;
}

/** How a key without a secret gets one: by whoever presents the token of one of these links. */
export interface KeyClaim {
  /** The newest last: one that was shown, one a message, and after the first claim that of the claim. */
  readonly links: readonly ClaimLink[];
  readonly expiresAtMs: number;
  /** How often it was claimed; each time the secret was replaced. */
  readonly count: number;
  /** The first claim. */
  readonly claimedAtMs?: number;
  /** Who claimed it: nobody else may repeat the claim and so replace the secret. */
  readonly claimedBy?: 'link' | 'predecessor';
  /** How long the predecessor works on from the first claim, at most; its policy's overlap where it says nothing. */
  readonly overlapMs?: number;
}

/** A key's text as a compact JWE, and the RFC 7638 thumbprint of the JWK that opens it. */
export interface SealedText {
  readonly jwe: string;
  readonly thumbprint: string;
}

/** A tenant's API key; its account is the first six characters of its reference. */
export interface ApiKey extends Revised {
  readonly tenant: TenantRef;
  readonly ref: KeyRef;
  readonly name: string;
  readonly environment: KeyEnvironment;
  /** `pending`: it waits to be claimed and has no secret yet. */
  readonly status: 'active' | 'pending' | 'revoked';
  readonly grant: Grant;
  /** Undefined while it is pending. */
  readonly digest?: KeyDigest;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly revokedAtMs?: number;
  /** How long it was given to live, and each of its successors after it. */
  readonly lifetimeMs: number;
  readonly rotation: RotationPolicy;
  /** The first key of its line: what it and every successor of it share, such as a secret in Secrets Manager. */
  readonly line: KeyRef;
  /** How many successors it has had: one that was revoked may be followed by another. */
  readonly generation: number;
  /** Its successor, pending or active; one that is revoked is none. */
  readonly successor?: KeyRef;
  readonly predecessor?: KeyRef;
  readonly claim?: KeyClaim;
  /** Its text, sealed to a JWK; shown again until its predecessor ends. */
  readonly sealed?: SealedText;
  /** The version of its line's secret that holds its text. */
  readonly secretVersionId?: string;
}

/** An administrator's key; kept under the organisation. */
export interface AdminKey extends Revised {
  readonly ref: KeyRef;
  readonly name: string;
  readonly environment: KeyEnvironment;
  readonly status: 'active' | 'revoked';
  readonly scopes: readonly AdminScope[];
  readonly digest: KeyDigest;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly revokedAtMs?: number;
  /** The admin keys that it descends from, the oldest first; revoking any of them ends it. */
  readonly ancestors: readonly KeyRef[];
}

/** A threshold of a tenant's spend in a UTC month. */
export interface SpendAlert extends Revised {
  readonly tenant: TenantRef;
  readonly ref: AlertRef;
  readonly thresholdNanoUsd: NanoUsd;
  readonly recipients: readonly string[];
  readonly subjectPrefix?: string;
  readonly createdAtMs: number;
}

/** When a key was last used; kept beside it, so that a use changes no revision. */
export interface KeyUse {
  readonly lastUsedAtMs: number;
  /** The claim, by its count, whose secret was used; 0 for a key that was never claimed. */
  readonly claim: number;
}

/** What a creating call with an `Idempotency-Key` has made. */
export interface IdempotencyRecord {
  /** The organisation's reference for calls outside a project. */
  readonly tenant: TenantRef;
  /** SHA-256, hex, of route and header. */
  readonly digest: string;
  /** The id of what was made. */
  readonly made: string;
  readonly forgetAtMs: number;
}

/** The longest a key lives, in days: the rotation policy of the product. */
export const KEY_LIFETIME_DAYS = 90;
/** Keys with a shorter life do not rotate by themselves, in days. */
export const AUTOMATIC_LIFETIME_DAYS_MIN = 28;
export const DAY_MS = 86_400_000;

/**
 * Two tenants' names are the same if these are: what differs only in case, width or spacing reads the same on a
 * bill and in a list.
 */
export const comparableName = (name: string): string =>
  name.normalize('NFKC').toLowerCase().trim().replace(/\s+/gu, ' ');

/** What authentication reads of a tenant's key. */
export interface TenantCredential {
  readonly key: ApiKey;
  readonly account: ServiceAccount;
  readonly tenant: Tenant;
  readonly use: KeyUse;
}
