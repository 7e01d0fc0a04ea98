/**
 * DynamoDB's semantics for the expressions that the limits store and the ledger write, in memory and synchronous:
 * the model checks need millions of operations. It parses the expressions' text and refuses what DynamoDB refuses
 * (overlapping paths, unused or missing placeholders, reserved syntax it does not know). The port suites hold it
 * equal to the emulator that speaks the real protocol.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Dynamo } from '../../shared/aws/dynamo.ts';

type Item = Record<string, AttributeValue>;
interface Placeholders {
  readonly ExpressionAttributeNames?: Record<string, string> | undefined;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue> | undefined;
}

export interface MemoryDynamo extends Dynamo {
  /** Every item of a table, by `PK|SK`. */
  dump(table: string): ReadonlyMap<string, Item>;
}

const METADATA = { $metadata: { attempts: 1 } };
const TOKEN = /\s*(<=|>=|<>|[()=<>,]|[#:]?[A-Za-z0-9_]+)/y;

export function createMemoryDynamo(): MemoryDynamo {
  const tables = new Map<string, Map<string, Item>>();
  const tableOf = (name: string | undefined): Map<string, Item> => {
    const table = tables.get(name ?? '') ?? new Map<string, Item>();
    tables.set(name ?? '', table);
    return table;
  };
  return {
    dump: (table) => tableOf(table),
    async getItem(input) {
      const item = tableOf(input.TableName).get(keyOf(input.Key));
      return { ...METADATA, ...(item !== undefined && { Item: item }) };
    },
    async putItem(input) {
      const table = tableOf(input.TableName);
      const item = input.Item ?? {};
      requireCondition(input.ConditionExpression, { ...input, returnOld: false }, table.get(keyOf(item)));
      table.set(keyOf(item), item);
      return METADATA;
    },
    async updateItem(input) {
      const table = tableOf(input.TableName);
      const old = table.get(keyOf(input.Key));
      requireAllUsed(`${input.UpdateExpression} ${input.ConditionExpression ?? ''}`, input);
      const returnOld = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
      requireCondition(input.ConditionExpression, { ...input, returnOld }, old);
      const change = parseUpdate(input.UpdateExpression ?? '', input);
      const next = applyUpdate(change, old ?? { ...input.Key });
      table.set(keyOf(input.Key), next);
      if (input.ReturnValues === 'ALL_NEW') return { ...METADATA, Attributes: next };
      if (input.ReturnValues !== 'UPDATED_NEW') return METADATA;
      const touched = [...change.set, ...change.add].map(([name]) => [name, next[name] ?? { NULL: true }]);
      return { ...METADATA, Attributes: Object.fromEntries(touched) };
    },
    async query(input) {
      const expression = 'PK = :tenant AND SK BETWEEN :from AND :to';
      if (input.KeyConditionExpression !== expression) throw invalid('Only the ledger queries here.');
      const values = input.ExpressionAttributeValues ?? {};
      const [tenant, from = '', to = ''] = [':tenant', ':from', ':to'].map((name) => values[name]?.S);
      if (from > to) throw invalid('The BETWEEN operator requires lower bound <= upper bound.');
      const after = input.ExclusiveStartKey?.['SK']?.S ?? '';
      const found = [...tableOf(input.TableName).values()]
        .filter((item) => item['PK']?.S === tenant)
        .filter((item) => sortKey(item) >= from && sortKey(item) <= to && sortKey(item) > after)
        .toSorted((one, other) => (sortKey(one) < sortKey(other) ? -1 : 1));
      return { ...METADATA, Items: found };
    },
    batchGetItem: () => Promise.reject(invalid('BatchGetItem is not needed by the limits.')),
    transactWriteItems: () => Promise.reject(invalid('TransactWriteItems is not needed by the limits.')),
  };
}

const keyOf = (item: Item | undefined): string => `${item?.['PK']?.S}|${item?.['SK']?.S}`;
const sortKey = (item: Item): string => item['SK']?.S ?? '';

/** An error as the SDK throws it: told apart by its name. */
export function dynamoError(name: string, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { name, ...more });
}
const invalid = (message: string): Error => dynamoError('ValidationException', message);

function requireCondition(
  expression: string | undefined,
  of: Placeholders & { readonly returnOld: boolean },
  item: Item | undefined,
): void {
  if (expression === undefined) return;
  const tokens = tokenize(expression);
  const holds = parseAny(tokens, { of, item: item ?? {} });
  if (tokens.length > 0) throw invalid(`Syntax error near ${tokens[0]}.`);
  if (holds) return;
  const image = of.returnOld && item !== undefined ? { Item: item } : {};
  throw dynamoError('ConditionalCheckFailedException', 'The conditional request failed', {
    ...image,
    $metadata: { attempts: 1 },
  });
}

interface Scope {
  readonly of: Placeholders;
  readonly item: Item;
}

/** Evaluates both sides always: the grammar must be consumed whatever the outcome. */
function parseAny(tokens: string[], scope: Scope): boolean {
  let holds = parseAll(tokens, scope);
  while (tokens[0] === 'OR') {
    tokens.shift();
    const other = parseAll(tokens, scope);
    holds = holds || other;
  }
  return holds;
}

function parseAll(tokens: string[], scope: Scope): boolean {
  let holds = parseOne(tokens, scope);
  while (tokens[0] === 'AND') {
    tokens.shift();
    const other = parseOne(tokens, scope);
    holds = holds && other;
  }
  return holds;
}

function parseOne(tokens: string[], scope: Scope): boolean {
  const first = tokens.shift() ?? '';
  if (first === '(') {
    const holds = parseAny(tokens, scope);
    expect(tokens, ')');
    return holds;
  }
  if (first === 'attribute_not_exists') {
    expect(tokens, '(');
    const name = attributeName(tokens.shift() ?? '', scope.of);
    expect(tokens, ')');
    return scope.item[name] === undefined;
  }
  return compare(
    scope.item[attributeName(first, scope.of)],
    tokens.shift() ?? '',
    value(tokens.shift() ?? '', scope.of),
  );
}

/** Comparing an absent attribute, or one of another type, is false: DynamoDB's rule. */
function compare(left: AttributeValue | undefined, operator: string, right: AttributeValue): boolean {
  if (left === undefined) return false;
  if (operator === '=') return left.S === right.S && left.N === right.N;
  if (left.N === undefined || right.N === undefined) return false;
  switch (operator) {
    case '<=':
      return Number(left.N) <= Number(right.N);
    case '<':
      return Number(left.N) < Number(right.N);
    default:
      throw invalid(`Unknown operator ${operator}.`);
  }
}

interface Change {
  readonly set: readonly (readonly [string, AttributeValue])[];
  readonly add: readonly (readonly [string, AttributeValue])[];
  readonly remove: readonly string[];
}

function parseUpdate(expression: string, of: Placeholders): Change {
  const tokens = tokenize(expression);
  const set = parseClause(tokens, 'SET', () => {
    const name = attributeName(tokens.shift() ?? '', of);
    expect(tokens, '=');
    return [name, value(tokens.shift() ?? '', of)] as const;
  });
  const add = parseClause(
    tokens,
    'ADD',
    () => [attributeName(tokens.shift() ?? '', of), value(tokens.shift() ?? '', of)] as const,
  );
  const remove = parseClause(tokens, 'REMOVE', () => attributeName(tokens.shift() ?? '', of));
  if (tokens.length > 0) throw invalid(`Syntax error near ${tokens[0]}.`);
  const paths = [...set.map(([name]) => name), ...add.map(([name]) => name), ...remove];
  if (new Set(paths).size !== paths.length) throw invalid('Two document paths overlap with each other.');
  return { set, add, remove };
}

/** A clause, where it comes next: its word, then actions between commas. */
function parseClause<Action>(tokens: string[], word: string, parseAction: () => Action): readonly Action[] {
  const actions: Action[] = [];
  if (tokens[0] !== word) return actions;
  do {
    tokens.shift();
    actions.push(parseAction());
  } while (tokens[0] === ',');
  return actions;
}

function applyUpdate(change: Change, old: Item): Item {
  const added = change.add.map(([name, by]) => {
    const sum = Number(old[name]?.N ?? 0) + Number(by.N);
    return [name, { N: String(sum) }] as const;
  });
  const next = { ...old, ...Object.fromEntries(change.set), ...Object.fromEntries(added) };
  const kept = Object.entries(next).filter(([name]) => !change.remove.includes(name));
  return Object.fromEntries(kept);
}

function tokenize(expression: string): string[] {
  const tokens: string[] = [];
  const length = expression.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < length) {
    const token = TOKEN.exec(expression)?.[1];
    if (token === undefined) throw invalid(`Syntax error in ${expression}.`);
    tokens.push(token);
  }
  return tokens;
}

function attributeName(token: string, of: Placeholders): string {
  if (!token.startsWith('#')) {
    if (/^[A-Za-z]\w*$/.test(token)) return token;
    throw invalid(`Not an attribute name: ${token}.`);
  }
  const name = of.ExpressionAttributeNames?.[token];
  if (name === undefined) throw invalid(`An expression attribute name is not defined: ${token}.`);
  return name;
}

function value(token: string, of: Placeholders): AttributeValue {
  const found = of.ExpressionAttributeValues?.[token];
  if (found === undefined) throw invalid(`An expression attribute value is not defined: ${token}.`);
  return found;
}

function expect(tokens: string[], wanted: string): void {
  if (tokens.shift() !== wanted) throw invalid(`Expected ${wanted}.`);
}

function requireAllUsed(expressions: string, of: Placeholders): void {
  const used = new Set(tokenize(expressions));
  const given = [
    ...Object.keys(of.ExpressionAttributeNames ?? {}),
    ...Object.keys(of.ExpressionAttributeValues ?? {}),
  ];
  const unused = given.find((placeholder) => !used.has(placeholder));
  if (unused !== undefined) throw invalid(`Value provided in expressions unused: ${unused}.`);
}
