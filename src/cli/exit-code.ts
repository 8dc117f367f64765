/** How the program ends: a verdict is its exit code; refusals, wrong usage and defects have codes of their own. */
import type { Outcome } from '../errors.ts';

export const EXIT_BY_OUTCOME: Readonly<Record<Outcome, number>> = {
  VALID: 0,
  INVALID: 1,
  INCONCLUSIVE: 2,
  EQUIVOCATION: 3,
};
export const EXIT_REFUSED = 1;
/** After sysexits.h. */
export const EXIT_USAGE = 64;
export const EXIT_DEFECT = 70;
