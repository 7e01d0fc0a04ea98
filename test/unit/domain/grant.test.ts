import {
  exceeding,
  GRANT_BYTES_MAX,
  GRANT_IP_RANGES_MAX,
  GRANT_MODELS_MAX,
  type Grant,
  grantFits,
  KEY_SCOPES,
  narrowGrant,
  PERMISSION_LEVELS,
  patternCovers,
  scopesInForce,
} from '../../../shared/domain/grant.ts';

const all: Grant = { scopes: KEY_SCOPES, level: 'exec' };

describe('a grant within another', () => {
  test.each<[string, Partial<Grant>, Partial<Grant>, readonly string[]]>([
    ['the same', {}, {}, []],
    ['fewer scopes', { scopes: ['models:read'] }, {}, []],
    ['a scope more', {}, { scopes: ['models:read'] }, ['scopes']],
    ['a lower level', { level: 'read' }, { level: 'write' }, []],
    ['a higher level', { level: 'write' }, { level: 'read' }, ['level']],
    ['some models of all', { models: ['a'] }, {}, []],
    ['all models where some are meant', {}, { models: ['a'] }, ['models']],
    ['a pattern within a pattern', { models: ['ab*', 'abc'] }, { models: ['a*'] }, []],
    ['a pattern beyond an id', { models: ['ab*'] }, { models: ['ab'] }, ['models']],
    ['no model at all', { models: [] }, { models: ['a'] }, []],
    ['a range within', { ipRanges: ['10.1.0.0/16'] }, { ipRanges: ['10.0.0.0/8'] }, []],
    ['a range beyond', { ipRanges: ['10.0.0.0/7'] }, { ipRanges: ['10.0.0.0/8'] }, ['allowed_ips']],
    ['everywhere', {}, { ipRanges: ['10.0.0.0/8'] }, ['allowed_ips']],
    [
      'beyond in everything',
      {},
      { scopes: [], level: 'read', models: [], ipRanges: [] },
      ['scopes', 'level', 'models', 'allowed_ips'],
    ],
  ])('%s', (_what, inner, outer, beyond) => {
    expect(exceeding({ ...all, ...inner }, { ...all, ...outer })).toEqual(beyond);
  });
});

describe('two grants narrowed', () => {
  test('keep of each two that overlap the narrower', () => {
    const one: Grant = { scopes: ['models:read', 'usage:read'], level: 'write', models: ['a*', 'bc', 'd'] };
    const other: Grant = { scopes: ['models:read', 'keys:rotate'], level: 'exec', models: ['ab*', 'b*'] };
    expect(narrowGrant(one, other)).toEqual({
      scopes: ['models:read'],
      level: 'write',
      models: ['bc', 'ab*'],
    });
  });

  test('that share no model allow none, which is not the same as all', () => {
    expect(narrowGrant({ ...all, models: ['a'] }, { ...all, models: ['b'] }).models).toEqual([]);
    expect(narrowGrant(all, all)).not.toHaveProperty('models');
  });
});

describe('a level', () => {
  test.each(PERMISSION_LEVELS)('%s leaves scopes that read, and others unless it is read', (level) => {
    const reads = ['models:read', 'usage:read'];
    expect(scopesInForce({ ...all, level })).toEqual(level === 'read' ? reads : KEY_SCOPES);
  });
});

describe('a pattern', () => {
  test.each([
    ['a', 'a', true],
    ['a', 'ab', false],
    ['a*', 'a', true],
    ['a*', 'ab', true],
    ['a*', 'b', false],
    ['*', 'anything', true],
    ['a*', '*', false],
    ['a', 'a*', false],
    ['a.b*', 'axb', false],
  ])('%s covers %s: %s', (outer, inner, covers) => {
    expect(patternCovers(outer, inner)).toBe(covers);
  });
});

describe('what travels with a request', () => {
  const short = (count: number) => Array.from({ length: count }, (_, index) => `m${index}`);
  const ofBytes = (bytes: number) => ({
    models: ['m'.repeat(bytes - JSON.stringify({ models: [''] }).length)],
  });

  test.each<[string, Pick<Grant, 'models' | 'ipRanges'>, boolean]>([
    ['nothing', {}, true],
    ['as many models as may be', { models: short(GRANT_MODELS_MAX) }, true],
    ['one model more', { models: short(GRANT_MODELS_MAX + 1) }, false],
    [
      'as many ranges as may be',
      { ipRanges: Array.from({ length: GRANT_IP_RANGES_MAX }, () => '::/0') },
      true,
    ],
    ['one range more', { ipRanges: Array.from({ length: GRANT_IP_RANGES_MAX + 1 }, () => '::/0') }, false],
    ['as many bytes as may be', ofBytes(GRANT_BYTES_MAX), true],
    ['one byte more', ofBytes(GRANT_BYTES_MAX + 1), false],
    [
      'the longest ranges, and a model',
      {
        ipRanges: Array.from(
          { length: GRANT_IP_RANGES_MAX },
          (_, i) => `2001:db8:ffff:ffff:ffff:ffff:ffff:fff${i}/128`,
        ),
        models: ['global.anthropic.claude-sonnet-4-5-20250929-v1:0'],
      },
      true,
    ],
  ])('may be %s: %#', (_what, lists, fits) => {
    expect(grantFits(lists)).toBe(fits);
  });
});
