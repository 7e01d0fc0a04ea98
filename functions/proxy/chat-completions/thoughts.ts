/**
 * Thoughts of an answer, which OpenAI's chat completions have no fields for. `reasoning_content` is how most servers and
 * clients call their text; it can be shown. What a model must be sent back in an agent's loop is signed, and stands in
 * `thinking_blocks`, in the shape that Anthropic and LiteLLM have.
 */
import type { ModelEvent } from '../../../shared/domain/model-event.ts';

type ThinkingBlock =
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string }
  | { readonly type: 'redacted_thinking'; readonly data: string };

export interface SignedThoughts {
  /** Of an answer whose thoughts are one signed block. */
  readonly reasoning_signature?: string;
  readonly thinking_blocks?: readonly ThinkingBlock[];
}

/** Its state: the thoughts of one answer so far. */
export class Thoughts {
  /** All that can be read. */
  text = '';
  /** What is not signed yet. */
  #open = '';
  readonly #blocks: ThinkingBlock[] = [];

  observe(event: ModelEvent): void {
    switch (event.type) {
      case 'reasoning-delta':
        this.text += event.text;
        this.#open += event.text;
        return;
      case 'reasoning-signature':
        this.#blocks.push({ type: 'thinking', thinking: this.#open, signature: event.signature });
        this.#open = '';
        return;
      case 'redacted-reasoning':
        this.#blocks.push({ type: 'redacted_thinking', data: event.base64 });
        return;
      default:
        return;
    }
  }

  /** What can be sent back; nothing where the model signed nothing. */
  signed(): SignedThoughts {
    const [first, ...more] = this.#blocks;
    if (first === undefined) return {};
    return {
      ...(first.type === 'thinking' && more.length === 0 && { reasoning_signature: first.signature }),
      thinking_blocks: this.#blocks,
    };
  }
}
