/** What happened in a run, line by line; the hash over all lines is the same wherever the same seed is run. */
import { createHash } from 'node:crypto';

export class Trace {
  readonly lines: string[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(who: string, what: string): void {
    this.lines.push(`${this.#now()} ${who}: ${what}`);
  }

  /** Hex SHA-256 over the lines, each with its newline. */
  get hash(): string {
    const hash = createHash('sha256');
    for (const line of this.lines) hash.update(`${line}\n`);
    return hash.digest('hex');
  }
}
