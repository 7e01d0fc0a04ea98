/**
 * Address ranges in CIDR notation. A bare address is a range of one. An IPv4 address that is written as IPv6
 * (`::ffff:203.0.113.7`, RFC 4291 2.5.5.2) is the IPv4 address, wherever it stands: no range of one family holds an
 * address of the other, so that `::/0` is every IPv6 address and nothing else.
 */
import { isIP } from 'node:net';

const ADDRESS = /^[0-9A-Fa-f:.]{2,45}$/;
const RANGE = /^([0-9A-Fa-f:.]{2,45})(?:\/(\d{1,3}))?$/;
const BITS = { 4: 32, 6: 128 } as const;
/** The first 96 bits of an IPv4 address that is written as IPv6. */
const MAPPED_PREFIX = 96;
const MAPPED = 0xffffn;

interface Address {
  readonly version: 4 | 6;
  readonly value: bigint;
}

interface Range extends Address {
  readonly prefix: number;
}

/** Whether a text is a range: `203.0.113.0/24`, `2001:db8::/32`, `198.51.100.7`. */
export const isIpRange = (text: string): boolean => ipRangeFault(text) === undefined;

/**
 * Why a text is no range, and what to write instead; undefined where it is one. A range that says one network and means
 * another is a fault: `10.0.0.1/8` opens sixteen million addresses to whoever thinks of one, and `::ffff:1.2.3.4/24`
 * would open all of IPv4.
 */
export function ipRangeFault(text: string): string | undefined {
  const written = parseWritten(text);
  if (written === undefined) {
    return 'write an address or a CIDR range, such as 203.0.113.0/24 or 2001:db8::/32.';
  }
  const range = unmapped(written);
  if (range === undefined) {
    return 'a range of IPv4 addresses that are written as IPv6 has a prefix of 96 or more. Write it as IPv4, such as 203.0.113.0/24.';
  }
  const network = networkOf(range);
  if (network.value === range.value) return undefined;
  return `its address has bits behind its prefix. Write ${textOf(network)}/${range.prefix}, or ${textOf(range)} for that address alone.`;
}

/** Whether an address lies in one of the ranges. What is no address, or no range, matches nothing. */
export function inIpRanges(address: string, ranges: readonly string[]): boolean {
  const written = ADDRESS.test(address) ? parseWritten(address) : undefined;
  const one = written === undefined ? undefined : unmapped(written);
  if (one === undefined) return false;
  return ranges.some((text) => {
    const range = parse(text);
    return range !== undefined && holds(range, one);
  });
}

/** Whether every address of `inner` lies in `outer`: its first one does, and it is no wider. */
export function ipRangeCovers(outer: string, inner: string): boolean {
  const [wide, narrow] = [parse(outer), parse(inner)];
  if (wide === undefined || narrow === undefined) return false;
  return narrow.prefix >= wide.prefix && holds(wide, narrow);
}

const holds = (range: Range, { version, value }: Address): boolean =>
  range.version === version && networkOf({ version, value, prefix: range.prefix }).value === range.value;

/** The range of a text without fault. */
function parse(text: string): Range | undefined {
  if (ipRangeFault(text) !== undefined) return undefined;
  const written = parseWritten(text);
  return written === undefined ? undefined : unmapped(written);
}

/** What a text says, by its own family. */
function parseWritten(text: string): Range | undefined {
  const [, address = '', digits] = RANGE.exec(text) ?? [];
  const version = isIP(address);
  if (version !== 4 && version !== 6) return undefined;
  const prefix = digits === undefined ? BITS[version] : Number(digits);
  if (prefix > BITS[version]) return undefined;
  return { version, value: version === 4 ? ipv4Value(address) : ipv6Value(address), prefix };
}

/** A range in the family that it means; undefined for a mapped address whose prefix leaves the mapped ones. */
function unmapped(range: Range): Range | undefined {
  if (range.version === 4 || range.value >> 32n !== MAPPED) return range;
  if (range.prefix < MAPPED_PREFIX) return undefined;
  return { version: 4, value: range.value & 0xffff_ffffn, prefix: range.prefix - MAPPED_PREFIX };
}

function networkOf(range: Range): Range {
  const free = BigInt(BITS[range.version] - range.prefix);
  return { ...range, value: (range.value >> free) << free };
}

/** Of a text that isIP has found to be an address. */
const ipv4Value = (text: string): bigint => joined(text.split('.').map(Number), 8n);

function ipv6Value(text: string): bigint {
  const [before = [], after = []] = text.split('::').map(groupsOf);
  const zeros = Array<number>(8 - before.length - after.length).fill(0);
  return joined([...before, ...zeros, ...after], 16n);
}

/** Groups of 16 bits; the last two may be written as an IPv4 address. */
const groupsOf = (text: string): readonly number[] =>
  text === ''
    ? []
    : text.split(':').flatMap((group) => {
        if (!group.includes('.')) return [Number.parseInt(group, 16)];
        const value = Number(ipv4Value(group));
        return [Math.floor(value / 0x1_0000), value % 0x1_0000];
      });

const joined = (parts: readonly number[], bits: bigint): bigint =>
  parts.reduce((value, part) => (value << bits) | BigInt(part), 0n);

/** An address as it is written; the URL parser knows how IPv6 is shortened (RFC 5952). */
function textOf({ version, value }: Address): string {
  const part = (shift: number, bits: number) => (value >> BigInt(shift)) & ((1n << BigInt(bits)) - 1n);
  if (version === 4) return [24, 16, 8, 0].map((shift) => part(shift, 8)).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => part(112 - 16 * index, 16).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
