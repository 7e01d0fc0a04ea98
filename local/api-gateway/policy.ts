/** How API Gateway judges the policy that an authorizer returned. */
import { isRecord } from './compiled-template.ts';

export type Verdict = 'allowed' | 'denied' | 'malformed';

const ACTION = 'execute-api:invoke';

/**
 * Whether a policy document lets `arn` be invoked. An explicit Deny wins; without an Allow the answer is no.
 * `malformed` for anything that is no policy, and for conditions and negations, which are not evaluated here.
 */
export function judgePolicy(document: unknown, arn: string): Verdict {
  const written = isRecord(document) ? document['Statement'] : undefined;
  if (written === undefined) return 'malformed';
  const statements = (Array.isArray(written) ? written : [written]).map(readStatement);
  let verdict: Verdict = 'denied';
  for (const statement of statements) {
    if (statement === undefined) return 'malformed';
    if (!applies(statement, arn)) continue;
    if (statement.effect === 'Deny') return 'denied';
    verdict = 'allowed';
  }
  return verdict;
}

interface Statement {
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly string[];
  readonly resources: readonly string[];
}

const KEYS: ReadonlySet<string> = new Set(['Sid', 'Effect', 'Action', 'Resource']);

function readStatement(written: unknown): Statement | undefined {
  if (!isRecord(written) || !Object.keys(written).every((key) => KEYS.has(key))) return undefined;
  const { Effect: effect, Action: action, Resource: resource } = written;
  const actions = textsOf(action);
  const resources = textsOf(resource);
  if ((effect !== 'Allow' && effect !== 'Deny') || actions === undefined || resources === undefined) {
    return undefined;
  }
  return { effect, actions, resources };
}

function textsOf(value: unknown): readonly string[] | undefined {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  return texts.every((text) => typeof text === 'string') ? texts : undefined;
}

const applies = ({ actions, resources }: Statement, arn: string): boolean =>
  actions.some((action) => matchesGlob(action.toLowerCase(), ACTION)) &&
  resources.some((resource) => matchesGlob(resource, arn));

/** `*` stands for any characters, slashes too; `?` for exactly one. Linear but for the last `*`. */
function matchesGlob(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resumeAt = 0;
  for (let index = 0; index < text.length; ) {
    const wanted = pattern[at];
    if (wanted === '*') {
      star = at++;
      resumeAt = index;
    } else if (wanted === '?' || wanted === text[index]) {
      at += 1;
      index += 1;
    } else if (star === -1) {
      return false;
    } else {
      at = star + 1;
      index = ++resumeAt;
    }
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}
