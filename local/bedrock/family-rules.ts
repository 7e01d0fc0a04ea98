/**
 * What families of models refuse beyond the catalogue's abilities: thinking, forced tools, fields of their own. The
 * emulator keeps a table of its own, so that the product's is held to a second reading of the same sources.
 */
import { type EmulatedModel, foundationModelOf } from './models.ts';

export interface FamilyRules {
  /** `none`: the model does not reason on request. `flat`, `nova`, `deepseek`: by a field of the family's own. */
  readonly thinking: 'none' | 'budget' | 'adaptive' | 'flat' | 'nova' | 'deepseek';
  /** Whether `thinking: disabled` is accepted. */
  readonly thinkingDisabled: boolean;
  /** Whether a tool may be forced. */
  readonly forcedTool: boolean;
  /** Whether `strict` of a tool is accepted. */
  readonly strictTools: boolean;
  /** Whether a system message may stand between the others. */
  readonly systemTurns: boolean;
  /** Names taken in additionalModelRequestFields; absent where anything is. */
  readonly ownFields?: readonly string[];
  /** Whether reasoning given back must carry the model's own signature. */
  readonly signedReasoning: boolean;
  /** Whether the family keeps prompts at cache points. */
  readonly caching: boolean;
  /** Whether `output_config.format` of Anthropic's own is accepted. */
  readonly outputFormat: boolean;
}

const CLAUDE_FIELDS = [
  'anthropic_beta',
  'context_management',
  'metadata',
  'output_config',
  'stop_sequences',
  'temperature',
  'thinking',
  'tool_choice',
  'tools',
  'top_k',
  'top_p',
];

const OTHER: FamilyRules = {
  thinking: 'none',
  thinkingDisabled: true,
  forcedTool: true,
  strictTools: true,
  systemTurns: false,
  signedReasoning: false,
  caching: false,
  outputFormat: true,
};
const CLAUDE: FamilyRules = {
  ...OTHER,
  ownFields: CLAUDE_FIELDS,
  signedReasoning: true,
  caching: true,
};
const BUDGET: FamilyRules = { ...CLAUDE, thinking: 'budget' };
const ADAPTIVE: FamilyRules = { ...CLAUDE, thinking: 'adaptive' };
const LATE: FamilyRules = { ...ADAPTIVE, strictTools: false, systemTurns: true, outputFormat: false };

/** First match counts. Sources: @ai-sdk/amazon-bedrock 5.0.101 and LiteLLM's flags of 2026-08-01. */
const FAMILIES: readonly (readonly [id: RegExp, rules: FamilyRules])[] = [
  [
    /^anthropic\.claude-(?:sonnet-5-5|opus-5-5|fable-5-1)/,
    { ...LATE, thinkingDisabled: false, forcedTool: false },
  ],
  [/^anthropic\.claude-fable-5/, { ...LATE, thinkingDisabled: false }],
  [/^anthropic\.claude-(?:opus-5|sonnet-5|opus-4-8)/, LATE],
  [/^anthropic\.claude-opus-4-7/, { ...LATE, systemTurns: false }],
  [/^anthropic\.claude-(?:opus|sonnet)-4-6/, ADAPTIVE],
  [/^anthropic\.claude-(?:3-7|(?:opus|sonnet|haiku)-4)/, BUDGET],
  [/^anthropic\./, CLAUDE],
  [/^openai\.gpt-oss/, { ...OTHER, thinking: 'flat' }],
  [
    /^amazon\.nova-2/,
    {
      ...OTHER,
      thinking: 'nova',
      caching: true,
      ownFields: ['inferenceConfig', 'reasoningConfig'],
    },
  ],
  [/^amazon\.nova/, { ...OTHER, caching: true, ownFields: ['inferenceConfig'] }],
  [/^deepseek\.v3/, { ...OTHER, thinking: 'deepseek' }],
];

export const familyRulesOf = ({ id }: EmulatedModel): FamilyRules => {
  const foundationId = foundationModelOf(id);
  return FAMILIES.find(([pattern]) => pattern.test(foundationId))?.[1] ?? OTHER;
};
