/** Findings against the logs of a test network, true and false ones. */
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { type Finding, formatHashes } from '../../src/core/finding/finding.ts';
import { proveConsistency } from '../../src/core/merkle/consistency.ts';
import { frontierAt } from '../../src/core/merkle/frontier.ts';
import { signCheckpoint } from '../../src/core/note/checkpoint.ts';
import type { NoteSigner } from '../../src/core/note/vkey.ts';
import { cosign, type TestLog } from './fixtures.ts';
import { NaiveTree, naiveLeaves } from './naive-tree.ts';
import { NOW } from './statements.ts';

const FOUND_AT = '2026-10-01T11:30:00Z';

/** A tree that the log never held. */
export function otherTree(size: number): NaiveTree {
  return new NaiveTree(naiveLeaves(size, 99));
}

/** The log has signed another root at a size that it also signed rightly, or a smaller one. */
export function contradiction(log: TestLog, size: number = log.entries.length): Finding {
  const { origin, tree, signer } = log;
  const newest = log.entries.length;
  return {
    origin,
    foundAt: FOUND_AT,
    evidence: {
      kind: 'checkpoint-contradiction',
      first: signCheckpoint({ origin, size, root: otherTree(size).root() }, signer),
      second: log.checkpoint(),
      rootAtFirst: encodeBase64(tree.root(size)),
      proof: formatHashes(proveConsistency(size, newest, tree.node)),
    },
  };
}

/** Admission refuses the last of these entries of the log with `code`. */
export function inadmissible(log: TestLog, code: string, indexes: readonly number[]): Finding {
  const { tree } = log;
  return {
    origin: log.origin,
    foundAt: FOUND_AT,
    evidence: {
      kind: 'entry-inadmissible',
      checkpoint: log.checkpoint(),
      code,
      entries: indexes.map((index) => ({
        index,
        entry: encodeBase64(log.entries[index] as Uint8Array),
        proof: formatHashes(tree.path(index)),
      })),
    },
  };
}

/** The log has signed a root at `size` that its leaves, followed up to `followed`, do not give. */
export function rootMismatch(log: TestLog, followed: number): Finding {
  const { origin, tree, signer, entries } = log;
  const size = entries.length;
  return {
    origin,
    foundAt: FOUND_AT,
    evidence: {
      kind: 'root-mismatch',
      checkpoint: signCheckpoint({ origin, size, root: otherTree(size).root() }, signer),
      frontierSize: followed,
      frontier: formatHashes(frontierAt(followed, tree.node).hashes),
      leafHashes: formatHashes(tree.leaves.slice(followed)),
    },
  };
}

/** The witness has cosigned both sides of such a contradiction. */
export function twoViews(log: TestLog, witness: NoteSigner, size?: number): Finding {
  const { evidence, ...rest } = contradiction(log, size);
  if (evidence.kind !== 'checkpoint-contradiction') throw new TypeError('a contradiction');
  const { first, second } = evidence;
  return {
    ...rest,
    evidence: {
      ...evidence,
      kind: 'witness-contradiction',
      witness: witness.vkey.name,
      first: cosign(first, [witness], NOW - 50),
      second: cosign(second, [witness], NOW - 40),
    },
  };
}

/** The witness has cosigned the log at `smaller` after it cosigned all of it; the times are unix seconds. */
export function wentBack(
  log: TestLog,
  witness: NoteSigner,
  { smaller, at = [NOW - 10, NOW - 20] }: { smaller: number; at?: readonly [number, number] },
): Finding {
  return {
    origin: log.origin,
    foundAt: FOUND_AT,
    evidence: {
      kind: 'witness-rollback',
      witness: witness.vkey.name,
      first: cosign(log.checkpoint(smaller), [witness], at[0]),
      second: cosign(log.checkpoint(), [witness], at[1]),
    },
  };
}
