import { isIP } from 'node:net';
import fc from 'fast-check';
import { inIpRanges, ipRangeCovers, ipRangeFault, isIpRange } from '../../../shared/domain/ip-range.ts';

/** An address family by its arithmetic, as an account of its own of what a range is. */
interface Family {
  readonly bits: number;
  readonly write: (value: bigint) => string;
}
const V4: Family = {
  bits: 32,
  write: (value) => [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.'),
};
const V6: Family = {
  bits: 128,
  write: (value) =>
    Array.from({ length: 8 }, (_, index) =>
      ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
    ).join(':'),
};
const FAMILIES = [
  ['IPv4', V4],
  ['IPv6', V6],
] as const;

const valueIn = ({ bits }: Family) => fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n });
const anyPrefix = ({ bits }: Family) => fc.integer({ min: 0, max: bits });
const shared = (family: Family, of: { one: bigint; other: bigint; prefix: number }) =>
  of.one >> BigInt(family.bits - of.prefix) === of.other >> BigInt(family.bits - of.prefix);
/** A value that agrees with another in its first bits. */
const near = (family: Family, of: { value: bigint; noise: bigint; keep: number }) => {
  const free = BigInt(family.bits - of.keep);
  return ((of.value >> free) << free) | (of.noise & ((1n << free) - 1n));
};
/** The first address of a network. */
const beginning = (family: Family, of: { value: bigint; prefix: number }) =>
  near(family, { value: of.value, noise: 0n, keep: of.prefix });

describe.each(FAMILIES)('a range of %s addresses', (_name, family) => {
  /** An IPv4 address in IPv6 spelling is IPv4: it has tests of its own below. */
  const write = (value: bigint): string => {
    fc.pre(family === V4 || value >> 32n !== 0xffffn);
    return family.write(value);
  };

  test('holds the addresses that share its first bits and no others', () => {
    fc.assert(
      fc.property(
        valueIn(family),
        valueIn(family),
        anyPrefix(family),
        anyPrefix(family),
        (network, noise, prefix, keep) => {
          const address = near(family, { value: network, noise, keep });
          const held = shared(family, { one: network, other: address, prefix });
          const range = `${write(beginning(family, { value: network, prefix }))}/${prefix}`;
          expect(inIpRanges(write(address), [range])).toBe(held);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('covers another that is no wider and begins in it', () => {
    fc.assert(
      fc.property(
        fc.tuple(valueIn(family), anyPrefix(family)),
        fc.tuple(valueIn(family), anyPrefix(family)),
        anyPrefix(family),
        ([wide, widePrefix], [noise, narrowPrefix], keep) => {
          const narrow = beginning(family, {
            value: near(family, { value: wide, noise, keep }),
            prefix: narrowPrefix,
          });
          const covers =
            narrowPrefix >= widePrefix && shared(family, { one: wide, other: narrow, prefix: widePrefix });
          const outer = `${write(beginning(family, { value: wide, prefix: widePrefix }))}/${widePrefix}`;
          const inner = `${write(narrow)}/${narrowPrefix}`;
          expect(ipRangeCovers(outer, inner)).toBe(covers);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('has no bit behind its prefix, and its refusal says which network was meant', () => {
    fc.assert(
      fc.property(valueIn(family), anyPrefix(family), (value, prefix) => {
        const first = beginning(family, { value, prefix });
        const fault = ipRangeFault(`${write(value)}/${prefix}`);
        if (first === value) {
          expect(fault).toBeUndefined();
        } else {
          const meant = /Write (\S+), or (\S+) for/.exec(fault ?? '');
          expect(ipRangeCovers(meant?.[1] ?? '', `${write(first)}/${prefix}`)).toBe(true);
          expect(ipRangeCovers(`${write(first)}/${prefix}`, meant?.[1] ?? '')).toBe(true);
          expect(inIpRanges(write(value), [meant?.[2] ?? ''])).toBe(true);
          expect(inIpRanges(write(value), [`${write(value)}/${prefix}`])).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('of one is a bare address', () => {
    fc.assert(
      fc.property(valueIn(family), (value) => {
        expect(inIpRanges(write(value), [write(value)])).toBe(true);
        expect(ipRangeCovers(write(value), `${write(value)}/${family.bits}`)).toBe(true);
      }),
    );
  });
});

describe('a range', () => {
  test('holds an IPv4 address however it arrives', () => {
    fc.assert(
      fc.property(valueIn(V4), valueIn(V4), anyPrefix(V4), (address, network, prefix) => {
        const ranges = [`${V4.write(beginning(V4, { value: network, prefix }))}/${prefix}`];
        expect(inIpRanges(`::ffff:${V4.write(address)}`, ranges)).toBe(inIpRanges(V4.write(address), ranges));
      }),
    );
  });

  test('is not what anyone happens to write', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 50 }), fc.ipV4(), (text, address) => {
        if (!isIpRange(text)) expect(inIpRanges(address, [text])).toBe(false);
        expect(inIpRanges(text, ['0.0.0.0/0', '::/0'])).toBe(isIP(text) !== 0);
      }),
    );
  });

  /** `::ffff:203.0.113.7`, in both spellings. */
  const mappedTexts = (value: bigint) => [`::ffff:${V4.write(value)}`, V6.write((0xffffn << 32n) | value)];

  test('of mapped addresses is the range of IPv4 that it means, or none', () => {
    fc.assert(
      fc.property(valueIn(V4), valueIn(V4), anyPrefix(V6), anyPrefix(V4), (value, noise, prefix, keep) => {
        const first = prefix < 96 ? value : beginning(V4, { value, prefix: prefix - 96 });
        const address = V4.write(near(V4, { value: first, noise, keep }));
        for (const text of mappedTexts(first)) {
          expect(isIpRange(`${text}/${prefix}`)).toBe(prefix >= 96);
          const means = prefix >= 96 ? [`${V4.write(first)}/${prefix - 96}`] : [];
          expect(inIpRanges(address, [`${text}/${prefix}`])).toBe(inIpRanges(address, means));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('of one family holds no address of the other', () => {
    fc.assert(
      fc.property(valueIn(V4), valueIn(V6), (four, six) => {
        for (const text of [V4.write(four), ...mappedTexts(four)]) {
          expect(inIpRanges(text, ['::/0'])).toBe(false);
          expect(ipRangeCovers('::/0', text)).toBe(false);
          expect(inIpRanges(text, ['0.0.0.0/0'])).toBe(true);
        }
        expect(inIpRanges(V6.write(six), ['::/0', '0.0.0.0/0'])).toBe(true);
        expect(inIpRanges(V6.write(six), ['0.0.0.0/0'])).toBe(six >> 32n === 0xffffn);
      }),
    );
  });

  test.each([
    ['10.0.0.1/8', 'Write 10.0.0.0/8, or 10.0.0.1 for'],
    ['2001:db8::1/32', 'Write 2001:db8::/32, or 2001:db8::1 for'],
    ['::ffff:1.2.3.4/120', 'Write 1.2.3.0/24, or 1.2.3.4 for'],
    ['::ffff:1.2.3.4/24', 'Write it as IPv4'],
    ['10.0.0.0/33', 'write an address or a CIDR range'],
  ])('is not %s, and the refusal says what to write', (text, remedy) => {
    expect(ipRangeFault(text)).toContain(remedy);
  });

  test.each([
    '',
    '203.0.113.0/33',
    '2001:db8::/129',
    '203.0.113.0/-1',
    '203.0.113.0/',
    '203.0.113.0/24/24',
    '203.0.113/24',
    '0203.0.113.0/24',
    '203.0.113.0/2 4',
    'example.org',
    'fe80::1%eth0',
    '203.0.113.0/24\n',
    ' 203.0.113.0/24',
    '*',
  ])('is not %j', (text) => {
    expect(isIpRange(text)).toBe(false);
  });
});
