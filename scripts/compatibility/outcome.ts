/** What becomes of a probe: the product's own reading and translation are run, nothing is looked up. */
import { toConverse } from '../../functions/proxy/bedrock/to-converse.ts';
import { parseChatRequest } from '../../functions/proxy/chat-completions/request.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { Model } from '../../shared/domain/model.ts';
import type { Probe } from './probes.ts';

export type Outcome = 'honoured' | 'emulated' | 'ignored' | 'refused';

const TAGS = { entries: { 'bp:request': 'req_0' }, incomplete: false };
const OUTPUT_TOKENS = 4096;

export function outcomeOf(probe: Probe, model: Model): Outcome {
  try {
    const { ignored: _none, ...plain } = translated({}, model);
    const { body, reading, ignored } = translated(probe.fields, model);
    if (probe.isNative(body)) return 'honoured';
    const isChanged = JSON.stringify({ body, reading }) !== JSON.stringify(plain);
    if (ignored.some((name) => probe.ignoredAs.includes(name))) {
      return isChanged ? (probe.whenPartly ?? 'ignored') : 'ignored';
    }
    if (isChanged) return 'emulated';
    // What changes nothing asked for what the model does anyway, or for what is lost without a trace: a bug.
    return isDefault(probe) ? 'honoured' : lost(probe, model);
  } catch (error) {
    if (error instanceof GatewayError && error.param !== undefined) return 'refused';
    throw error;
  }
}

/** A model that is not told to reason does not, and one that thinks by itself is told to do as it likes. */
const isDefault = ({ fields }: Probe): boolean =>
  fields['reasoning_effort'] === 'none' || Object.hasOwn(fields, 'thinking');

function lost({ label }: Probe, { id }: Model): never {
  throw new Error(`${label} of ${id} is neither sent, nor refused, nor said to be ignored.`);
}

function translated(fields: Probe['fields'], model: Model) {
  const request = { model: model.id, messages: [{ role: 'user', content: 'Hi' }], ...fields };
  const { command } = parseChatRequest(request);
  const outputTokensMax = Math.min(command.outputTokensMax ?? OUTPUT_TOKENS, model.outputTokensMax);
  const { body, reading, ignoredParams } = toConverse(command, { model, outputTokensMax, tags: TAGS });
  return { body, reading, ignored: [...command.ignoredParams, ...ignoredParams] };
}
