import { readFileSync } from 'node:fs';
import { aliasModule, readAliases } from '../../../scripts/build-aliases.ts';
import { aliasesOf } from '../../../shared/domain/deployment-aliases.ts';

const NOVA = 'amazon.nova-lite-v1:0';
const MICRO = 'amazon.nova-micro-v1:0';
const PROFILE = 'arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc123';

test('the repository’s aliases are those of its module', () => {
  const written = readFileSync(new URL('../../../shared/domain/alias-data.ts', import.meta.url), 'utf8');
  expect(aliasModule(readAliases())).toBe(written);
});

test('the module has the aliases of each stage', () => {
  const text = aliasModule(JSON.stringify({ '*': { 'gpt-4o': NOVA }, dev: {}, prod: { team: PROFILE } }));
  expect(text.slice(text.indexOf('DEPLOYMENT_ALIASES'))).toBe(
    `DEPLOYMENT_ALIASES: Readonly<Record<string, ModelAliases>> = {
  '*': {
    'gpt-4o': '${NOVA}',
  },
  'prod': {
    'team': '${PROFILE}',
  },
};
`,
  );
});

test('a stage’s own aliases come before those of all', () => {
  const byStage = { '*': { 'gpt-4o': NOVA, small: MICRO }, prod: { 'gpt-4o': MICRO } };
  expect(aliasesOf('prod', byStage)).toEqual({ 'gpt-4o': MICRO, small: MICRO });
  expect(aliasesOf('dev', byStage)).toEqual({ 'gpt-4o': NOVA, small: MICRO });
  expect(aliasesOf('dev', {})).toEqual({});
});

test.each([
  ['a target that is no model', { '*': { a: 'unknown' } }, "'a' leads to 'unknown'"],
  ['an alias of an alias', { '*': { a: 'b', b: NOVA } }, "'a' leads to 'b'"],
  ['a name that hides a model', { '*': { [NOVA]: MICRO } }, `'${NOVA}' would hide`],
  [
    'the ARN of a system profile',
    { '*': { a: PROFILE.replace('application-', '') } },
    'no ARN of an application',
  ],
  ['a name like an ARN', { '*': { 'arn:a': NOVA } }, 'arn:a'],
  ['a name with a quote', { '*': { "a'b": NOVA } }, "a'b"],
  ['a stage that is none', { Prod: { a: NOVA } }, 'Prod'],
  ['a target of another type', { '*': { a: 7 } }, 'invalid_type'],
])('the script refuses %s', (_what, aliases, message) => {
  expect(() => aliasModule(JSON.stringify(aliases))).toThrow(message);
});

test('the script refuses the name that would change the module’s object itself', () => {
  expect(() => aliasModule('{"*":{"__proto__":"amazon.nova-lite-v1:0"}}')).toThrow('__proto__');
});
