import { refuseParameter } from './refusal.ts';

/** Headers of Bedrock's own OpenAI endpoint that ask for a guardrail. */
const GUARDRAIL_HEADERS = [
  'x-amzn-bedrock-guardrailidentifier',
  'x-amzn-bedrock-guardrailversion',
  'x-amzn-bedrock-trace',
] as const;

/** A caller who asks for protection by a header and got none would believe to be protected: it is refused. */
export function refuseUnsupportedHeaders(headers: Readonly<Record<string, string>>): void {
  const header = GUARDRAIL_HEADERS.find((name) => headers[name] !== undefined);
  if (header !== undefined) refuseParameter(header);
}
