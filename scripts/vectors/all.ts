import { dossierVectors } from './dossier.ts';
import { earlierVectors } from './earlier.ts';
import { findingVectors } from './finding.ts';
import { lifecycleVectors } from './lifecycle.ts';
import { merkleVectors } from './merkle.ts';
import { trustRootVector } from './network.ts';
import { trustVectors, vkeyVectors } from './note.ts';
import { receiptVectors } from './receipt.ts';
import { envelopeVectors, statementVectors } from './statement.ts';
import { tallyVectors } from './tally.ts';
import { talliedVectors } from './tally-finding.ts';
import { tallyProofVectors } from './tally-proof.ts';
import type { VectorFile } from './vector.ts';

/** Every vector, the same bytes every time. */
export function allVectors(): VectorFile[] {
  const vectors = [
    trustRootVector(),
    ...merkleVectors(),
    ...vkeyVectors(),
    ...trustVectors(),
    ...envelopeVectors(),
    ...statementVectors(),
    ...receiptVectors(),
    ...lifecycleVectors(),
    ...dossierVectors(),
    ...earlierVectors(),
    ...findingVectors(),
    ...tallyVectors(),
    ...tallyProofVectors(),
    ...talliedVectors(),
  ];
  const paths = vectors.map(({ path }) => path);
  const repeated = paths.find((path, i) => paths.indexOf(path) !== i);
  if (repeated !== undefined)
    throw new RangeError(`Expected every path once, got ${repeated} twice.`);
  return vectors;
}
