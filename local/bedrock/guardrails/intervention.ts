/** A guardrail that reads along with Converse: whether it steps in, and what its trace shows. */
import type { Directive } from '../directive.ts';
import type { Guard } from '../prompt.ts';
import { assess } from './assessment.ts';

export const BLOCKED_INPUT =
  'Sorry, the guardrail of the Bedrock emulator does not let this question through.';
export const BLOCKED_OUTPUT =
  'Sorry, the guardrail of the Bedrock emulator does not let this answer through.';

export interface GuardFinding {
  /** What the caller reads in place of an answer; absent where the guardrail lets it through. */
  readonly blocks?: string;
  /** Whether the model was never asked, for which nothing is charged. */
  readonly isInput: boolean;
  /** What `trace.guardrail` carries; absent where traces are off. */
  readonly trace?: object;
}

interface Texts {
  readonly directive: Directive;
  readonly text: string;
}

/** Undefined where no guardrail was asked for and the directive wants none. */
export function intervention(guard: Guard | undefined, { directive, text }: Texts): GuardFinding | undefined {
  const isForced = directive.stop === 'guardrail_intervened';
  if (guard === undefined) return isForced ? { blocks: BLOCKED_INPUT, isInput: true } : undefined;
  const input = assess([text], 0);
  const output = assess([directive.say ?? ''], 0);
  const isInput = input.isBlocked || isForced;
  const blocked = isInput ? BLOCKED_INPUT : BLOCKED_OUTPUT;
  const key = guard.identifier.replace(/^.*\//, '');
  const trace = {
    inputAssessment: { [key]: input.assessment },
    ...(output.isBlocked && !isInput && { outputAssessments: { [key]: [output.assessment] } }),
    ...(guard.traces === 'enabled_full' && { modelOutput: [directive.say ?? ''] }),
  };
  return {
    ...((isInput || output.isBlocked) && { blocks: blocked }),
    isInput,
    ...(guard.traces !== 'disabled' && { trace: { guardrail: trace } }),
  };
}
