/** Everything dishonest that a run can hold. */
import { ADMISSION_LIES } from './admissions.ts';
import type { Behaviour } from './behaviour.ts';
import { HISTORY_LIES } from './histories.ts';
import { TALLY_LIES } from './tallies.ts';
import { WITHHOLDING_LIES } from './withholding.ts';
import { WITNESS_LIES } from './witnesses.ts';

export const LIES: readonly Behaviour[] = [
  ...HISTORY_LIES,
  ...WITHHOLDING_LIES,
  ...TALLY_LIES,
  ...ADMISSION_LIES,
  ...WITNESS_LIES,
];
