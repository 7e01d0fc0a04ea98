/** How a model chooses among likely words. */
import type { ModelCommand } from '../../../shared/domain/conversation.ts';
import { type JsonObject, readInteger, readNumber } from './json-value.ts';
import type { Reading } from './reading.ts';

/** OpenAI's own bound of temperature; Bedrock's is 1, and what lies between acts as 1. */
const TEMPERATURE = { min: 0, max: 2 };
const TOP_P = { min: 0, max: 1 };
/** Anthropic's and Amazon's: 0 is no sampling limit at all. No vocabulary has more words than the most. */
const TOP_K = { min: 0, max: 1_000_000 };

/** `temperature`, `top_p` and the extension `top_k`. A temperature above 1 acts as 1 and is said to. */
export function readSampling(
  body: JsonObject,
  reading: Reading,
): Pick<ModelCommand, 'temperature' | 'topP' | 'topK'> {
  const temperature = readNumber(body['temperature'], { param: 'temperature', bounds: TEMPERATURE });
  const topP = readNumber(body['top_p'], { param: 'top_p', bounds: TOP_P });
  const topK = readInteger(body['top_k'], { param: 'top_k', bounds: TOP_K });
  if (temperature !== undefined && temperature > 1) reading.ignore('temperature');
  return {
    ...(temperature !== undefined && { temperature: Math.min(1, temperature) }),
    ...(topP !== undefined && { topP }),
    ...(topK !== undefined && { topK }),
  };
}
