/** What people read: aligned columns of plain text, without colours, so that it is the same in a file. */
import { at, isObject, type JsonObject } from './json.ts';

/** A column: its heading, and the dotted path of its value or what makes its text. */
export type Column = readonly [heading: string, value: string | ((row: JsonObject) => string)];

/** Rows under their headings. */
export function table(columns: readonly Column[], rows: readonly JsonObject[]): string {
  const lines = [
    columns.map(([heading]) => heading),
    ...rows.map((row) =>
      columns.map(([, value]) => (typeof value === 'string' ? cell(value, at(row, value)) : value(row))),
    ),
  ];
  return aligned(lines);
}

/** One object, a line a field, nested names dotted. */
export const details = (object: JsonObject): string =>
  aligned(fieldsOf(object).map(([name, value]) => [name, cell(name, value)]));

function fieldsOf(object: JsonObject, prefix = ''): readonly (readonly [string, unknown])[] {
  return Object.entries(object)
    .filter(([name]) => name !== 'object')
    .flatMap(([name, value]) =>
      isObject(value) ? fieldsOf(value, `${prefix}${name}.`) : [[`${prefix}${name}`, value] as const],
    );
}

function aligned(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => [...(line[column] ?? '')].length)),
  );
  const texts = lines.map((line) =>
    line
      .map((text, column) => text + ' '.repeat((widths[column] ?? 0) - [...text].length))
      .join('  ')
      .trimEnd(),
  );
  return texts.map((text) => `${text}\n`).join('');
}

/** OpenAI's times are Unix seconds, and their names say so. */
const TIME = /(_at|_time)$/;

/** Numbers as decimals: the smallest amount would be `1e-9`. */
const DECIMAL = new Intl.NumberFormat('en-US', { useGrouping: false, maximumFractionDigits: 20 });

/** A value as text; an absent one is a dash, so that columns can be split by blanks. */
export function cell(name: string, value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  if (typeof value === 'number') return TIME.test(name) ? timeText(value) : DECIMAL.format(value);
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map((one) => cell('', one)).join(',');
  return printable(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

/** Unix seconds as a date and time of UTC, to the second. */
export function timeText(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? '-' : date.toISOString().replace('.000Z', 'Z');
}

/** Text of a server without what steers a terminal: control and format characters. */
export const printable = (text: string): string => text.replaceAll(/\p{C}/gu, '\ufffd');
