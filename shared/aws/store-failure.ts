/** What a store makes of DynamoDB's refusals: which of them mean something, which are worth another try. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { GatewayError } from '../domain/gateway-error.ts';
import { DynamoError } from './dynamo-error.ts';
import type { Waiting } from './waiting.ts';

/** A conditional write that was refused, as both senders throw it. */
export interface ConditionFailure extends Error {
  /** The item as it was, where the write asked for it and there was one. */
  readonly Item?: Record<string, AttributeValue>;
  readonly $metadata?: { readonly attempts?: number };
}

/** Refusals of a sender that does not say what is worth a retry: those that the same call would only meet again. */
const PERMANENT: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'ConditionalCheckFailedException',
  'IdempotentParameterMismatchException',
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'ItemCollectionSizeLimitExceededException',
  'ResourceNotFoundException',
  'SerializationException',
  'UnrecognizedClientException',
  'ValidationException',
]);

const WAIT_BASE_MS = 50;
const WAIT_MAX_MS = 1_000;

/** Whether the same call would only meet the same refusal again. The lean sender has judged its own errors. */
export function isPermanent(error: unknown): boolean {
  if (error instanceof DynamoError) return !error.retryable;
  return error instanceof Error && PERMANENT.has(error.name);
}

/**
 * Whether a write that failed may have acted all the same, or may act yet: a copy of it was not answered. A sender that
 * does not say is taken at its worst.
 */
export function mayHaveActed(error: unknown): boolean {
  if (error instanceof DynamoError) return error.mayHaveActed;
  if (isConditionFailure(error)) return (error.$metadata?.attempts ?? 1) > 1;
  return !isPermanent(error);
}

/** How often to try, and how to wait in between. */
export interface Backoff extends Waiting {
  /** 1 or more. */
  readonly attemptsMax: number;
}

export const isConditionFailure = (error: unknown): error is ConditionFailure =>
  error instanceof Error && error.name === 'ConditionalCheckFailedException';

/** The error that a store's caller sees when DynamoDB did not answer: nothing is decided on a guess. */
export const unavailable = (store: string, cause: unknown): GatewayError =>
  new GatewayError('service_unavailable', `The ${store} cannot be reached. Retry shortly.`, {
    cause,
    retryAfterMs: 1_000,
  });

/** A call's result, and how many attempts were begun here. */
export interface Attempted<Result> {
  readonly result: Result;
  readonly attempts: number;
}

/**
 * Calls again with full jitter (up to 100 ms, then 200, … 1,000) while the failure may pass. The senders'
 * own retries run dry when a burst is throttled (the SDK's retry quota); a settlement must not be among the losses.
 */
export async function withBackoff<Result>(
  backoff: Backoff,
  call: () => Promise<Result>,
): Promise<Attempted<Result>> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return { result: await call(), attempts };
    } catch (error) {
      if (isPermanent(error) || attempts >= backoff.attemptsMax) throw error;
      await backoff.wait(backoff.random() * Math.min(WAIT_MAX_MS, WAIT_BASE_MS * 2 ** attempts));
    }
  }
}
