import { readFileSync } from 'node:fs';
import { outcomeOf } from '../../../scripts/compatibility/outcome.ts';
import { compatibilityPage } from '../../../scripts/compatibility/page.ts';
import type { Probe } from '../../../scripts/compatibility/probes.ts';
import { CATALOGUE } from '../../../shared/domain/catalogue.ts';
import type { Model } from '../../../shared/domain/model.ts';

const modelOf = (id: string): Model => CATALOGUE.find((model) => model.id === id) ?? fail(id);
const fail = (id: string): never => {
  throw new TypeError(`The catalogue has no ${id}.`);
};

test('the page is what the code does: `npm run compatibility` writes it', () => {
  expect(readFileSync(new URL('../../../docs/compatibility.md', import.meta.url), 'utf8')).toBe(
    compatibilityPage(),
  );
});

const probe = (of: Partial<Probe>): Probe => ({
  label: 'temperature',
  fields: { temperature: 0.5 },
  ignoredAs: ['temperature'],
  isNative: ({ inferenceConfig }) => inferenceConfig.temperature === 0.5,
  ...of,
});

test.each([
  ['honoured', 'amazon.nova-lite-v1:0', {}],
  ['ignored', 'us.anthropic.claude-opus-4-8', {}],
  ['emulated', 'amazon.nova-lite-v1:0', { isNative: () => false }],
  ['refused', 'amazon.nova-lite-v1:0', { fields: { temperature: 3 } }],
] as const)('a probe is %s', (outcome, id, of) => {
  expect(outcomeOf(probe(of), modelOf(id))).toBe(outcome);
});

test('what is neither sent, nor refused, nor said to be ignored stops the page', () => {
  const silent = probe({ fields: { seed: 1 }, isNative: () => false });
  expect(() => outcomeOf(silent, modelOf('amazon.nova-lite-v1:0'))).toThrow(
    'temperature of amazon.nova-lite-v1:0 is neither sent, nor refused, nor said to be ignored.',
  );
});
