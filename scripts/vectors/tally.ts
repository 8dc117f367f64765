/** Tallies: leaves of entries, roots of tries, notes, and every way to bend a proof. */
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { concatBytes } from '../../src/core/bytes/equal.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { sha256 } from '../../src/core/merkle/hash.ts';
import { signCosignature } from '../../src/core/note/cosignature.ts';
import { formatVkey } from '../../src/core/note/vkey.ts';
import type { Statement } from '../../src/core/statement/statement.ts';
import { CompactWriter } from '../../src/core/tally/compact.ts';
import {
  childPrefix,
  EMPTY_PREFIX,
  encodeKey,
  type Prefix,
  prefixOf,
  rangeOfHours,
  rangeOfKinds,
} from '../../src/core/tally/key.ts';
import { leavesOf } from '../../src/core/tally/leaves.ts';
import { type Summary, summarizeInner, summarizeLeaf, type TallyLeaf } from '../../src/core/tally/node.ts';
import { type ProofNode, type Question, type TallyProof, verifyTally } from '../../src/core/tally/proof.ts';
import { encodeTallyProof } from '../../src/core/tally/proof-bytes.ts';
import { questionsAbout } from '../../src/core/tally/questions.ts';
import { type Sums, ZERO_SUMS } from '../../src/core/tally/sums.ts';
import { signTally, type TallyHead } from '../../src/core/tally/tally-note.ts';
import type { AttestryErrorCode } from '../../src/errors.ts';
import { signedEntry } from '../../test/helpers/fixtures.ts';
import { MemoryTally } from '../../test/helpers/memory-tally.ts';
import { testSigner } from '../../test/helpers/signed-log.ts';
import { digestOf, sampleStatement } from '../../test/helpers/statements.ts';
import { inputOf, makeVector, type VectorFile } from './vector.ts';

const MODEL = digestOf('model');
/** Differs from the model in its last bit alone. */
const NEIGHBOUR = `${MODEL.slice(0, -1)}${(Number.parseInt(MODEL.slice(-1), 16) ^ 1).toString(16)}`;
const STRANGER = digestOf('a model that nobody has stated anything about');
/** 2026-10-01T00:00:00Z. */
const HOUR = 497_472;
const LARGEST = 2n ** 128n - 1n;

export function tallyVectors(): VectorFile[] {
  return [...leafVectors(), ...trieVectors(), ...proofVectors(), ...noteVectors()];
}
