/**
 * What the models of a family have in common, by name. The family is a field of the catalogue's data, so nothing here
 * is found by looking for words in an id. Sources of what they take: the Converse feature table of the Bedrock user
 * guide, and the capability flags of LiteLLM's model list of 2026-08-01 (MIT).
 */
import type { Capability, ModelAbilities, ModelMode, PromptCacheAbility, ToolAbilities } from './model.ts';

export interface ModelFamily {
  readonly mode: ModelMode;
  readonly takes: ModelAbilities;
  /** What every model of it can do beyond what the price lists' flags say. */
  readonly also?: readonly Capability[];
  /** What a token of output counts in Bedrock's quotas on tokens a minute, 1 or more. */
  readonly outputFactor: number;
  /** The most tokens that one image given as input is counted as; absent where no maximum is known. */
  readonly imageTokensMax?: number;
  /** The longest side, in pixels, of an image that the known price pays for; absent where it pays for every size. */
  readonly pricedImageSideMax?: number;
}

/** A model that follows Converse without an exception of its own; continuing an answer must be known to work. */
const STANDARD: ModelAbilities = {
  systemMessages: true,
  sampling: true,
  temperatureWithTopP: true,
  stopSequences: true,
  assistantPrefill: false,
  topK: 'none',
  reasoning: { style: 'none' },
  reasoningHistory: false,
  tools: {
    forced: true,
    strict: false,
    callIds: 'bedrock',
    resultsWithTalk: true,
    // "Only supported by Amazon Nova and Anthropic Claude" (Bedrock API reference, ToolResultBlock).
    richResults: false,
    streamed: true,
    schemas: 'whole',
  },
  nativeSchema: 'taken',
  claudeFields: false,
};

const NO_SYSTEM: ModelAbilities = { ...STANDARD, systemMessages: false };
/** Of a model that holds no conversation. */
const NOTHING: ModelAbilities = {
  ...STANDARD,
  systemMessages: false,
  sampling: false,
  temperatureWithTopP: false,
  stopSequences: false,
  nativeSchema: 'not-taken',
  tools: { ...STANDARD.tools, forced: false },
};

const RICH_RESULTS: ToolAbilities = { ...STANDARD.tools, richResults: true };
/** Claude 3: what every Claude has in common. */
const CLAUDE_3: ModelAbilities = {
  ...STANDARD,
  tools: RICH_RESULTS,
  assistantPrefill: true,
  topK: 'claude',
  nativeSchema: 'not-taken',
  claudeFields: true,
};
/** Four cache points a request, also among the tools (Bedrock user guide, "Prompt caching"). */
const CLAUDE_CACHE: PromptCacheAbility = { pointsMax: 4, amongTools: true, hour: false };
const CLAUDE_3_5: ModelAbilities = { ...CLAUDE_3, promptCache: CLAUDE_CACHE };
const CLAUDE_4: ModelAbilities = {
  ...CLAUDE_3_5,
  reasoning: { style: 'claude-budget' },
  reasoningHistory: true,
};
const STRICT_TOOLS: ToolAbilities = { ...RICH_RESULTS, strict: true };
/** Claude from 4.1 on refuses temperature and top_p in one request. */
const CLAUDE_4_1: ModelAbilities = { ...CLAUDE_4, temperatureWithTopP: false, tools: STRICT_TOOLS };
/** From 4.5 on the cache keeps for an hour, too. Haiku takes a schema in some accounts only, so it is not sent one. */
const CLAUDE_HAIKU_4_5: ModelAbilities = { ...CLAUDE_4_1, promptCache: { ...CLAUDE_CACHE, hour: true } };
const CLAUDE_4_5: ModelAbilities = { ...CLAUDE_HAIKU_4_5, nativeSchema: 'sanitised' };
const CLAUDE_OPUS_4_6: ModelAbilities = {
  ...CLAUDE_4_5,
  assistantPrefill: false,
  reasoning: { style: 'claude-adaptive', ceiling: 'max', off: 'disabled' },
};
/**
 * From Opus 4.7 on sampling is the model's own affair, and Bedrock refuses `strict` and a schema of the answer: it
 * checks them against its own copy of Anthropic's API (@ai-sdk/amazon-bedrock 5.0.101 says so; LiteLLM says that the
 * schema is taken). The safe reading is taken until somebody has tried.
 */
const CLAUDE_5: ModelAbilities = {
  ...CLAUDE_OPUS_4_6,
  sampling: false,
  topK: 'none',
  tools: RICH_RESULTS,
  nativeSchema: 'not-taken',
  reasoning: { style: 'claude-adaptive', ceiling: 'xhigh', off: 'disabled' },
};
const CLAUDE_5_5: ModelAbilities = {
  ...CLAUDE_5,
  tools: { ...RICH_RESULTS, forced: false },
  reasoning: { style: 'claude-adaptive', ceiling: 'xhigh', off: 'omitted' },
};
/**
 * Nova's cache points stand in system and messages (Bedrock user guide, "Prompt caching"). Of a tool's schema it says
 * "extraneous key [$defs] is not permitted" (lastmile-ai/mcp-agent 126); LiteLLM sends it three keys (its 10062).
 */
const NOVA: ModelAbilities = {
  ...STANDARD,
  tools: { ...RICH_RESULTS, schemas: 'bare' },
  topK: 'nova',
  promptCache: { pointsMax: 4, amongTools: false, hour: false },
};
/**
 * "This model doesn't support tool use in streaming mode", says Bedrock of Llama (n8n 14206, earendil-works/pi 3739);
 * its feature table has the same of Mistral's models of 2024 and Palmyra, obot-platform/obot 4101 of DeepSeek.
 */
const UNSTREAMED_TOOLS: ModelAbilities = { ...STANDARD, tools: { ...STANDARD.tools, streamed: false } };
/** "Conversation blocks and tool result blocks cannot be provided in the same turn", says Bedrock of these. */
const LLAMA: ModelAbilities = {
  ...UNSTREAMED_TOOLS,
  tools: { ...UNSTREAMED_TOOLS.tools, resultsWithTalk: false },
};
/** Mistral's own template wants ids of nine letters and digits. */
const MISTRAL: ModelAbilities = { ...LLAMA, tools: { ...LLAMA.tools, callIds: 'nine' } };

/**
 * Claude from 3.7 on burns five tokens of quota for one of output, every other model one. Source: Bedrock user guide,
 * "How tokens are counted in Amazon Bedrock" (quotas-token-burndown) and "Global cross-Region inference", read
 * 2026-11-21, which name 3.7 Sonnet, Opus 4, Sonnet 4 and Sonnet 4.5. Their successors are taken to burn as they do:
 * a factor too high admits less, never more.
 */
const CLAUDE_OUTPUT_FACTOR = 5;

/**
 * Up to Claude 4.6 an image is scaled to at most 1568 patches of 28 by 28 pixels; older pages of the same guide say
 * "about 1,600" (Claude documentation, "Vision", read 2026-11-21). A quarter is added for what stands around it.
 */
const CLAUDE_IMAGE_TOKENS = 2_000;
/** From Opus 4.7 on an image may have 2576 pixels a side and 4784 patches (same page); a quarter is added. */
const CLAUDE_LARGE_IMAGE_TOKENS = 6_000;
/**
 * Nova scales images to no size of its own: 8000 by 8000 pixels pass. At the densest ratio of its guide's table (900 by
 * 450 pixels are 800 tokens, so 506 pixels a token) that is 126,500 ("Image understanding", read 2026-11-21).
 */
const NOVA_IMAGE_TOKENS = 128_000;
/** Llama 3.2 cuts an image into at most 4 tiles of 1601 tokens (its vision configuration); Llama 4 makes fewer. */
const LLAMA_IMAGE_TOKENS = 8_000;
/** Gemma 3 sees an image as 256 tokens; were it to crop as well (pan and scan), as up to five times that. */
const GEMMA_IMAGE_TOKENS = 2_000;
/**
 * Pixtral sees a patch of 16 by 16 pixels as a token, of an image of at most 1024 pixels a side, and a token more for
 * each row (its model card): 4,160 and what stands around it.
 */
const PIXTRAL_IMAGE_TOKENS = 6_000;
/** Qwen3-VL scales an image to at most 16,777,216 pixels, 1024 of them a token (its preprocessor's configuration). */
const QWEN_IMAGE_TOKENS = 20_000;

const chat = (takes: ModelAbilities): ModelFamily => ({ mode: 'chat', takes, outputFactor: 1 });
const chatWithImages = (takes: ModelAbilities, imageTokensMax: number): ModelFamily => ({
  ...chat(takes),
  imageTokensMax,
});
const claude = (takes: ModelAbilities, imageTokensMax = CLAUDE_IMAGE_TOKENS): ModelFamily => ({
  ...chatWithImages(takes, imageTokensMax),
  outputFactor: CLAUDE_OUTPUT_FACTOR,
});
const EMBEDDING: ModelFamily = { mode: 'embedding', takes: NOTHING, outputFactor: 1 };
const IMAGE: ModelFamily = { mode: 'image', takes: NOTHING, outputFactor: 1 };

/** Capabilities of a whole family that LiteLLM's flags do not know, from the Converse feature table. */
const also = (family: ModelFamily, ...capabilities: readonly Capability[]): ModelFamily => ({
  ...family,
  also: capabilities,
});

/** Every family of the catalogue. */
export const FAMILIES = {
  'claude-3': also(chatWithImages(CLAUDE_3, CLAUDE_IMAGE_TOKENS), 'documents'),
  'claude-3-5': chatWithImages(CLAUDE_3_5, CLAUDE_IMAGE_TOKENS),
  'claude-3-7': claude(CLAUDE_4),
  'claude-4': claude(CLAUDE_4),
  'claude-4-1': claude(CLAUDE_4_1),
  'claude-4-5': claude(CLAUDE_4_5),
  'claude-haiku-4-5': claude(CLAUDE_HAIKU_4_5),
  'claude-opus-4-6': claude(CLAUDE_OPUS_4_6),
  // It can fail to keep to a complex schema (@ai-sdk/amazon-bedrock), so it is made to call a tool instead.
  'claude-sonnet-4-6': claude({ ...CLAUDE_OPUS_4_6, assistantPrefill: true, nativeSchema: 'not-taken' }),
  // Opus 4.7, 4.8 and 5, Sonnet 5.
  'claude-5': claude(CLAUDE_5, CLAUDE_LARGE_IMAGE_TOKENS),
  'claude-fable-5': claude(
    { ...CLAUDE_5, reasoning: { style: 'claude-adaptive', ceiling: 'xhigh', off: 'omitted' } },
    CLAUDE_LARGE_IMAGE_TOKENS,
  ),
  // Opus 5.5, Fable 5.1.
  'claude-5-5': claude(CLAUDE_5_5, CLAUDE_LARGE_IMAGE_TOKENS),
  'command-r': also(chat(STANDARD), 'tools', 'documents'),
  // Always thinks, and is not told how much.
  'deepseek-r1': also(chat(STANDARD), 'documents'),
  'deepseek-v3': chat({ ...UNSTREAMED_TOOLS, reasoning: { style: 'deepseek' } }),
  'gemma-3': chatWithImages(STANDARD, GEMMA_IMAGE_TOKENS),
  glm: chat(STANDARD),
  // OpenAI's open-weight models refuse stop sequences on Converse.
  'gpt-oss': chat({ ...STANDARD, stopSequences: false, reasoning: { style: 'effort-field' } }),
  'jamba-1-5': also(chat(STANDARD), 'tools', 'documents'),
  kimi: chat(STANDARD),
  llama: also(chatWithImages(LLAMA, LLAMA_IMAGE_TOKENS), 'documents'),
  'llama-4': also(chatWithImages(LLAMA, LLAMA_IMAGE_TOKENS), 'images', 'documents'),
  minimax: chat(STANDARD),
  mistral: also(chat(MISTRAL), 'documents'),
  // Devstral, Magistral, Ministral, Large 3, Voxtral.
  'mistral-3': chat({ ...MISTRAL, tools: { ...MISTRAL.tools, streamed: true } }),
  'mistral-7b': also(chat({ ...MISTRAL, systemMessages: false }), 'documents'),
  nemotron: chat(STANDARD),
  nova: also(chatWithImages(NOVA, NOVA_IMAGE_TOKENS), 'tool-choice', 'video'),
  'nova-micro': also(chat(NOVA), 'tool-choice'),
  'nova-2': also(chatWithImages({ ...NOVA, reasoning: { style: 'nova' } }, NOVA_IMAGE_TOKENS), 'tool-choice'),
  palmyra: chat(UNSTREAMED_TOOLS),
  pixtral: also(chatWithImages(MISTRAL, PIXTRAL_IMAGE_TOKENS), 'images', 'documents'),
  qwen: chatWithImages(STANDARD, QWEN_IMAGE_TOKENS),
  'titan-text': chat(NO_SYSTEM),
  'cohere-embed': EMBEDDING,
  'nova-embed': EMBEDDING,
  'titan-embed': EMBEDDING,
  // LiteLLM's price is that of 1024 by 1024 pixels; images of up to 2048 a side cost more.
  'nova-canvas': { ...IMAGE, pricedImageSideMax: 1024 },
  stability: IMAGE,
} as const satisfies Readonly<Record<string, ModelFamily>>;

export type Family = keyof typeof FAMILIES;
