/** The rows that a commit puts into a log's database. */
import { formatCanonicalJson } from '../core/bytes/json.ts';
import { encodeUtf8 } from '../core/bytes/utf8.ts';
import { grownRows } from './entry-rows.ts';
import { encodeHeads } from './head-row.ts';
import * as keys from './level-keys.ts';
import type { LogCommit } from './log-store.ts';

/** `begun`: what stands before the commit's first entry in its row. */
export function putRows(
  commit: LogCommit,
  begun: Uint8Array,
  put: (key: Uint8Array, value: Uint8Array) => void,
): void {
  const { from, entries, tiles, head, streams, mentions, before } = commit;
  const added = entries.map(({ entry }) => entry);
  for (const [first, row] of grownRows(from, added, begun)) put(keys.entryRowKey(first), row);
  for (const [i, { entryHash }] of entries.entries()) {
    put(keys.indexKey(entryHash), Buffer.from(String(from + i)));
  }
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
