/** The control plane over a DynamoDB that is as bad as a test makes it; time passes only by waiting. */
import { createAuditStore } from '../../shared/aws/audit-store.ts';
import { createCredentialStore } from '../../shared/aws/credential-store.ts';
import type { Dynamo } from '../../shared/aws/dynamo.ts';
import { createTenancyStore } from '../../shared/aws/tenancy-store.ts';
import type { Config } from '../../shared/config.ts';

export function tenancyOver(of: { readonly dynamo: Dynamo; readonly tables: Config['tables'] }) {
  const time = { nowMs: 0 };
  const waiting = {
    random: () => 0.5,
    async wait(delayMs: number) {
      time.nowMs += delayMs;
    },
  };
  return {
    time,
    tenancy: createTenancyStore({ ...of, clock: () => time.nowMs, waiting }),
    credentials: createCredentialStore(of),
    audit: createAuditStore(of),
  };
}

/** An error of DynamoDB, told by its name. */
export const dynamoRefusal = (name: string, fields: object = {}): Error =>
  Object.assign(new Error('told'), { name, ...fields });

/** A cancelled transaction, with the reason of each of its writes. */
export const cancelledFor = (...codes: readonly string[]): Error =>
  dynamoRefusal('TransactionCanceledException', { CancellationReasons: codes.map((Code) => ({ Code })) });
