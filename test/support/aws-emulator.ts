/** Transports to what stands in for AWS on this machine, signed as the services of a region would want them. */
import { createSignedHttp, type SignedHttp } from '../../shared/aws/signed-http.ts';
import type { Waiting } from '../../shared/aws/waiting.ts';

/** How the SDK's clients reach the same place, without retries of their own. */
export const sdkAccess = (endpoint: string) => ({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  maxAttempts: 1,
});

/** A transport for the service whose signing name is given. Close it. */
export const signedHttpTo = (endpoint: string, service: string): SignedHttp =>
  createSignedHttp({
    endpoint,
    service,
    region: 'us-east-1',
    credentials: () => ({ accessKeyId: 'local', secretAccessKey: 'local' }),
    clock: Date.now,
  });

/** Lets no time pass between attempts. */
export const noWaiting = (): Waiting => ({ random: () => 0.5, wait: async () => undefined });
