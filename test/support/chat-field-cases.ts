/** What is done about a body of a chat completion: cases for tables of fields. */
import { parseChatRequest } from '../../functions/proxy/chat-completions/request.ts';
import { ASK } from './proxy-fixture.ts';

/** What is read from a body and noted as without effect, or the code and the field that it is refused with. */
export type FieldCase =
  | { readonly body: object; readonly reads: object; readonly ignores?: readonly string[] }
  | { readonly body: object; readonly refuses: readonly [code: string, param: string] };
export type FieldCases = Readonly<Record<string, FieldCase>>;

export const asks = (fields: object): object => ({ ...ASK, ...fields });
/** What these fields make of the command. */
export const honoured = (fields: object, command: object): FieldCase => ({
  body: asks(fields),
  reads: { command },
});
export const said = (text: string) => [{ role: 'user', content: [{ type: 'text', text }] }];

/** Of a value the fields that another one has, and of its command likewise. */
function partOf(value: object, like: object): object {
  const fields = Object.keys(like).map((name) => {
    const field: unknown = Reflect.get(value, name);
    const wanted: unknown = Reflect.get(like, name);
    const isCommand = name === 'command' && isRecord(field) && isRecord(wanted);
    return [name, isCommand ? partOf(field, wanted) : field];
  });
  return Object.fromEntries(fields);
}

const isRecord = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** One table of fields, by the name of what has them. */
export function describeFields(tables: Readonly<Record<string, FieldCases>>): void {
  describe.each(Object.entries(tables))(
    'every field of %s is honoured, refused by name, or listed as ignored',
    (_, cases) => {
      test.each(Object.entries(cases))('%s', (_field, one) => {
        if ('refuses' in one) {
          const [code, param] = one.refuses;
          expect(() => parseChatRequest(one.body)).toThrow(expect.objectContaining({ code, param }));
          return;
        }
        const read = parseChatRequest(one.body);
        expect(partOf(read, one.reads)).toEqual(one.reads);
        expect(read.command.ignoredParams).toEqual(one.ignores ?? []);
      });
    },
  );
}
