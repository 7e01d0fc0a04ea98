import { GatewayError } from '../../../shared/domain/gateway-error.ts';

/** What Bedrock's adapter calls the input, whatever was asked for. */
const ADAPTER_PARAM = 'messages';

/** An error of Bedrock's adapter in the words of the request: its input is called `inputParam` there. */
export function inWireWords(error: unknown, inputParam: string): unknown {
  if (!(error instanceof GatewayError) || error.param !== ADAPTER_PARAM || inputParam === ADAPTER_PARAM) {
    return error;
  }
  return new GatewayError(error.code, error.message, { param: inputParam, cause: error.cause });
}
