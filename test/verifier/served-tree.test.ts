import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyConsistency } from '../../src/core/merkle/consistency.ts';
import { formatTilePath, type TileCoordinate } from '../../src/core/merkle/tile-path.ts';
import { AttestryError } from '../../src/errors.ts';
import type { LogSource } from '../../src/verifier/log-source.ts';
import { openServedTree } from '../../src/verifier/served-tree.ts';
import { NaiveTree, naiveLeaves } from '../helpers/naive-tree.ts';
import { flipBit } from '../helpers/wrapped-store.ts';

const { signal } = new AbortController();
// Three tile levels would take 65,536 leaves; two show every case of a tile above a tile.
const TREE = new NaiveTree(naiveLeaves(1300));

type Damage = (path: string, row: Uint8Array) => Uint8Array | undefined;

/** The tiles of the tree at a size. */
function tilesOf(size: number, damage: Damage = (_, row) => row): LogSource & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    readCheckpoint: async () => undefined,
    readBundle: async () => undefined,
    readTile: async ({ level, index, width }: TileCoordinate) => {
      const path = formatTilePath({ level, index, width });
      asked.push(path);
      if ((index * 256 + width) * 256 ** level > size) return undefined;
      return damage(path, TREE.tile(level, index, size).subarray(0, width * 32));
    },
  };
}

function checkpointAt(size: number): { origin: string; size: number; root: Uint8Array } {
  return { origin: 'log.example', size, root: TREE.root(size) };
}

const sizes = fc
  .tuple(fc.integer({ min: 0, max: 1300 }), fc.integer({ min: 0, max: 1300 }))
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

describe('openServedTree', () => {
  it('gives the roots, proofs and rows of the tree behind the checkpoint', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, async ([size1, size2]) => {
        const tree = await openServedTree(tilesOf(size2), checkpointAt(size2), signal);
        expect(await tree.rootAt(size1)).toEqual(TREE.root(size1));
        const proof = await tree.proofFrom(size1);
        expect(proof).toEqual(size1 === 0 ? [] : TREE.proof(size1, size2));
        if (size1 > 0) {
          const roots = { root1: TREE.root(size1), root2: TREE.root(size2) };
          verifyConsistency({ size1, size2, ...roots, proof });
          const last = Math.floor((size1 - 1) / 256);
          expect(await tree.row(0, last)).toEqual(TREE.tile(0, last, size2));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('uses no hash of a tile in which any bit is wrong', async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1300 }),
        fc.nat(),
        fc.nat(),
        async (size, which, bit) => {
          // What an honest reading of every leaf asks for, first.
          const honest = tilesOf(size);
          await readAll(honest, size);
          const target = honest.asked[which % honest.asked.length] as string;
          const lying = tilesOf(size, (path, row) =>
            path === target ? flipBit(row, bit % (row.length * 8)) : row,
          );
          const code = await readAll(lying, size).then(
            () => 'accepted',
            (error) => (error instanceof AttestryError ? error.code : String(error)),
          );
          expect(['ROOT_MISMATCH', 'TILE_HASH_MISMATCH']).toContain(code);
          refused++;
        },
      ),
      { numRuns: 80 },
    );
    expect(refused).toBeGreaterThanOrEqual(80);
  });

  it('reads a few tiles however large the log says it is, and none twice', async () => {
    const source = tilesOf(1300);
    const tree = await openServedTree(source, checkpointAt(1300), signal);
    expect(source.asked).toEqual(['tile/0/005.p/20', 'tile/1/000.p/5']);
    await Promise.all([tree.rootAt(700), tree.rootAt(700), tree.proofFrom(700)]);
    expect(source.asked.slice(2)).toEqual(['tile/0/002']);
  });

  it('asks again for a tile that it could not have', async () => {
    let broken = true;
    const source = tilesOf(1300, (path, row) =>
      broken && path === 'tile/0/002' ? undefined : row,
    );
    const tree = await openServedTree(source, checkpointAt(1300), signal);
    await expect(tree.rootAt(700)).rejects.toMatchObject({ code: 'TILE_MISSING' });
    broken = false;
    expect(await tree.rootAt(700)).toEqual(TREE.root(700));
  });

  it('refuses to be asked for tiles that the tree does not have', async () => {
    const tree = await openServedTree(tilesOf(1300), checkpointAt(1300), signal);
    await expect(tree.row(0, 6)).rejects.toBeInstanceOf(RangeError);
    await expect(tree.row(2, 0)).rejects.toBeInstanceOf(RangeError);
  });
});

async function readAll(source: LogSource, size: number): Promise<void> {
  const tree = await openServedTree(source, checkpointAt(size), signal);
  for (let index = 0; index * 256 < size; index++) await tree.row(0, index);
}
