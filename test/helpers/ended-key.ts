/** A network in which a key has ended: what it signed before, and checkpoints from when it still held. */
import type { Dossier, DossierEntry } from '../../src/core/dossier/dossier.ts';
import type { EarlierCheckpoint, EarlierSighting } from '../../src/core/dossier/earlier.ts';
import type { VerificationRules } from '../../src/core/trust/quorum.ts';
import type { TrustRootFile } from '../../src/core/trust/trust-file.ts';
import {
  type CheckpointOptions,
  makeNetwork,
  operatorSeed,
  signedEntry,
  type TestLog,
  type TestNetwork,
} from './fixtures.ts';
import { trustOf } from './signed-trust.ts';
import { MODEL, NOW, sampleStatement } from './statements.ts';
import type { ShownLog } from './tallied-network.ts';

/** When the first key of the operator in the EU ends, an hour before `NOW`. */
export const END = NOW - 3_600;
const ISSUED = { issuedAt: '2026-10-01T09:00:00Z' };

/** Entries 0 and 2 in the EU are about the model and signed by the first key, entry 3 by the second one. */
export function endedKeyNetwork(): TestNetwork {
  const network = makeNetwork({ regions: ['eu', 'us'] });
  const [eu] = network.logs as [TestLog, TestLog];
  const context = { ...eu.context, ...ISSUED };
  eu.state('deployment', { context });
  eu.state('deployment', { context, model: '0'.repeat(64) });
  eu.state('evaluation', { context });
  const next = sampleStatement('deployment', { context, predicate: { deploymentId: 'next key' } });
  eu.append(signedEntry(next, [operatorSeed(eu.operator, 2)]).entry);
  const file = withEnd(network.file);
  return { ...network, file, rules: { trust: trustOf(file), now: NOW } };
}

/** The trust root with an end to the first key of its first operator. */
export function withEnd(file: TrustRootFile, validUntil = '2026-10-01T11:00:00Z'): TrustRootFile {
  const [eu, ...others] = file.operators as [TrustRootFile['operators'][0]];
  const [first, ...keys] = eu.keys as [(typeof eu.keys)[0]];
  const operators = [{ ...eu, keys: [{ ...first, validUntil }, ...keys] }, ...others];
  return { ...file, operators };
}

/** A checkpoint from ten minutes before the end unless told, with its proof to the newest one. */
export function earlierCheckpoint(log: TestLog, options: CheckpointOptions): EarlierCheckpoint {
  const { size = log.entries.length } = options;
  return {
    checkpoint: log.cosigned({ time: END - 600, ...options }),
    proof: size === 0 ? [] : log.tree.proof(size),
  };
}

export function sighting({ tree }: TestLog, index: number, size: number): EarlierSighting {
  return { size, proof: tree.path(index, size) };
}

/** The dossier of such a network: what the first key signed is shown under a checkpoint of size 3 from before its end. */
export function endedKeyDossier(network: TestNetwork): Dossier {
  const [eu, us] = network.logs as [TestLog, TestLog];
  const shown = eu.dossierLog(MODEL) as ShownLog;
  const entries = shown.entries.map(
    (entry): DossierEntry =>
      entry.index < 3 ? { ...entry, earlier: sighting(eu, entry.index, 3) } : entry,
  );
  const log = { ...shown, earlier: [earlierCheckpoint(eu, { size: 3 })], entries };
  return { model: MODEL, logs: [log, us.dossierLog(MODEL)], findings: [] };
}

/** The rules of a network where its trust root is otherwise. */
export function rulesWith(
  file: TrustRootFile,
  change: Partial<TrustRootFile>,
): Pick<VerificationRules, 'trust'> {
  return { trust: trustOf({ ...file, ...change }) };
}
