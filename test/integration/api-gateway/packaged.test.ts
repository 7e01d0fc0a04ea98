import { packagedStack } from '../../../local/packaged-stack.ts';
import { closeTestGateways, startTestGateway } from '../../support/compiled-api.ts';

afterEach(closeTestGateways);

/** Packaging is shared by all tests and takes a minute at most where nothing is cached. */
const PACKAGING_MS_MAX = 150_000;

describe('the packaged template', () => {
  test.each(['dev', 'staging', 'prod'])(
    'of stage %s is interpreted whole',
    async (stage) => {
      const { template } = await packagedStack(stage);
      const none = async () => ({ statusCode: 200, body: '{}' });
      const functions = async () => ({ handler: none });
      const gateway = await startTestGateway(template, {}, { stage, functions });
      expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
      const unknown = await fetch(`${gateway.url}/v1/unknown`);
      expect({ status: unknown.status, body: await unknown.json() }).toEqual({
        status: 404,
        body: { error: expect.objectContaining({ code: 'unknown_url', param: null }) },
      });
    },
    PACKAGING_MS_MAX,
  );
});
