/** Lists by pages. */

/** `after`: the reference (or sequence) of the last item of the page before; `limit`: 1 to 100. */
export interface PageRequest {
  readonly after?: string;
  readonly limit: number;
}

/** One page, and whether another follows. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly hasMore: boolean;
}
