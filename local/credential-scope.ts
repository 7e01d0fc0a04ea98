/** What AWS says of a signature that was made for another service; the signature itself is not checked on a laptop. */

/** `AWS4-HMAC-SHA256 Credential=<key>/<date>/<region>/<service>/aws4_request, …`. */
const CREDENTIAL = /^AWS4-HMAC-SHA256 (?:.*[ ,])?Credential=([^,\s]*)/;
const SCOPE = /^[^/]+\/\d{8}\/[^/]+\/([^/]+)\/aws4_request$/;

/** Whether an Authorization header carries a signature's credential, of whatever scope. */
export const isSigned = (authorization: string): boolean => CREDENTIAL.test(authorization);

/** Why a signed request is refused, naming the scope that it came with; undefined where it is made for the service. */
export function scopeComplaint(authorization: string, service: string): string | undefined {
  const credential = CREDENTIAL.exec(authorization)?.[1] ?? '';
  if (SCOPE.exec(credential)?.[1] === service) return undefined;
  const scope = credential.replace(/^[^/]*\//, '');
  return `Credential should be scoped to correct service: '${service}', got '${scope}'.`;
}
