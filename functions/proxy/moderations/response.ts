/** Verdicts as OpenAI's moderation. */
import type { RequestId } from '../../../shared/domain/ids.ts';
import type { Verdict } from '../../../shared/domain/moderation.ts';

/** The answer as JSON text. */
export const writeModeration = (of: {
  readonly requestId: RequestId;
  readonly model: string;
  readonly verdicts: readonly Verdict[];
}): string =>
  JSON.stringify({ id: `modr-${of.requestId}`, model: of.model, results: of.verdicts.map(wireVerdict) });

/** A score that has no source applies to no kind of input, and says so. */
const wireVerdict = ({ flagged, categories }: Verdict): object => ({
  flagged,
  categories: Object.fromEntries(categories.map((one) => [one.category, one.flagged])),
  category_scores: Object.fromEntries(categories.map((one) => [one.category, one.score])),
  category_applied_input_types: Object.fromEntries(
    categories.map((one) => [one.category, one.scored ? ['text'] : []]),
  ),
});
