/** Who the local stack is where AWS would ask: a region like any, and credentials that open nothing. */

export const LOCAL_REGION = 'us-east-1';
export const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' } as const;
