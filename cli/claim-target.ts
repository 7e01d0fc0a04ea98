/** What a claim link says. */
import { parseKey } from '../shared/domain/api-key.ts';
import { baseUrlOf } from './deployment.ts';

const LINK_END = '/api_keys/claim';

export interface ClaimTarget {
  /** Undefined for a bare token, which does not say whose it is. */
  readonly baseUrl: string | undefined;
  readonly token: string;
}

/** Reads a link or the token that is behind its `#`; undefined where it is neither, mistyped ones included. */
export function claimTarget(text: string): ClaimTarget | undefined {
  const [address = '', ...fragment] = text.trim().split('#');
  if (fragment.length === 0) return isToken(address) ? { baseUrl: undefined, token: address } : undefined;
  const [token = '', ...more] = fragment;
  if (more.length > 0 || !address.endsWith(LINK_END) || !isToken(token)) return undefined;
  return { baseUrl: baseUrlOf(address.slice(0, -LINK_END.length)), token };
}

const isToken = (text: string): boolean => parseKey(text)?.kind === 'bpc';
