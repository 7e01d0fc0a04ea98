/** What a deployment writes to Parameter Store, written to a local one. */
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { AwsAccess } from './identity.ts';

/** Writes a parameter, or its next version: where the stack is may differ from one start to the next. */
export async function writeParameter(
  access: AwsAccess,
  parameter: { readonly name: string; readonly value: string },
): Promise<void> {
  const client = new SSMClient({ ...access });
  const { name: Name, value: Value } = parameter;
  try {
    await client.send(new PutParameterCommand({ Name, Value, Type: 'String', Overwrite: true }));
  } finally {
    client.destroy();
  }
}
