import type { PublishedEvent } from '../../shared/domain/outbox.ts';
import type { EventBus } from '../../shared/ports.ts';

export interface MemoryEventBus extends EventBus {
  /** Everything that was published, repeats included, in order. */
  readonly published: readonly PublishedEvent[];
}

/** A bus that nobody listens to and that remembers. */
export function createMemoryEventBus(): MemoryEventBus {
  const published: PublishedEvent[] = [];
  return {
    published,
    publish: async (event) => {
      published.push(event);
    },
  };
}
