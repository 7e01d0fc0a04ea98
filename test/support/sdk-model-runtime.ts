/**
 * ModelRuntime over the AWS SDK's own client: the reference that the lean adapter must equal. It is set up as the
 * design says (HTTP/1.1 kept alive, one attempt, explicit timeouts) and is bundled into no function.
 */
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { bedrockError } from '../../shared/aws/bedrock-errors.ts';
import type {
  ConverseAnswer,
  ConverseCall,
  ConverseStreamEvent,
  ConverseStreamPayload,
} from '../../shared/domain/converse.ts';
import type { ModelRuntime } from '../../shared/ports.ts';

type CommandInput = ConstructorParameters<typeof ConverseCommand>[0];

export function createSdkModelRuntime(endpoint: string): ModelRuntime & { close(): void } {
  const client = new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({ connectionTimeout: 2_000, requestTimeout: 120_000 }),
  });
  // The wire and the command differ in nothing but mutability.
  const inputOf = (call: ConverseCall) => ({ modelId: call.modelId, ...call.body }) as CommandInput;
  return {
    async converse(call) {
      const options = { abortSignal: call.signal };
      const answer = await client.send(new ConverseCommand(inputOf(call)), options).catch(rethrow);
      return { output: answer.output, stopReason: answer.stopReason, usage: answer.usage } as ConverseAnswer;
    },
    async converseStream(call) {
      const options = { abortSignal: call.signal };
      const answer = await client.send(new ConverseStreamCommand(inputOf(call)), options).catch(rethrow);
      return eventsOf(answer.stream ?? empty());
    },
    close: () => client.destroy(),
  };
}

async function* empty(): AsyncGenerator<never, void> {}

async function* eventsOf(
  stream: AsyncIterable<object>,
): AsyncGenerator<readonly ConverseStreamEvent[], void> {
  try {
    for await (const event of stream) {
      const [[kind, payload] = ['', {}]] = Object.entries(event);
      yield [{ kind, payload: payload as ConverseStreamPayload }];
    }
  } catch (error) {
    rethrow(error);
  }
}

function rethrow(error: unknown): never {
  const {
    name = 'Unknown',
    message = '',
    $metadata,
  } = error as Partial<Error> & {
    $metadata?: { httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode;
  throw bedrockError({ name, message, ...(status !== undefined && { status }) }, 0);
}
