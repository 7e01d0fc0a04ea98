/**
 * The archive's bucket in S3, `<prefix>-<account>-<region>`: its name must be unique in the world, and is known
 * without a look-up. What the bucket's Object Lock makes of an object is the bucket's own default.
 */
import { createHash } from 'node:crypto';
import type { AuditArchive } from '../ports.ts';
import type { SignedHttp } from './signed-http.ts';
import { unavailable } from './store-failure.ts';

export interface AuditArchiveOptions {
  /** A transport for service `s3` to the bucket named. */
  readonly httpTo: (bucket: string) => SignedHttp;
  readonly prefix: string;
  readonly region: string;
}

const TIMEOUT_MS = 10_000;
const PRECONDITION_FAILED = 412;

/** Its state is one transport a bucket. `put` rejects with service_unavailable; whoever delivers the batch repeats it. */
export function createAuditArchive(options: AuditArchiveOptions): AuditArchive {
  const transports = new Map<string, SignedHttp>();
  const transportTo = (bucket: string): SignedHttp => {
    const http = transports.get(bucket) ?? options.httpTo(bucket);
    transports.set(bucket, http);
    return http;
  };
  return {
    async put({ account, name, body }) {
      const bucket = `${options.prefix}-${account}-${options.region}`;
      const status = await answered(() => send(transportTo(bucket), { account, name, body }));
      if (status === 200 || status === PRECONDITION_FAILED) return;
      throw unavailable('audit archive', new Error(`S3 answered ${status}.`));
    },
  };
}

/** An Object Lock bucket takes no object without a checksum; `if-none-match` keeps the first of a name. */
async function send(http: SignedHttp, object: Parameters<AuditArchive['put']>[0]): Promise<number> {
  const digest = createHash('sha256').update(object.body).digest();
  const { status } = await http.send({
    method: 'PUT',
    path: `/${object.name}`,
    headers: {
      'content-type': 'application/x-ndjson',
      'if-none-match': '*',
      'x-amz-checksum-sha256': digest.toString('base64'),
      'x-amz-content-sha256': digest.toString('hex'),
      'x-amz-expected-bucket-owner': object.account,
    },
    body: object.body,
    timeoutMs: TIMEOUT_MS,
  });
  return status;
}

async function answered<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    throw unavailable('audit archive', error);
  }
}
