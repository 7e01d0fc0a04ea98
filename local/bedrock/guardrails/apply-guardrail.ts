/** POST /guardrail/{id}/version/{v}/apply: what a guardrail says of texts that are given to it. */
import { Constraints } from '../constraints.ts';
import { GUARDRAIL_IDENTIFIER, GUARDRAIL_VERSION } from '../converse-shapes.ts';
import { checkShape, type Shape } from '../shape.ts';
import { type Fields, readList, readObject, readString } from '../wire-value.ts';
import { assess, coverage } from './assessment.ts';
import { BLOCKED_INPUT, BLOCKED_OUTPUT } from './intervention.ts';

const CONTENT: Shape = {
  type: 'union',
  name: 'GuardrailContentBlock',
  members: {
    text: {
      type: 'structure',
      members: {
        text: { type: 'string' },
        qualifiers: {
          type: 'list',
          of: { type: 'string', oneOf: ['grounding_source', 'query', 'guard_content'] },
        },
      },
      required: ['text'],
    },
    image: {
      type: 'structure',
      members: { format: { type: 'string', oneOf: ['png', 'jpeg'] }, source: { type: 'document' } },
      required: ['format', 'source'],
    },
  },
};

const BODY: Shape = {
  type: 'structure',
  members: {
    guardrailIdentifier: GUARDRAIL_IDENTIFIER,
    guardrailVersion: GUARDRAIL_VERSION,
    source: { type: 'string', oneOf: ['INPUT', 'OUTPUT'] },
    content: { type: 'list', of: CONTENT },
    outputScope: { type: 'string', oneOf: ['INTERVENTIONS', 'FULL'] },
  },
  required: ['source', 'content'],
};

/** ValidationException for a body or a guardrail that the service would refuse. */
export function applyGuardrail(
  body: Fields,
  guardrail: { readonly identifier: string; readonly version: string },
): object {
  const constraints = new Constraints();
  const { identifier: guardrailIdentifier, version: guardrailVersion } = guardrail;
  checkShape({ ...body, guardrailIdentifier, guardrailVersion }, BODY, { field: '', constraints });
  constraints.settle();
  const texts = (readList(body['content']) ?? []).map(
    (block) => readString(readObject(readObject(block)?.['text'])?.['text']) ?? '',
  );
  const { assessment, usage, isBlocked, isMasked, masked } = assess(texts, 0);
  const message = body['source'] === 'OUTPUT' ? BLOCKED_OUTPUT : BLOCKED_INPUT;
  return {
    action: isBlocked || isMasked ? 'GUARDRAIL_INTERVENED' : 'NONE',
    ...((isBlocked || isMasked) && {
      actionReason: isBlocked ? 'Guardrail blocked.' : 'Guardrail masked.',
    }),
    assessments: [assessment],
    guardrailCoverage: { textCharacters: coverage(texts) },
    outputs: outputsOf({ isBlocked, isMasked, masked, message }),
    usage,
  };
}

interface Outcome {
  readonly isBlocked: boolean;
  readonly isMasked: boolean;
  readonly masked: readonly string[];
  readonly message: string;
}

function outputsOf({ isBlocked, isMasked, masked, message }: Outcome): readonly object[] {
  if (isBlocked) return [{ text: message }];
  return isMasked ? masked.map((text) => ({ text })) : [];
}
