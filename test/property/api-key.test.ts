import fc from 'fast-check';
import {
  digestKey,
  type KeyKind,
  mintKey,
  parseKey,
  quotable,
  redactKey,
  verifyKey,
} from '../../shared/domain/api-key.ts';
import { newAccountRef, newKeyRef, newTenantRef } from '../../shared/domain/ids.ts';
import { seededRandom } from '../support/random.ts';

const anySecret = fc.uint8Array({ minLength: 32, maxLength: 32 });
const anyOwner = fc.record({
  kind: fc.constantFrom('bpk' as const, 'bpa' as const, 'bpc' as const),
  environment: fc.constantFrom('live' as const, 'test' as const),
  seed: fc.string(),
});

function ownerOf({ kind, environment, seed }: { kind: KeyKind; environment: 'live' | 'test'; seed: string }) {
  const random = seededRandom(seed);
  return { kind, environment, tenant: newTenantRef(random), key: newKeyRef(random, newAccountRef(random)) };
}

/** The secret of a key as a number, read back by the documented digit order. */
function secretOf(text: string): bigint {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  return [...text.slice(-49, -6)].reduce((value, digit) => value * 62n + BigInt(digits.indexOf(digit)), 0n);
}

describe('an API key', () => {
  test('parses to exactly what it was minted from', () => {
    fc.assert(
      fc.property(anyOwner, anySecret, (owner, secret) => {
        const minted = mintKey(() => secret, ownerOf(owner));
        expect(parseKey(minted.text)).toEqual(minted);
      }),
    );
  });

  test('carries all 256 bits of its secret', () => {
    fc.assert(
      fc.property(anyOwner, anySecret, (owner, secret) => {
        const minted = mintKey(() => secret, ownerOf(owner));
        expect(secretOf(minted.text)).toBe(BigInt(`0x${Buffer.from(secret).toString('hex')}`));
      }),
    );
  });

  test('is 79 characters of the alphabet that secret scanners look for', () => {
    fc.assert(
      fc.property(anyOwner, anySecret, (owner, secret) => {
        expect(mintKey(() => secret, ownerOf(owner)).text).toMatch(
          /^bp[kac]_(live|test)_[0-9A-Za-z]{20}_[0-9A-Za-z]{49}$/,
        );
      }),
    );
  });

  test('is not repeated in an answer, wherever it was pasted, whole or cut', () => {
    fc.assert(
      fc.property(
        ...([
          anyOwner,
          anySecret,
          fc.string(),
          fc.nat({ max: 79 }),
          fc.integer({ min: 0, max: 300 }),
        ] as const),
        (owner, secret, around, length, charactersMax) => {
          const { text, kind } = mintKey(() => secret, ownerOf(owner));
          const pasted = text.slice(0, length);
          const repeated = quotable(around + pasted + around, { charactersMax });
          expect(repeated.length).toBeLessThanOrEqual(charactersMax);
          // Behind `bpk_test_`, what is left of a key is the caller's secret.
          if (length > 9) expect(repeated).not.toContain(text.slice(0, 10));
          if (length > 9 && charactersMax > 2 * around.length + 5) expect(repeated).toContain(`${kind}_…`);
        },
      ),
    );
  });

  test('with any one character changed is refused without a read', () => {
    const anyCharacter = fc.constantFrom(
      ...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_ -.é',
    );
    fc.assert(
      fc.property(
        anyOwner,
        anySecret,
        fc.nat({ max: 78 }),
        anyCharacter,
        (owner, secret, position, character) => {
          const { text } = mintKey(() => secret, ownerOf(owner));
          fc.pre(text[position] !== character);
          expect(parseKey(text.slice(0, position) + character + text.slice(position + 1))).toBeUndefined();
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('cut short, lengthened or padded is refused', () => {
    const { text } = mintKey(seededRandom('cut'), ownerOf({ kind: 'bpk', environment: 'live', seed: 'cut' }));
    const variants = [
      text.slice(1),
      text.slice(0, -1),
      `${text}0`,
      `${text}\n`,
      ` ${text}`,
      '',
      text.repeat(2),
    ];
    expect(variants.map(parseKey)).toEqual(variants.map(() => undefined));
  });

  test('verifies against its own digest and no other', () => {
    fc.assert(
      fc.property(anyOwner, anySecret, anySecret, (owner, secret, other) => {
        fc.pre(Buffer.compare(secret, other) !== 0);
        const key = mintKey(() => secret, ownerOf(owner));
        const stored = digestKey(seededRandom('salt'), key);
        expect(verifyKey(key, stored)).toBe(true);
        expect(
          verifyKey(
            mintKey(() => other, ownerOf(owner)),
            stored,
          ),
        ).toBe(false);
      }),
    );
  });

  test('moved to another reference does not verify against the digest it had', () => {
    const secret = seededRandom('moved')(32);
    const here = mintKey(() => secret, ownerOf({ kind: 'bpk', environment: 'live', seed: 'here' }));
    const there = mintKey(() => secret, ownerOf({ kind: 'bpk', environment: 'live', seed: 'there' }));
    expect(verifyKey(there, digestKey(seededRandom('salt'), here))).toBe(false);
  });

  test('verifies against nothing where nothing is stored', () => {
    const key = mintKey(seededRandom('none'), ownerOf({ kind: 'bpk', environment: 'live', seed: 'none' }));
    expect(verifyKey(key, undefined)).toBe(false);
  });

  test('shows none of its secret in its redacted form', () => {
    fc.assert(
      fc.property(anyOwner, anySecret, (owner, secret) => {
        const key = mintKey(() => secret, ownerOf(owner));
        const shown = redactKey(key);
        for (let start = 30; start + 8 <= key.text.length; start += 1) {
          expect(shown).not.toContain(key.text.slice(start, start + 8));
        }
      }),
    );
  });
});
