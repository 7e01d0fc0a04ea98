/** An answer of DynamoDB that is no success, with the SDK's names and fields. */
import type { AttributeValue, CancellationReason } from '@aws-sdk/client-dynamodb';

export interface DynamoErrorFields {
  /** The service's own: `ConditionalCheckFailedException`, `ThrottlingException` … */
  readonly name: string;
  readonly message: string;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /**
   * Whether some attempt of the call may have acted, now or later: false only where each of them was refused. Absent
   * means false.
   */
  readonly mayHaveActed?: boolean;
  readonly $metadata: {
    readonly httpStatusCode?: number;
    readonly requestId?: string;
    readonly attempts?: number;
  };
  /** Of a failed condition, where the call asked for the item as it was. */
  readonly Item?: Record<string, AttributeValue>;
  /** Of a cancelled transaction, one a member in its order. */
  readonly CancellationReasons?: readonly CancellationReason[];
  readonly cause?: unknown;
}

export class DynamoError extends Error {
  readonly retryable: boolean;
  readonly mayHaveActed: boolean;
  readonly $metadata: DynamoErrorFields['$metadata'];
  readonly Item?: Record<string, AttributeValue>;
  readonly CancellationReasons?: readonly CancellationReason[];

  constructor(fields: DynamoErrorFields) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = fields.name;
    this.retryable = fields.retryable;
    this.mayHaveActed = fields.mayHaveActed ?? false;
    this.$metadata = fields.$metadata;
    if (fields.Item !== undefined) this.Item = fields.Item;
    if (fields.CancellationReasons !== undefined) this.CancellationReasons = fields.CancellationReasons;
  }
}
