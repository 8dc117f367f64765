/** Writes, one after the other, until one fails. */
import pLimit from 'p-limit';
import { AttestryError } from '../errors.ts';
import { storeFailure } from './store-failure.ts';

/**
 * Runs writes in the order of the calls. A write that failed may or may not be on disk, and what the kernel reads back
 * afterwards proves nothing (a failed fsync drops the dirty pages). So after a STORE_FAILED the queue takes no more
 * writes; only opening the store anew finds out what is there.
 */
export class WriteQueue {
  readonly #inOrder = pLimit(1);
  #failure: AttestryError | undefined;

  /** What `write` gives. `what` completes the sentence "Could not …". @throws STORE_FAILED, STORE_CORRUPT */
  run<T>(what: string, write: () => Promise<T>): Promise<T> {
    return this.#inOrder(async () => {
      if (this.#failure !== undefined) {
        throw new AttestryError(
          'STORE_FAILED',
          `Could not ${what}: an earlier write failed and what it left is unknown. Start the node again.`,
          { cause: this.#failure },
        );
      }
      try {
        return await write();
      } catch (error) {
        const failure = storeFailure(what, error);
        if (failure.code === 'STORE_FAILED') this.#failure = failure;
        throw failure;
      }
    });
  }

  /** Resolves when every write asked for before has ended, well or badly. */
  idle(): Promise<void> {
    return this.#inOrder(async () => {});
  }
}
