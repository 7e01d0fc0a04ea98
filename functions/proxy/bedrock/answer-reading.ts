/** Reads the answer's own format out of what the model was made to say. */
import type { ModelEvent } from '../../../shared/domain/model-event.ts';
import { JsonExtractor } from './json-extractor.ts';

/**
 * `answerTool`: the arguments of this tool's first call are the answer, and whatever text came with it is not.
 * `firstJson`: the first value that opens so is the answer; where there is none, all the text is.
 */
export type AnswerReading =
  | 'as-it-comes'
  | { readonly answerTool: string }
  | { readonly firstJson: '{' | '[' };

/** What turns the events of one answer, in batches, into those of the answer that was asked for. */
export interface EventReader {
  read(events: readonly ModelEvent[]): readonly ModelEvent[];
}

export function readerOf(reading: AnswerReading): EventReader {
  if (reading === 'as-it-comes') return { read: (events) => events };
  return 'answerTool' in reading
    ? new ToolAnswerReader(reading.answerTool)
    : new JsonReader(reading.firstJson);
}

/** Its state: the text that may yet be the answer, and which calls are the caller's own. */
class ToolAnswerReader implements EventReader {
  readonly #tool: string;
  /** Numbers of the caller's own calls, by those of the events that come. */
  readonly #calls = new Map<number, number>();
  #answer: number | undefined;
  #held = '';

  constructor(tool: string) {
    this.#tool = tool;
  }

  read(events: readonly ModelEvent[]): readonly ModelEvent[] {
    return events.flatMap((event) => this.#translate(event));
  }

  #translate(event: ModelEvent): readonly ModelEvent[] {
    switch (event.type) {
      case 'text-delta':
        this.#held += event.text;
        return [];
      case 'tool-call-start':
        return this.#start(event);
      case 'tool-call-delta':
        if (event.call === this.#answer) return [{ type: 'text-delta', text: event.json }];
        return this.#own(event);
      case 'tool-call-stop':
        return this.#own(event);
      case 'message-stop':
        return [...this.#release(), { ...event, reason: this.#reasonOf(event) }];
      default:
        return [event];
    }
  }

  #start(event: Extract<ModelEvent, { type: 'tool-call-start' }>): readonly ModelEvent[] {
    if (event.name === this.#tool) {
      this.#answer ??= event.call;
      return [];
    }
    const call = this.#calls.size;
    this.#calls.set(event.call, call);
    return [{ ...event, call }];
  }

  #own<Event extends Extract<ModelEvent, { call: number }>>(event: Event): readonly Event[] {
    const call = this.#calls.get(event.call);
    return call === undefined ? [] : [{ ...event, call }];
  }

  #release(): readonly ModelEvent[] {
    const text = this.#answer === undefined ? this.#held : '';
    this.#held = '';
    return text === '' ? [] : [{ type: 'text-delta', text }];
  }

  #reasonOf({ reason }: Extract<ModelEvent, { type: 'message-stop' }>): typeof reason {
    return reason === 'tool-calls' && this.#calls.size === 0 ? 'end' : reason;
  }
}

/** Its state is the extractor's. */
class JsonReader implements EventReader {
  readonly #extractor: JsonExtractor;

  constructor(opening: '{' | '[') {
    this.#extractor = new JsonExtractor(opening);
  }

  read(events: readonly ModelEvent[]): readonly ModelEvent[] {
    return events.flatMap((event): readonly ModelEvent[] => {
      if (event.type === 'text-delta') return textOf(this.#extractor.push(event.text));
      return event.type === 'message-stop' ? [...textOf(this.#extractor.finish()), event] : [event];
    });
  }
}

const textOf = (text: string): readonly ModelEvent[] => (text === '' ? [] : [{ type: 'text-delta', text }]);
