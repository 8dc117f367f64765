/** Findings against a log's tally, true and false ones: the log signed the tally of these leaves, or a note that is not of it. */
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import {
  type Finding,
  formatHashes,
  type TallyContradiction,
} from '../../src/core/finding/finding.ts';
import type { TallyLeaf } from '../../src/core/tally/node.ts';
import { encodeTallyProof } from '../../src/core/tally/proof-bytes.ts';
import { WHOLE_TALLY } from '../../src/core/tally/questions.ts';
import type { TallyHead } from '../../src/core/tally/tally-note.ts';
import type { TestLog } from './fixtures.ts';
import { MemoryTally } from './memory-tally.ts';
import { leavesOfLog, tallyNote } from './tallied-network.ts';

const FOUND_AT = '2026-10-01T11:30:00Z';

/** What a verifier files against a log for the tally that it signed. */
export class TallyAccuser {
  readonly #log: TestLog;

  constructor(log: TestLog) {
    this.#log = log;
  }

  /** That the tally of `leaves` says something else under `key` than the entry at `index` gives. */
  contradiction(
    leaves: readonly TallyLeaf[],
    { key, index }: { readonly key: Uint8Array; readonly index: number },
    changes: Partial<TallyContradiction> = {},
  ): Finding {
    const tally = new MemoryTally(leaves);
    const question = { first: key, last: key, want: 'list' } as const;
    return {
      origin: this.#log.origin,
      foundAt: FOUND_AT,
      evidence: {
        kind: 'tally-contradiction',
        checkpoint: this.#log.checkpoint(),
        tally: tallyNote(this.#log, tally, { verifiers: [] }),
        key: encodeBase64(key),
        proof: encodeBase64(encodeTallyProof(tally.prove([question]))),
        entry: encodeBase64(this.#log.entries[index] as Uint8Array),
        inclusion: formatHashes(this.#log.tree.path(index)),
        ...changes,
      },
    };
  }

  /** That a note about the right tally says `head` instead, with the proof from the tally of `leaves`. */
  sums(head: Partial<TallyHead>, leaves: readonly TallyLeaf[] = leavesOfLog(this.#log)): Finding {
    const right = new MemoryTally(leavesOfLog(this.#log));
    const proof = new MemoryTally(leaves).prove([WHOLE_TALLY]);
    return {
      origin: this.#log.origin,
      foundAt: FOUND_AT,
      evidence: {
        kind: 'tally-sum-contradiction',
        tally: tallyNote(this.#log, right, { verifiers: [], head }),
        proof: encodeBase64(encodeTallyProof(proof)),
      },
    };
  }
}
