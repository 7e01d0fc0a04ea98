/** What files a conversation may carry: kinds, sizes, numbers, and bytes that are what they are called. */
import { type EmulatedModel, foundationModelOf } from './models.ts';
import { refuse } from './service-error.ts';
import { blocksOf, type Media, mediaOf, type Turn } from './turns.ts';

/** Bedrock user guide, "Carry out a conversation with the Converse API": images, then documents, a request. */
const IMAGES_MAX = 20;
const IMAGE_BYTES_MAX = 3_932_160;
const DOCUMENTS_MAX = 5;
const DOCUMENT_BYTES_MAX = 4_718_592;
const MEDIA_BYTES_MAX = 25_000_000;
const IMAGE_SIDE_MAX = 8000;

/** ValidationException for the first file that the service or the model would refuse. */
export function checkMedia(turns: readonly Turn[], model: EmulatedModel): void {
  const all = turns.flatMap(mediaOf);
  if (all.length === 0) return;
  for (const turn of turns) {
    checkPlaces(turn, model);
    checkResults(turn, model);
  }
  checkNumbers(all);
  for (const file of all) checkFile(file);
  for (const [index, turn] of turns.entries()) checkDocumentsHaveText(turn, index);
}

const CAPABILITY = { audio: 'audio', document: 'documents', image: 'images', video: 'video' } as const;

function checkPlaces(turn: Turn, { capabilities }: EmulatedModel): void {
  for (const { media } of mediaOf(turn)) {
    if (turn.role !== 'user') {
      refuse(
        `This model doesn't support the ${media} field for ${turn.role} messages. Remove ${media} and try again.`,
      );
    }
    if (capabilities?.includes(CAPABILITY[media]) !== false) continue;
    if (media === 'document') refuse("This model doesn't support documents.");
    refuse(`This model doesn't support the ${media} field for user messages. Remove ${media} and try again.`);
  }
}

/** Families that look at images inside tool results; the others take them beside only. */
const SEES_IN_RESULTS = /^(?:anthropic\.|amazon\.nova|meta\.llama4)/;

function checkResults({ blocks }: Turn, { id }: EmulatedModel): void {
  if (SEES_IN_RESULTS.test(foundationModelOf(id))) return;
  const inside = blocksOf(blocks, 'tool-result').flatMap(({ media }) => media);
  if (inside.some(({ media }) => media === 'image')) {
    refuse("This model doesn't support the image field for user messages. Remove image and try again.");
  }
}

function checkNumbers(all: readonly Media[]): void {
  const images = all.filter(({ media }) => media === 'image').length;
  if (images > IMAGES_MAX) refuse(`too many images and documents: ${images} + 0 > ${IMAGES_MAX}`);
  const documents = all.filter(({ media }) => media === 'document');
  if (documents.length > DOCUMENTS_MAX) {
    refuse(`The number of documents exceeds the maximum of ${DOCUMENTS_MAX} for a request.`);
  }
  const names = documents.map(({ name }) => name);
  if (new Set(names).size < names.length) refuse('The document names in a request must be unique.');
}

function checkFile({ media, format, base64, name }: Media): void {
  if (media === 'document') checkDocumentName(name ?? '');
  if (base64 === undefined) return;
  const bytesMax = { image: IMAGE_BYTES_MAX, document: DOCUMENT_BYTES_MAX }[String(media)] ?? MEDIA_BYTES_MAX;
  if (Buffer.byteLength(base64, 'base64') > bytesMax) {
    refuse(`The ${media} exceeds the maximum size of ${bytesMax} bytes.`);
  }
  if (media === 'image') checkImage(Buffer.from(base64, 'base64'), format ?? '');
  if (media === 'document' && format === 'pdf') {
    if (Buffer.from(base64.slice(0, 8), 'base64').toString('latin1').slice(0, 4) !== '%PDF') {
      refuse('The model returned the following errors: The PDF specified was not valid.');
    }
  }
}

/** The service model leaves the pattern of a document's name to its prose. */
function checkDocumentName(name: string): void {
  if (/^[a-zA-Z0-9\s\-()[\]]+$/.test(name) && !/\s\s/.test(name)) return;
  refuse(
    'The document file name can only contain alphanumeric characters, whitespace characters, hyphens, parentheses, ' +
      'and square brackets. The name cannot contain more than one consecutive whitespace character.',
  );
}

const MAGIC: Readonly<Record<string, (bytes: Buffer) => boolean>> = {
  png: (bytes) => bytes.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex')),
  jpeg: (bytes) => bytes.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex')),
  gif: (bytes) => /^GIF8[79]a$/.test(bytes.toString('latin1', 0, 6)),
  webp: (bytes) => /^RIFF....WEBP$/s.test(bytes.toString('latin1', 0, 12)),
};

function checkImage(bytes: Buffer, format: string): void {
  const kind = Object.keys(MAGIC).find((name) => MAGIC[name]?.(bytes));
  if (kind === undefined) refuse('The model returned the following errors: Could not process image');
  if (kind !== format) {
    refuse(
      'The model returned the following errors: messages: image.source.base64.data: Image does not match the ' +
        `provided media type image/${format}`,
    );
  }
  // Only PNG says its size at a fixed place; the others are taken at their word.
  const sides = kind === 'png' && bytes.length >= 24 ? [bytes.readUInt32BE(16), bytes.readUInt32BE(20)] : [];
  if (sides.some((side) => side > IMAGE_SIDE_MAX)) {
    refuse(
      'The model returned the following errors: messages: image.source.base64.data: At least one of the image ' +
        'dimensions exceed max allowed size: 8000 pixels',
    );
  }
}

function checkDocumentsHaveText(turn: Turn, index: number): void {
  const documents = blocksOf(turn.blocks, 'media').some(({ media }) => media === 'document');
  if (documents && blocksOf(turn.blocks, 'text').length === 0) {
    refuse(
      `The content field at messages.${index} has a document but no text. Add a text block to the content field and ` +
        'try again.',
    );
  }
}
