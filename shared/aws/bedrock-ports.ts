/** Everything that is asked of Bedrock's runtime, over one transport and hence one pool of connections. */
import type { RandomBytes } from '../domain/ids.ts';
import type { GuardrailChecks, ModelInvoker, ModelRuntime } from '../ports.ts';
import { createGuardrailChecks, createModelInvoker } from './bedrock-invoke.ts';
import { createBedrockRuntime } from './bedrock-runtime.ts';
import type { SignedHttp } from './signed-http.ts';

export interface BedrockPorts {
  readonly runtime: ModelRuntime;
  readonly invoker: ModelInvoker;
  readonly guardrailChecks: GuardrailChecks;
}

/** `http`: a transport for the service `bedrock` at bedrock-runtime's endpoint. */
export const bedrockPorts = (of: {
  readonly http: SignedHttp;
  readonly random: RandomBytes;
}): BedrockPorts => ({
  runtime: createBedrockRuntime(of),
  invoker: createModelInvoker(of),
  guardrailChecks: createGuardrailChecks(of),
});
