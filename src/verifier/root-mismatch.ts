/** When the tiles that a log serves do not give the root that it signed: the hashes that it served, as evidence. */
import { bytesEqual } from '../core/bytes/equal.ts';
import { formatHashes, type RootMismatch } from '../core/finding/finding.ts';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { TILE_WIDTH } from '../core/merkle/tile.ts';
import type { LogSource } from './log-source.ts';
import type { Mirror } from './mirror.ts';
import { fetchRow } from './served-rows.ts';
import type { KnownNote } from './verifier-store.ts';

export interface MismatchOptions {
  readonly source: LogSource;
  readonly mirror: Mirror;
  readonly signal: AbortSignal;
}

/** More would make a finding that few could load: 64 Ki hashes are 3 MB of evidence. */
const MOST_HASHES = 65_536;

/** The evidence, unless the leaf hashes give the root after all, are too many, or start within what is mirrored. */
export async function rootMismatchEvidence(
  target: KnownNote,
  { source, mirror, signal }: MismatchOptions,
): Promise<RootMismatch | undefined> {
  const { size: from } = mirror.head;
  if (target.size <= from || target.size - from > MOST_HASHES) return undefined;
  const frontier = mirror.frontierAt(from);
  const start = formatHashes(frontier.hashes);
  const leafHashes: Uint8Array[] = [];
  for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < target.size; index++) {
    const width = Math.min(TILE_WIDTH, target.size - index * TILE_WIDTH);
    const row = await fetchRow(source, { level: 0, index, width }, signal);
    for (let i = Math.max(0, from - index * TILE_WIDTH); i < width; i++) {
      const hash = row.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH);
      leafHashes.push(hash);
      frontier.append(hash);
    }
  }
  if (bytesEqual(frontier.root(), target.root)) return undefined;
  return {
    kind: 'root-mismatch',
    checkpoint: target.note,
    frontierSize: from,
    frontier: start,
    leafHashes: formatHashes(leafHashes),
  };
}
