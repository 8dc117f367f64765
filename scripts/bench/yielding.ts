/** Which process goes first where several share the cores of the bench. */
import { readdirSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** A third of the weight that others have, by the kernel's table. */
const NICENESS = 5;

/**
 * Gives a process a third of another's share of the cores, where all want more. Linux shares them out by sessions first,
 * where it groups processes, and by threads within one. Says whether it was done: elsewhere they share alike.
 */
export function letYield(pid: number): boolean {
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) setPriority(Number(thread), NICENESS);
    writeFileSync(`/proc/${pid}/autogroup`, `${NICENESS}`);
    return true;
  } catch {
    return false;
  }
}
