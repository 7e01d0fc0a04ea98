import type { CredentialsProvider } from './signed-http.ts';

/**
 * The credentials of the function's role, which Lambda puts into the environment once and leaves there for the
 * life of the process. Throws, naming the variable, where one is missing.
 */
export function environmentCredentials(
  environment: Readonly<Record<string, string | undefined>>,
): CredentialsProvider {
  const sessionToken = environment['AWS_SESSION_TOKEN'];
  const credentials = {
    accessKeyId: required(environment, 'AWS_ACCESS_KEY_ID'),
    secretAccessKey: required(environment, 'AWS_SECRET_ACCESS_KEY'),
    ...(sessionToken !== undefined && sessionToken !== '' && { sessionToken }),
  };
  return () => credentials;
}

function required(environment: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = environment[name];
  if (value !== undefined && value !== '') return value;
  throw new Error(`${name} is not set. Lambda sets it; elsewhere, export the credentials to use.`);
}
