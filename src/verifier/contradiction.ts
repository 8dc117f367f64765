/** Whether two checkpoints of one log can belong to one history; if not, the evidence that they cannot. */
import { encodeBase64 } from '../core/bytes/base64.ts';
import { bytesEqual, compareBytes } from '../core/bytes/equal.ts';
import { type Contradiction, formatHashes } from '../core/finding/finding.ts';
import type { Mirror } from './mirror.ts';
import type { ServedTree } from './served-tree.ts';
import type { KnownNote } from './verifier-store.ts';

/** Two notes of one log, the smaller tree first, and the evidence that they exclude each other. */
export interface ContradictingNotes {
  readonly first: KnownNote;
  readonly second: KnownNote;
  readonly evidence: Contradiction;
}

export interface History {
  readonly mirror: Mirror;
  /** The newest checkpoint that the mirror holds in full. */
  readonly current: KnownNote | undefined;
  /** Others that the log has signed. */
  readonly notes: readonly KnownNote[];
}

/** How the note contradicts what is known of its log; undefined if it does not, or the mirror is too short to tell. */
export function contradictionWith(
  seen: KnownNote,
  { mirror, current, notes }: History,
): ContradictingNotes | undefined {
  const known = current === undefined ? notes : [current, ...notes];
  const twin = known.find(({ size, root }) => size === seen.size && !bytesEqual(root, seen.root));
  if (twin !== undefined) return twins(twin, seen);
  if (current === undefined || seen.size === 0 || seen.size > current.size) return undefined;
  const rootAtFirst = mirror.rootAt(seen.size);
  if (bytesEqual(rootAtFirst, seen.root)) return undefined;
  const proof = mirror.proofBetween(seen.size, current.size);
  return pair(seen, current, { rootAtFirst, proof });
}

/** Which of the known notes the tree behind `served` contradicts; undefined if none of those that it is long enough for. */
export async function contradictionInTree(
  tree: ServedTree,
  served: KnownNote,
  known: readonly KnownNote[],
): Promise<ContradictingNotes | undefined> {
  for (const note of known) {
    if (note.size === 0 || note.size > tree.size) continue;
    const rootAtFirst = await tree.rootAt(note.size);
    if (bytesEqual(rootAtFirst, note.root)) continue;
    return pair(note, served, { rootAtFirst, proof: await tree.proofFrom(note.size) });
  }
  return undefined;
}

/** Two of one size: in the order of their roots, so that whichever is seen last the wrong is the same. */
function twins(a: KnownNote, b: KnownNote): ContradictingNotes {
  const [first, second] = compareBytes(a.root, b.root) < 0 ? [a, b] : [b, a];
  return pair(first, second, { rootAtFirst: second.root, proof: [] });
}

function pair(
  first: KnownNote,
  second: KnownNote,
  { rootAtFirst, proof }: { rootAtFirst: Uint8Array; proof: readonly Uint8Array[] },
): ContradictingNotes {
  const evidence: Contradiction = {
    kind: 'checkpoint-contradiction',
    first: first.note,
    second: second.note,
    rootAtFirst: encodeBase64(rootAtFirst),
    proof: formatHashes(proof),
  };
  return { first, second, evidence };
}
