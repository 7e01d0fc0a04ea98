/** Who the local stack is where AWS would ask: a region like any, and credentials that open nothing. */

export const LOCAL_REGION = 'us-east-1';
export const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' } as const;

/** Where a service is and who calls it, as the AWS SDKs take it. */
export interface AwsAccess {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

/** The stack's own identity at an endpoint. */
export const localAccess = (endpoint: string): AwsAccess => ({
  endpoint,
  region: LOCAL_REGION,
  credentials: LOCAL_CREDENTIALS,
});
