/** Proving from a tally that stands still while others have their turn, and keeping it open until every proof is made. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Question, TallyProof } from '../core/tally/proof.ts';
import { proveInSteps } from '../core/tally/prove.ts';
import type { TallyReader, TallyView } from './tally-store.ts';

/** The proof that answers the questions about a tally that does not grow meanwhile. It never holds the event loop for long. */
export async function proveInTurns(
  reader: TallyReader,
  questions: readonly Question[],
): Promise<TallyProof> {
  const steps = proveInSteps({
    root: reader.state().root,
    questions,
    readInner: (branch) => reader.inner(branch),
    readLeaf: (branch) => reader.leaf(branch),
  });
  let step = steps.next();
  while (step.done !== true) {
    await nextTurn();
    step = steps.next();
  }
  return step.value;
}

/** A tally as it stood at one moment. */
export class ProvableView {
  readonly #view: TallyView;
  readonly #proving = new Set<Promise<unknown>>();

  constructor(view: TallyView) {
    this.#view = view;
  }

  /** The proof that answers the questions. To be asked for before the view is closed. */
  async prove(questions: readonly Question[]): Promise<TallyProof> {
    const proving = proveInTurns(this.#view, questions);
    this.#proving.add(proving);
    try {
      return await proving;
    } finally {
      this.#proving.delete(proving);
    }
  }

  /** Closes it once the proofs under way are made. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#proving);
    await this.#view.close();
  }
}
