import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { createSigner } from '../../../shared/aws/sigv4.ts';

/** The SDK's signer asks for a hash class; this is the smallest over node:crypto. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', keyOf(secret));
  }
  update(data: Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {
    throw new Error('not used');
  }
}

function keyOf(secret: string | ArrayBuffer | ArrayBufferView): string | Uint8Array {
  if (typeof secret === 'string') return secret;
  return secret instanceof ArrayBuffer
    ? new Uint8Array(secret)
    : new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength);
}

const printable = fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/);
const segment = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .map(encodeURIComponent)
  .filter((text) => !/^\.{0,2}$/.test(text));
const request = fc.record({
  path: fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`),
  headers: fc
    .dictionary(fc.stringMatching(/^x-[a-z][a-z0-9-]{0,12}$/), printable, {
      maxKeys: 5,
      noNullPrototype: true,
    })
    .map((more) => ({ ...more, host: 'dynamodb.eu-central-1.amazonaws.com' })),
  body: fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array()),
});
const credentials = fc.record(
  {
    accessKeyId: fc.stringMatching(/^[A-Z0-9]{16,20}$/),
    secretAccessKey: fc.stringMatching(/^[A-Za-z0-9/+]{20,40}$/),
    sessionToken: fc.stringMatching(/^[A-Za-z0-9/+=]{1,60}$/),
  },
  { requiredKeys: ['accessKeyId', 'secretAccessKey'], noNullPrototype: true },
);
const scope = { region: 'eu-central-1', service: 'dynamodb' };

test('signs every request as the SDK does', async () => {
  const sign = createSigner(scope);
  await fc.assert(
    fc.asyncProperty(
      request,
      credentials,
      fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }),
      async (unsigned, identity, at) => {
        const sdk = new SignatureV4({
          ...scope,
          credentials: identity,
          sha256: Sha256,
          applyChecksum: false,
        });
        const wire = { method: 'POST', protocol: 'https:', hostname: 'unused', query: {}, ...unsigned };
        const expected = await sdk.sign(wire, { signingDate: at });
        expect(sign(identity, { request: unsigned, nowMs: at.getTime() })).toEqual(expected.headers);
      },
    ),
  );
});

test('signs a PUT to S3 as the SDK does: its path as it is, the digest of its body as a header', async () => {
  const of = { region: 'eu-central-1', service: 's3' };
  const sign = createSigner(of);
  await fc.assert(
    fc.asyncProperty(request, credentials, async (unsigned, identity) => {
      const sdk = new SignatureV4({
        ...of,
        credentials: identity,
        sha256: Sha256,
        applyChecksum: true,
        uriEscapePath: false,
      });
      const wire = { method: 'PUT', protocol: 'https:', hostname: 'unused', query: {}, ...unsigned };
      const expected = await sdk.sign(wire, { signingDate: new Date(0) });
      const digest = createHash('sha256').update(unsigned.body).digest('hex');
      const headers = { ...unsigned.headers, 'x-amz-content-sha256': digest };
      const put = { ...unsigned, method: 'PUT' as const, headers };
      expect(sign(identity, { request: put, nowMs: 0 })).toEqual(expected.headers);
    }),
  );
});

test('signs a GET without a body as the SDK does', async () => {
  const of = { region: 'eu-central-1', service: 'bedrock' };
  const sign = createSigner(of);
  await fc.assert(
    fc.asyncProperty(request, credentials, async (any, identity) => {
      const sdk = new SignatureV4({ ...of, credentials: identity, sha256: Sha256, applyChecksum: false });
      const get = { ...any, method: 'GET' as const, body: '' };
      const wire = { protocol: 'https:', hostname: 'unused', query: {}, ...get };
      const expected = await sdk.sign(wire, { signingDate: new Date(0) });
      expect(sign(identity, { request: get, nowMs: 0 })).toEqual(expected.headers);
    }),
  );
});

test.each(['/model/../converse', '/model/./converse', '/model//converse', '/a?b=c', 'model'])(
  'refuses to sign %s, which a server may read as another path',
  (path) => {
    const of = { request: { path, headers: { host: 'h' }, body: '' }, nowMs: 0 };
    expect(() => createSigner(scope)({ accessKeyId: 'a', secretAccessKey: 's' }, of)).toThrow(TypeError);
  },
);
