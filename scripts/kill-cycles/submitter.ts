/** A client that submits without pause, keeps what it is promised, and after a crash begins with what it does not know. */

import type { Journal } from './journal.ts';
import { hashLeaf, readReceipt } from './outsider.ts';
import type { SeededRandom } from './random.ts';
import { StatementMaker } from './statements.ts';
import type { World } from './world.ts';

const LARGEST_BATCH = 40;

interface Answer {
  readonly entryHash?: string;
  readonly index?: number;
  readonly receipt?: unknown;
  readonly state?: string;
  readonly error?: { readonly code: string };
}

export interface SubmitterOptions {
  readonly world: World;
  readonly journal: Journal;
  readonly random: SeededRandom;
  /** Of its own meter. */
  readonly name: string;
}

// Refusals that leave it open whether the entry is logged, or say that it is not.
const COME_AGAIN: ReadonlySet<string> = new Set(['STORE_FAILED', 'NODE_STOPPING', 'QUEUE_FULL']);

export class Submitter {
  readonly #options: SubmitterOptions;
  readonly #statements: StatementMaker;
  /** Sent, in order, and not acknowledged. */
  #open: readonly Uint8Array[] = [];

  constructor(options: SubmitterOptions) {
    this.#options = options;
    this.#statements = new StatementMaker(options.world, options.name);
  }

  /** Hashes of what was sent and may or may not be logged. */
  get unanswered(): string[] {
    return this.#open.map((entry) => hashLeaf(entry).toString('hex'));
  }

  /** Submits until the node is gone or the signal says so; begins with what is open. */
  async run(url: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#open.length === 0) this.#open = this.#next();
      const { journal } = this.#options;
      for (const hash of this.unanswered) journal.sent.add(hash);
      const answers = await this.#post(url, signal);
      if (answers === undefined) return;
      this.#open = this.#open.filter((entry, i) => !this.#take(entry, answers[i]));
      if (this.#open.length > 0 && answers.some(({ error }) => error !== undefined)) return;
    }
  }

  #next(): Uint8Array[] {
    const { random } = this.#options;
    const count = random.onceIn(3) ? 1 + random.below(LARGEST_BATCH) : 1;
    return Array.from({ length: count }, () =>
      random.onceIn(3) ? this.#statements.reading() : this.#statements.deployment(),
    );
  }

  /** The log's answers, one for each entry; undefined when none came. */
  async #post(url: string, signal: AbortSignal): Promise<readonly Answer[] | undefined> {
    const [first] = this.#open;
    const many = this.#open.length > 1;
    const query = this.#options.random.onceIn(5) ? '?wait=witnessed' : '';
    const body = await fetch(`${url}/v1/entries${query}`, {
      method: 'POST',
      headers: { 'content-type': many ? 'application/x-ndjson' : 'application/json' },
      body: many ? Buffer.concat(this.#open.flatMap((entry) => [entry, NEWLINE])) : (first ?? ''),
      signal,
    })
      .then((response) => response.text())
      // The node was killed: whether it took the entries is not known.
      .catch(() => undefined);
    const lines = body?.trimEnd().split('\n');
    return lines?.map((line) => JSON.parse(line) as Answer);
  }

  /** Whether the entry is settled. */
  #take(entry: Uint8Array, answer: Answer = {}): boolean {
    const { journal } = this.#options;
    const hash = hashLeaf(entry).toString('hex');
    const code = answer.error?.code;
    if (code !== undefined) {
      if (!COME_AGAIN.has(code)) journal.violate(`entry ${hash} was refused with ${code}`);
      return false;
    }
    try {
      this.#verify(hash, answer);
    } catch (error) {
      journal.violate(`entry ${hash} was acknowledged without proof: ${error}`);
    }
    return true;
  }

  #verify(hash: string, { index, receipt, state }: Answer): void {
    const { journal, world } = this.#options;
    const { outsiderTrust } = world;
    const json = JSON.stringify(receipt);
    const verified = readReceipt(json, outsiderTrust);
    if (verified.entryHash !== hash || verified.index !== index) {
      throw new Error(`the receipt is of ${verified.entryHash} at ${verified.index}, not ${index}`);
    }
    const witnesses = verified.checkpoint.cosignedBy.length;
    if (state === 'witnessed' && witnesses < outsiderTrust.quorum) {
      throw new Error(`it is called witnessed by ${witnesses}`);
    }
    journal.acknowledge(verified, state === 'committed' ? json : undefined);
  }
}

const NEWLINE = Uint8Array.of(0x0a);
