/** Functions that do nothing, behind the same gateway: what remains is the price of the gateway stand-in itself. */
import type { Context } from 'aws-lambda';
import { type ResponseStream, STREAMING_MARK } from '../local/api-gateway/awslambda.ts';

/** Lets everybody in. */
export const trivialAuthorizer = async () => ({
  principalId: 'nobody',
  policyDocument: {
    Version: '2012-10-17',
    Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: '*' }],
  },
  context: { p: 'nothing' },
});

const HEAD = JSON.stringify({ statusCode: 200, headers: { 'content-type': 'application/json' } });
const ANSWER = JSON.stringify({ answer: 'Nothing was asked of a model. '.repeat(40) });

async function answerAtOnce(_event: unknown, stream: ResponseStream, _context: Context): Promise<void> {
  stream.write(`${HEAD}\0\0\0\0\0\0\0\0`);
  stream.end(ANSWER);
}

/** Streams a whole answer of about 1 KB, as the proxy does for a call that is not streamed. */
export const trivialProxy = Object.defineProperty(answerAtOnce, STREAMING_MARK, { value: 'response' });
