/** `POST /v1/embeddings`. */
import {
  type EmbeddingModel,
  embeddingModelOf,
  type InputType,
} from '../../../shared/domain/embedding-model.ts';
import { type Estimate, estimateOf } from '../../../shared/domain/estimate.ts';
import type { InvokeAnswer } from '../../../shared/domain/invoke-model.ts';
import type { ModelMode } from '../../../shared/domain/model.ts';
import type { PriceUse } from '../../../shared/domain/price.ts';
import type { KeyPrincipal } from '../../../shared/domain/principal.ts';
import { textTokensMax } from '../../../shared/domain/text-tokens.ts';
import { NO_USAGE } from '../../../shared/domain/usage.ts';
import type { UseCase } from '../../../shared/http/message.ts';
import { admit } from '../admission.ts';
import { requestTags } from '../bedrock/request-metadata.ts';
import type { ProxyDependencies } from '../dependencies.ts';
import { keyPrincipal } from '../key-principal.ts';
import type { CallDependencies } from '../model-call/answer-call.ts';
import { answerParts, type Part } from '../model-call/answer-parts.ts';
import { inWireWords } from '../model-call/wire-words.ts';
import { choosePrices } from '../model-choice.ts';
import type { NamedModel } from '../model-directory.ts';
import { isCostAsked } from '../told-cost.ts';
import { refuseUnsupportedHeaders } from '../wire/headers.ts';
import { within } from '../wire/json-value.ts';
import { refuseUnsupportedValue, refuseValue } from '../wire/refusal.ts';
import { embeddingBody, tokensIn, vectorsIn } from './dialects.ts';
import { type EmbeddingsRequest, parseEmbeddingsRequest } from './request.ts';
import { writeEmbeddings } from './response.ts';

/** What one call was answered for so many texts. */
interface Answered {
  readonly answer: InvokeAnswer;
  readonly count: number;
}

const MODES: readonly ModelMode[] = ['embedding'];
const USE: PriceUse = { tier: 'standard', cacheWrites: 'none', mode: 'embedding' };
/** Texts are embedded to be found, unless the request says otherwise. */
const INPUT_TYPE_DEFAULT: InputType = 'search_document';
/** What a model may add to a text: marks of beginning and end, words for the input type. The estimate has as many. */
const AROUND_TEXT_TOKENS = 16;

/** Answers with the vectors of the texts. */
export const createEmbeddings =
  (deps: CallDependencies): UseCase =>
  async (request) => {
    refuseUnsupportedHeaders(request.headers);
    const asked = parseEmbeddingsRequest(request.body);
    const principal = keyPrincipal(request, 'Texts are embedded');
    const tellsCost = isCostAsked({ headers: request.headers, principal });
    const found = await deps.directory.find(asked.requestedModel, { caller: principal, modes: MODES });
    const model = modelFor(asked, found);
    const price = choosePrices(found, USE);
    const { endUser } = asked;
    const tags = requestTags({ principal, requestId: request.requestId, endUser, metadata: {} }).entries;
    const parts = partsOf(deps, { asked, found, model, tags });
    const admitted = await admit(deps, {
      request,
      principal,
      model: found.model,
      requestedModel: found.name,
      price,
      estimate: estimateFor(asked.texts, { found, price, principal }),
      what: { endpoint: 'embeddings', serviceTier: USE.tier },
    });
    return answerParts(deps, {
      request,
      admitted,
      parts,
      tellsCost,
      ignoredParams:
        asked.inputType !== undefined && model.inputTypes === 'all-the-same' ? ['input_type'] : [],
      write: (results, { usage, nanoUsd }) =>
        writeEmbeddings({
          model: asked.requestedModel,
          // Read here, where everything was counted: what cannot be read was billed all the same.
          vectors: results.flatMap((answered) => vectorsIn(model.dialect, answered)),
          encoding: asked.encoding,
          promptTokens: usage.input,
          nanoUsd,
        }),
    });
  };

/** How the model embeds. Refuses what it does not offer, before anything is reserved. */
function modelFor({ dimensions, texts }: EmbeddingsRequest, { name, model }: NamedModel): EmbeddingModel {
  const known = embeddingModelOf(model.id);
  if (known === undefined) return refuseUnsupportedValue('model', `'${name}' cannot be called by this API.`);
  const { charactersMax = Number.POSITIVE_INFINITY } = known;
  if (dimensions !== undefined && !known.dimensions.includes(dimensions)) {
    const offered = known.dimensions.toSorted((one, other) => one - other).join(', ');
    refuseValue('dimensions', `'${name}' offers ${offered}, but got ${dimensions} instead.`);
  }
  const long = texts.findIndex((text) => text.length > charactersMax);
  if (long >= 0) refuseValue(within('input', long), `'${name}' takes at most ${charactersMax} characters.`);
  return known;
}

/** The strict bound of all texts together; vectors are not billed. */
const estimateFor = (
  texts: readonly string[],
  of: {
    readonly found: NamedModel;
    readonly price: ReturnType<typeof choosePrices>;
    readonly principal: KeyPrincipal;
  },
): Estimate =>
  estimateOf(
    { system: [], messages: texts.map((text) => ({ texts: [text] })) },
    {
      price: of.price,
      outputTokensMax: 0,
      cacheWrites: USE.cacheWrites,
      model: of.found.model,
      counting: of.principal.limits,
    },
  );

/** As many calls as it takes, each of as many texts as one takes. */
function partsOf(
  { invoker }: Pick<ProxyDependencies, 'invoker'>,
  of: {
    readonly asked: EmbeddingsRequest;
    readonly found: NamedModel;
    readonly model: EmbeddingModel;
    readonly tags: Readonly<Record<string, string>>;
  },
): readonly Part<Answered>[] {
  const { asked, found, model, tags } = of;
  const { dialect, textsPerCall } = model;
  const { dimensions, inputType = INPUT_TYPE_DEFAULT } = asked;
  const calls = Math.ceil(asked.texts.length / textsPerCall);
  return Array.from({ length: calls }, (_, index) => {
    const texts = asked.texts.slice(index * textsPerCall, (index + 1) * textsPerCall);
    const tokensMax = texts.reduce((sum, text) => sum + AROUND_TEXT_TOKENS + textTokensMax(text), 0);
    return {
      usageMax: { ...NO_USAGE, input: tokensMax },
      call: async (signal) => {
        const body = embeddingBody(dialect, { texts, dimensions, inputType });
        try {
          const answer = await invoker.invoke({ modelId: found.invokeId, body, metadata: tags, signal });
          const input = tokensIn(answer);
          const usage = input === undefined ? undefined : { ...NO_USAGE, input };
          return { result: { answer, count: texts.length }, usage };
        } catch (error) {
          throw inWireWords(error, 'input');
        }
      },
    };
  });
}
