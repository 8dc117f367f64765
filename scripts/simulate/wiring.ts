/**
 * How the parts of the nodes are put together. A seeded bug replaces a collaborator here; the code under test has no
 * switch for it.
 */

import type { WitnessClientOptions } from '../../src/client/witness-client.ts';
import { judge } from '../../src/core/report/judge.ts';
import type { Report } from '../../src/core/report/report.ts';
import type { VerificationRules } from '../../src/core/trust/quorum.ts';
import type { LogOptions } from '../../src/log/log.ts';
import type { LogTallyOptions } from '../../src/log/log-tally.ts';
import type { Disk } from '../../src/store/disk.ts';
import type { VerifierOptions } from '../../src/verifier/verifier.ts';
import type { Witness, WitnessOptions } from '../../src/witness/witness.ts';

export type CosigningWitness = Pick<Witness, 'addCheckpoint' | 'latestCheckpoint' | 'close'>;

export interface Wiring {
  readonly logDisk: (disk: Disk) => Disk;
  readonly log: (options: LogOptions) => LogOptions;
  /** What the log's clients of witnesses are given. */
  readonly witnessClient: (options: WitnessClientOptions) => WitnessClientOptions;
  readonly logTally: (options: LogTallyOptions) => LogTallyOptions;
  readonly witnessDisk: (disk: Disk) => Disk;
  readonly witnessOptions: (options: WitnessOptions) => WitnessOptions;
  readonly witness: (witness: Witness, options: WitnessOptions) => CosigningWitness;
  readonly verifierDisk: (disk: Disk) => Disk;
  readonly verifier: (options: VerifierOptions) => VerifierOptions;
  readonly judge: (bytes: Uint8Array, rules: VerificationRules) => Report;
}

const same = <T>(value: T): T => value;

/** As the nodes of `nodes/` do it. */
export const RIGHT: Wiring = {
  logDisk: same,
  log: same,
  witnessClient: same,
  logTally: same,
  witnessDisk: same,
  witnessOptions: same,
  witness: same,
  verifierDisk: same,
  verifier: same,
  judge,
};
