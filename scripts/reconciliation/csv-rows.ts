/** RFC 4180: cells may be quoted, and then hold commas, line breaks and doubled quotes. */
export interface CsvRow {
  /** Where it begins, as its first line says. */
  readonly place: string;
  readonly cells: readonly string[];
}

/** Rows of lines. A quote that never ends makes one last row of all that follows, which is not as wide as the others. */
export async function* csvRows(
  lines: AsyncIterable<{ readonly place: string; readonly text: string }>,
): AsyncGenerator<CsvRow> {
  let open: { readonly place: string; readonly text: string } | undefined;
  for await (const { place, text } of lines) {
    const row: { readonly place: string; readonly text: string } =
      open === undefined ? { place, text } : { place: open.place, text: `${open.text}\n${text}` };
    open = isWhole(row.text) ? undefined : row;
    if (open === undefined) yield { place: row.place, cells: cellsOf(row.text) };
  }
  if (open !== undefined) yield { place: open.place, cells: [open.text] };
}

const isWhole = (text: string): boolean => text.split('"').length % 2 === 1;

/** A cell and what ends it: a quoted one, or one without quotes. */
const CELL = /(?:"((?:[^"]|"")*)"|([^,"]*))(,|\r?$)/gy;

/** Of a row whose quotes all end. One with text around a quoted cell has fewer cells than its columns. */
function cellsOf(row: string): readonly string[] {
  const cells: string[] = [];
  for (const [, quoted, plain = '', end] of row.matchAll(CELL)) {
    cells.push(quoted === undefined ? plain.replace(/\r$/, '') : quoted.replaceAll('""', '"'));
    if (end !== ',') break;
  }
  return cells;
}
