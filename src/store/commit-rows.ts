/** The rows that a commit puts into a log's database. */
import { bytesEqual } from '../core/bytes/equal.ts';
import { formatCanonicalJson } from '../core/bytes/json.ts';
import { encodeUtf8 } from '../core/bytes/utf8.ts';
import { AttestryError } from '../errors.ts';
import { grownRows } from './entry-rows.ts';
import type { LookUpRow, StoredHashes } from './hash-index.ts';
import { encodeHeads } from './head-row.ts';
import * as keys from './level-keys.ts';
import type { LogCommit } from './log-store.ts';

export interface CommitRows {
  readonly commit: LogCommit;
  /** What stands before the commit's first entry in its row. */
  readonly begun: Uint8Array;
  /** Look-up rows that are due with it. */
  readonly lookUps: readonly LookUpRow[];
}

export function putRows(
  { commit, begun, lookUps }: CommitRows,
  put: (key: Uint8Array, value: Uint8Array) => void,
): void {
  const { from, entries, tiles, head, streams, mentions, before } = commit;
  const added = entries.map(({ entry }) => entry);
  for (const [first, row] of grownRows(from, added, begun)) put(keys.entryRowKey(first), row);
  for (const { comesWith, row } of lookUps) put(keys.lookUpKey(comesWith), row);
  for (const { level, index, hashes, middle } of tiles) {
    put(keys.tileKey(level, index), hashes);
    if (middle !== undefined) put(keys.middleKey(index), middle);
  }
  for (const [key, state] of streams)
    put(keys.streamRowKey(key), formatCanonicalJson({ ...state }));
  for (const { model, index, kind } of mentions)
    put(keys.mentionKey(model, index), Buffer.from(kind));
  for (const { size, note } of before?.checkpoints ?? [])
    put(keys.checkpointKey('committed', size), encodeUtf8(note));
  put(keys.HEAD_KEY, encodeHeads([head, ...(before?.unkept ?? [])]));
}

/** The look-up rows, if each stands in the database as it was written. @throws TABLE_MISMATCH */
export function verifyLookUps(
  rows: readonly LookUpRow[],
  stored: Pick<StoredHashes, 'lookUpRow'>,
): readonly LookUpRow[] {
  for (const { run, comesWith, row } of rows) {
    const readBack = stored.lookUpRow(comesWith);
    if (readBack !== undefined && bytesEqual(readBack, row)) continue;
    throw new AttestryError(
      'TABLE_MISMATCH',
      `A look-up row of the entries from ${run.start} on reads back differently from what was written.`,
    );
  }
  return rows;
}
