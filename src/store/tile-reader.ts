import type { ReadTile } from '../core/merkle/tile.ts';
import { AttestryError } from '../errors.ts';
import type { LogStore } from './log-store.ts';

/** The store's tiles for the functions of core; a tile that must be there and is not is a damaged database. */
export function tileReader(store: Pick<LogStore, 'tile'>): ReadTile {
  return (level, index) => {
    const row = store.tile(level, index);
    if (row !== undefined) return row;
    throw new AttestryError(
      'TILE_MISSING',
      `Expected tile ${level}/${index} in the database; run attestry fsck.`,
    );
  };
}
