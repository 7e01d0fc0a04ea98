import type { ServiceTier } from '../../../shared/domain/price.ts';

/** Bedrock's tier in our terms; undefined for one that is not known, which is then not told. */
export function serviceTierOf(type: string | undefined): ServiceTier | undefined {
  switch (type) {
    case 'default':
      return 'standard';
    case 'flex':
    case 'priority':
      return type;
    default:
      return undefined;
  }
}
