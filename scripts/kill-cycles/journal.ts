/** What the submitters know: what they sent, what they were promised, and every checkpoint that anyone was shown. */
import type { OutsiderCheckpoint, OutsiderReceipt } from './outsider.ts';

/** An entry that the log has said it holds. */
export interface Acknowledged {
  readonly index: number;
  /** The committed receipt, as it came; undefined where a witnessed one came instead. */
  readonly receipt: string | undefined;
  /** In which cycle. */
  readonly cycle: number;
}

export class Journal {
  /** Every entry that was ever sent, by hex entry hash. */
  readonly sent = new Set<string>();
  readonly acknowledged = new Map<string, Acknowledged>();
  /** Every checkpoint that the log signed, by size. */
  readonly checkpoints = new Map<number, OutsiderCheckpoint>();
  /** What must never happen. */
  readonly violations: string[] = [];
  cycle = 0;
  /** The log has promised at least so many entries. */
  promised = 0;

  /** The log says that the entry stands there. */
  acknowledge({ entryHash, index, checkpoint }: OutsiderReceipt, receipt?: string): void {
    this.acknowledged.set(entryHash, { index, receipt, cycle: this.cycle });
    this.promised = Math.max(this.promised, index + 1);
    this.see(checkpoint);
  }

  /** The log showed this checkpoint to someone. */
  see(checkpoint: OutsiderCheckpoint): void {
    const before = this.checkpoints.get(checkpoint.size);
    if (before === undefined) this.checkpoints.set(checkpoint.size, checkpoint);
    else if (before.root !== checkpoint.root) {
      this.violate(`two roots of size ${checkpoint.size}: ${before.root} and ${checkpoint.root}`);
    }
  }

  violate(what: string): void {
    this.violations.push(`cycle ${this.cycle}: ${what}`);
  }
}
