/** What an endpoint adds to a model call: how its answers are written. */
import type { ModelCommand } from '../../../shared/domain/conversation.ts';
import type { RequestId } from '../../../shared/domain/ids.ts';
import type { ModelEvent } from '../../../shared/domain/model-event.ts';
import type { AnswerCost } from '../told-cost.ts';
import type { AnswerEnd } from './answer-end.ts';

/** What an answer says of its request. */
export interface AnswerFacts {
  readonly requestId: RequestId;
  /** Unix seconds. */
  readonly created: number;
  readonly command: ModelCommand;
  /** Defined where the answer is to say what it cost. */
  readonly cost: AnswerCost | undefined;
}

/** Writes one streamed answer. Its state is how the answer has gone so far. */
export interface AnswerWriter {
  /** What the events have said of the answer's end. */
  readonly end: AnswerEnd;
  /** What one batch is on the wire; empty where it has nothing for the caller. */
  write(batch: readonly ModelEvent[]): string;
  /** What ends a successful answer. Throws GatewayError where it was none. */
  finish(): string;
  /** What ends an answer that failed; anything but a GatewayError is opaque. Never throws. */
  fail(error: unknown): string;
  /** What keeps a silent stream open. */
  readonly ping: string;
}

/** The wire of one endpoint. */
export interface AnswerWire {
  streamed(facts: AnswerFacts): AnswerWriter;
  /** A whole answer as JSON text. Throws GatewayError where the events are not those of a finished answer. */
  whole(facts: AnswerFacts, events: readonly ModelEvent[]): string;
}
