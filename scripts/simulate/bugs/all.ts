/** Every bug that is put into the nodes to see whether the simulation notices. */
import type { Bug } from './bug.ts';
import { JUDGING_BUGS } from './judging-bugs.ts';
import { LOG_BUGS } from './log-bugs.ts';
import { WITNESS_BUGS } from './witness-bugs.ts';

export const BUGS: readonly Bug[] = [...LOG_BUGS, ...WITNESS_BUGS, ...JUDGING_BUGS];
