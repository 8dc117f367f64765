/** A bug that is put into the nodes, and the lie, if it needs one, that shows it. */
import type { Behaviour } from '../lies/behaviour.ts';
import type { Wiring } from '../wiring.ts';

export interface Bug {
  readonly name: string;
  readonly wiring: Partial<Wiring>;
  /** Someone who would be caught, or could do no harm, were it not for the bug. */
  readonly lie?: Behaviour;
}
