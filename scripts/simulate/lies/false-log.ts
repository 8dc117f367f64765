/** What a dishonest log can do with its key: sign any history, and serve it. */
import { encodeBase64 } from '../../../src/core/bytes/base64.ts';
import { encodeBundle } from '../../../src/core/merkle/bundle.ts';
import { HASH_LENGTH } from '../../../src/core/merkle/hash.ts';
import { parseBundlePath, parseTilePath } from '../../../src/core/merkle/tile-path.ts';
import { signCheckpoint } from '../../../src/core/note/checkpoint.ts';
import { leavesOf } from '../../../src/core/tally/leaves.ts';
import { encodeTallyProof } from '../../../src/core/tally/proof-bytes.ts';
import { questionsAbout } from '../../../src/core/tally/questions.ts';
import { ZERO_SUMS } from '../../../src/core/tally/sums.ts';
import { signTally } from '../../../src/core/tally/tally-note.ts';
import { MemoryTally } from '../../../test/helpers/memory-tally.ts';
import { NaiveTree, naiveLeafHash } from '../../../test/helpers/naive-tree.ts';
import { LOG_SIGNER, ORIGIN } from '../material.ts';
import { NOT_FOUND, ok } from '../node.ts';
import type { History } from '../truth.ts';
import type { Answer, Exchange } from '../virtual-network.ts';

/** The log's signature on the first `size` entries of a history. */
export function signHistory(history: History, size: number = history.entries.length): string {
  const root = treeOf(history).root(size);
  return signCheckpoint({ origin: ORIGIN, size, root }, LOG_SIGNER);
}

export function treeOf({ entries }: History): NaiveTree {
  return new NaiveTree(entries.map(naiveLeafHash));
}

/** What a log with this history answers; undefined to what has nothing to do with it. */
export function serveHistory(
  history: History,
  note: string,
  { path }: Exchange,
): Answer | undefined {
  if (path === 'checkpoint') return ok(note);
  if (path.startsWith('tile/entries/')) {
    const { index, width } = parseBundlePath(path);
    const entries = history.entries.slice(index * 256, index * 256 + width);
    return entries.length === width ? ok(encodeBundle(entries)) : NOT_FOUND;
  }
  if (!path.startsWith('tile/')) return undefined;
  const { level, index, width } = parseTilePath(path);
  if ((index * 256 + width) * 256 ** level > history.entries.length) return NOT_FOUND;
  return ok(
    treeOf(history)
      .tile(level, index)
      .subarray(0, width * HASH_LENGTH),
  );
}

/** The tally of a history that leaves one entry out, signed as if it were whole. */
export class FalseTally {
  readonly note: string;
  readonly #tally: MemoryTally;

  constructor(history: History, size: number, hidden: number) {
    const leaves = history.entries
      .slice(0, size)
      .flatMap((entry, index) => (index === hidden ? [] : leavesOf(entry, index)));
    const tally = new MemoryTally(leaves);
    const { count = 0, sums = ZERO_SUMS } = tally.root ?? {};
    const logRoot = treeOf(history).root(size);
    const head = { origin: ORIGIN, size, logRoot, tallyRoot: tally.hash, count, sums };
    this.note = signTally(head, LOG_SIGNER);
    this.#tally = tally;
  }

  /** Base64. */
  prove(model: string): string {
    return encodeBase64(encodeTallyProof(this.#tally.prove(questionsAbout(model, null))));
  }
}
