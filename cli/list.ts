import { type JsonObject, objectsAt } from './json.ts';
import type { Session } from './session.ts';
import { type Column, table } from './table.ts';

/** Answers with a list of the API, and says where it was cut off. */
export function answerList(
  session: Session,
  of: { readonly document: JsonObject; readonly columns: readonly Column[] },
): void {
  const { document, columns } = of;
  const rows = objectsAt(document, 'data');
  session.answer(document, () => table(columns, rows));
  if (document['has_more'] === true) {
    session.say(`There are more than these ${rows.length}. Give a greater --limit to see them.`);
  }
}
