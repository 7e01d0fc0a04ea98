/** A CSV without quotes, as every source here is: one object a line, by the names of its first line. */
export interface CsvRow {
  /** The cell of this column; throws where the table has none. */
  cell(column: string): string;
}

/** Throws, naming the line, where a line has not as many cells as the first. */
export function parseCsv(text: string): readonly CsvRow[] {
  const [head = '', ...lines] = text.trim().split('\n');
  const columns = head.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    if (cells.length !== columns.length) throw new Error(`Not ${columns.length} cells: ${line}`);
    return {
      cell: (column) => {
        const value = cells[columns.indexOf(column)];
        if (value === undefined) throw new Error(`No column '${column}'`);
        return value;
      },
    };
  });
}
