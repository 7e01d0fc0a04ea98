import { createHash } from 'node:crypto';
import { auditArchiveOf } from '../../../shared/aws/services.ts';
import type { Config } from '../../../shared/config.ts';
import { recordingLog } from '../../support/gateway-event.ts';
import {
  hangUp,
  type Script,
  type ScriptedServer,
  startScriptedServer,
} from '../../support/scripted-server.ts';

const OBJECT = { account: '123456789012', name: 'audit/2026/11/20/1-2.jsonl', body: '{"kind":"é"}\n' };

let s3: ScriptedServer;
beforeEach(async () => {
  s3 = await startScriptedServer();
});
afterEach(() => s3.close());

const archive = () =>
  auditArchiveOf({
    config: {
      region: 'eu-central-1',
      auditArchive: 'bedrock-proxy-dev-audit',
      endpoints: { s3: s3.endpoint },
    } as Config,
    credentials: () => ({ accessKeyId: 'id', secretAccessKey: 'secret' }),
    clock: () => 0,
    log: recordingLog(),
  });

/** A status in S3's own words, which nobody reads. */
const status =
  (code: number): Script =>
  (response) =>
    response.writeHead(code, { 'content-type': 'application/xml' }).end('<Answer/>');

describe('the archive in S3', () => {
  test('puts an object once, with its checksum, into the bucket of the account that it is for', async () => {
    let method: string | undefined;
    s3.play((response) => {
      method = response.req.method;
      response.writeHead(200).end();
    });
    await archive().put(OBJECT);
    const [request] = s3.requests;
    const digest = createHash('sha256').update(OBJECT.body).digest();
    expect([method, request?.path, request?.body]).toEqual([
      'PUT',
      '/bedrock-proxy-dev-audit-123456789012-eu-central-1/audit/2026/11/20/1-2.jsonl',
      OBJECT.body,
    ]);
    expect(request?.headers).toMatchObject({
      'if-none-match': '*',
      'x-amz-checksum-sha256': digest.toString('base64'),
      'x-amz-content-sha256': digest.toString('hex'),
      'x-amz-expected-bucket-owner': '123456789012',
      authorization: expect.stringContaining('/eu-central-1/s3/aws4_request'),
    });
  });

  test('takes an object that is there already for success', async () => {
    s3.play(status(412));
    await expect(archive().put(OBJECT)).resolves.toBeUndefined();
  });

  test.each<[string, Script]>([
    ['is refused', status(403)],
    ['meets another write of the same name', status(409)],
    ['meets a failure', status(500)],
    ['gets no answer', hangUp],
  ])('rejects where it %s, so that the batch is delivered again', async (_, script) => {
    s3.play(script);
    await expect(archive().put(OBJECT)).rejects.toMatchObject({ code: 'service_unavailable' });
  });
});
