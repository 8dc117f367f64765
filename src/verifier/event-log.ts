/** What happens at a verifier, for those who listen: numbered, and the newest repeatable for those who were away. */
import type { Json } from '../core/bytes/json.ts';

export interface VerifierEvent {
  /** From 1, rising by one, since the verifier started. */
  readonly number: number;
  readonly event: 'checkpoint' | 'finding' | 'node';
  readonly data: Json;
}

export type EventListener = (event: VerifierEvent) => void;

/** Events that a listener who comes back can still be told. */
const REMEMBERED = 256;

export class EventLog {
  readonly #listeners = new Set<EventListener>();
  #events: readonly VerifierEvent[] = [];
  #number = 0;

  publish(event: VerifierEvent['event'], data: Json): void {
    const numbered = { number: ++this.#number, event, data };
    this.#events = [...this.#events, numbered].slice(-REMEMBERED);
    for (const listener of this.#listeners) listener(numbered);
  }

  /** Tells every event after number `after`, as far as remembered, and those to come. Gives the function that ends it. */
  subscribe(listener: EventListener, after: number = this.#number): () => void {
    for (const event of this.#events) if (event.number > after) listener(event);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
