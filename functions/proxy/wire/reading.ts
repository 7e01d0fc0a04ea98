/** What is counted and noted while one request is read. */
import { documentName } from './document-name.ts';
import { refuseValue } from './refusal.ts';

/** Bedrock user guide, "Carry out a conversation with the Converse API": what one request may carry. */
const IMAGES_MAX = 20;
const DOCUMENTS_MAX = 5;

/**
 * Its state: how many images, which names of documents, how cache points are spelled, and which parameters were found
 * to have no effect.
 */
export class Reading {
  /** The field that the request marks its first cache point with; undefined where it marks none. */
  cachePointParam: string | undefined;
  #images = 0;
  readonly #documents = new Set<string>();
  readonly #ignored = new Set<string>();

  /** Refuses the image that is one too many. */
  countImage(param: string): void {
    this.#images += 1;
    if (this.#images > IMAGES_MAX) refuseValue(param, `a request may carry at most ${IMAGES_MAX} images.`);
  }

  /** The name of the next document. Refuses the document that is one too many. */
  nameDocument(filename: string | undefined, param: string): string {
    const number = this.#documents.size + 1;
    if (number > DOCUMENTS_MAX) {
      return refuseValue(param, `a request may carry at most ${DOCUMENTS_MAX} documents.`);
    }
    const name = documentName(filename, { number, taken: this.#documents });
    this.#documents.add(name);
    return name;
  }

  nameCachePoint(param: string): void {
    this.cachePointParam ??= param;
  }

  /** Notes a parameter that was accepted and has no effect, without the numbers of lists: `messages.name`. */
  ignore(param: string): void {
    this.#ignored.add(param);
  }

  get ignoredParams(): readonly string[] {
    return [...this.#ignored];
  }
}
