/** The official client, whose requests reach a scripted inference plane without a network. */
import { OpenAI } from 'openai';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { errorBody, errorHeaders, errorStatus } from '../../shared/http/openai-error.ts';
import { bodyText, type ProxyFixture } from './proxy-fixture.ts';

/** A client that tries once, as the tests count calls. */
export function openaiOver(proxy: Pick<ProxyFixture, 'chat'>): OpenAI {
  return new OpenAI({
    apiKey: 'unused',
    baseURL: 'http://proxy.test/v1',
    maxRetries: 0,
    fetch: async (_url, init) => answered(proxy, JSON.parse(String(init?.body))),
  });
}

async function answered(proxy: Pick<ProxyFixture, 'chat'>, body: unknown): Promise<Response> {
  try {
    const answer = await proxy.chat(body);
    return new Response(await bodyText(answer), { status: answer.status, headers: { ...answer.headers } });
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const headers = { ...errorHeaders(error), 'content-type': 'application/json' };
    return new Response(JSON.stringify(errorBody(error)), { status: errorStatus(error), headers });
  }
}
