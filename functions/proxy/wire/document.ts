/** Documents of a request. */
import type { DocumentBlock } from '../../../shared/domain/conversation.ts';
import { headOf, readBase64 } from './base64.ts';
import { type DocumentKind, documentKindOf, HEAD_CHARACTERS } from './media-format.ts';
import type { Reading } from './reading.ts';
import { refuseValue } from './refusal.ts';

type DocumentFormat = DocumentBlock['format'];

/** 4.5 MB (Bedrock user guide, "Carry out a conversation with the Converse API"). */
const DOCUMENT_BYTES_MAX = 4_718_592;

/** What may be in bytes of a kind; bytes alone do not tell these from each other. */
const FORMATS: Readonly<Record<DocumentKind, readonly DocumentFormat[]>> = {
  pdf: ['pdf'],
  zip: ['docx', 'xlsx'],
  'compound-file': ['doc', 'xls'],
  text: ['txt', 'md', 'csv', 'html'],
};

const BY_EXTENSION: ReadonlyMap<string, DocumentFormat> = new Map([
  ['pdf', 'pdf'],
  ['csv', 'csv'],
  ['doc', 'doc'],
  ['docx', 'docx'],
  ['xls', 'xls'],
  ['xlsx', 'xlsx'],
  ['html', 'html'],
  ['htm', 'html'],
  ['txt', 'txt'],
  ['md', 'md'],
  ['markdown', 'md'],
]);

/** Media types as IANA registers them. */
const BY_MEDIA_TYPE: ReadonlyMap<string, DocumentFormat> = new Map([
  ['application/pdf', 'pdf'],
  ['text/csv', 'csv'],
  ['application/msword', 'doc'],
  ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'docx'],
  ['application/vnd.ms-excel', 'xls'],
  ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'xlsx'],
  ['text/html', 'html'],
  ['text/plain', 'txt'],
  ['text/markdown', 'md'],
]);

export interface DocumentSource {
  readonly base64: string;
  /** Lower case. */
  readonly mediaType?: string | undefined;
  readonly filename?: string | undefined;
}

/**
 * A document. Its bytes say of which kind it is, its file's name or its media type which format of that kind; text of no
 * known format (a program's source, say) is plain text.
 */
export function documentFrom(
  source: DocumentSource,
  of: { readonly param: string; readonly reading: Reading },
): DocumentBlock {
  const bytes = readBase64(source.base64, { param: of.param, bytesMax: DOCUMENT_BYTES_MAX });
  const format = formatOf(source, of.param);
  return { type: 'document', name: of.reading.nameDocument(source.filename, of.param), format, ...bytes };
}

function formatOf(source: DocumentSource, param: string): DocumentFormat {
  const declared = declaredFormats(source);
  const kind = documentKindOf(headOf(source.base64, HEAD_CHARACTERS));
  const possible = FORMATS[kind];
  const format = declared.find((one) => possible.includes(one));
  if (kind === 'text' && !isText(source.base64)) {
    return refuseValue(param, 'the bytes are neither those of a PDF, Word or Excel file nor text in UTF-8.');
  }
  if (format !== undefined) return format;
  if (kind === 'pdf') return kind;
  if (kind === 'text' && declared.length === 0) return 'txt';
  return refuseValue(
    param,
    `the bytes may be of a file in ${possible.join(' or ')}. Say which by its filename or its media type.`,
  );
}

function declaredFormats({ filename = '', mediaType = '' }: DocumentSource): readonly DocumentFormat[] {
  const extension = filename.slice(filename.lastIndexOf('.') + 1).toLowerCase();
  return [BY_EXTENSION.get(extension), BY_MEDIA_TYPE.get(mediaType)].filter((format) => format !== undefined);
}

function isText(base64: string): boolean {
  try {
    return !new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64')).includes('\0');
  } catch {
    return false;
  }
}
