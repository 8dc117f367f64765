import { describe, expect, it } from 'vitest';
import { decodeBase64 } from '../../../src/core/bytes/base64.ts';
import { decodeBundle } from '../../../src/core/merkle/bundle.ts';
import { verifyConsistency } from '../../../src/core/merkle/consistency.ts';
import { growTiles } from '../../../src/core/merkle/growth.ts';
import { leafHash } from '../../../src/core/merkle/hash.ts';
import { verifyInclusion } from '../../../src/core/merkle/inclusion.ts';
import { verifySubtreeConsistency } from '../../../src/core/merkle/subtree.ts';
import { verifySubtreeInclusion } from '../../../src/core/merkle/subtree-inclusion.ts';
import { rootFromTiles } from '../../../src/core/merkle/tile.ts';
import {
  formatBundlePath,
  formatTilePath,
  parseBundlePath,
  parseTilePath,
} from '../../../src/core/merkle/tile-path.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { readJson, readJsonFolder, sharedVectors } from '../../helpers/vectors.ts';

interface ProofCase {
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly start: number;
  readonly end: number;
  readonly size: number;
  readonly size1: number;
  readonly size2: number;
  readonly root: string;
  readonly root1: string;
  readonly root2: string;
  readonly leafHash: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
}

const KINDS: Readonly<Record<string, (c: ProofCase, proof: Uint8Array[]) => unknown>> = {
  inclusion: (c, proof) =>
    verifyInclusion({
      leafHash: decodeBase64(c.leafHash),
      index: c.leafIdx,
      size: c.treeSize,
      root: decodeBase64(c.root),
      proof,
    }),
  consistency: (c, proof) =>
    verifyConsistency({
      size1: c.size1,
      root1: decodeBase64(c.root1),
      size2: c.size2,
      root2: decodeBase64(c.root2),
      proof,
    }),
  subtreeinclusion: (c, proof) =>
    verifySubtreeInclusion({
      leafHash: decodeBase64(c.leafHash),
      index: c.leafIdx,
      start: c.start,
      end: c.end,
      subtreeHash: decodeBase64(c.root),
      proof,
    }),
  subtreeconsistency: (c, proof) =>
    verifySubtreeConsistency({
      start: c.start,
      end: c.end,
      size: c.size,
      subtreeHash: decodeBase64(c.root1),
      root: decodeBase64(c.root2),
      proof,
    }),
};

const merkle = sharedVectors('merkle');
describe.skipIf(merkle === undefined)('the public vectors of RFC 6962 proofs', () => {
  it.each(Object.entries(KINDS))('get the verdict that they want: %s', (folder, verify) => {
    const cases = readJsonFolder<ProofCase>(`${merkle}/${folder}`);
    expect(cases.length).toBeGreaterThan(90);
    const verdicts = cases.map(({ name, content }) => {
      const proof = (content.proof ?? []).map(decodeBase64);
      return { name, refused: codeOf(() => verify(content, proof)) !== 'none' };
    });
    expect(verdicts).toEqual(
      cases.map(({ name, content }) => ({ name, refused: content.wantErr })),
    );
  });
});

interface StoredLog {
  readonly files: Readonly<Record<string, { readonly text?: string; readonly base64?: string }>>;
}

function openLog(file: string, prefix = ''): (path: string) => Uint8Array {
  return (path) => {
    const content = readJson<StoredLog>(file).files[prefix + path];
    if (content === undefined) throw new Error(`${path} is not in the log.`);
    return content.base64 === undefined
      ? new TextEncoder().encode(content.text)
      : decodeBase64(content.base64);
  };
}

function rootOfCheckpoint(bytes: Uint8Array): Uint8Array {
  return decodeBase64(new TextDecoder().decode(bytes).split('\n')[2] ?? '');
}

const tessera = sharedVectors('checkpoint/tessera-log.json');
describe.skipIf(tessera === undefined)('a log that other software wrote', () => {
  const log = openLog(tessera ?? '');

  it('has paths that parse and are written back the same', () => {
    const paths = Object.keys(readJson<StoredLog>(tessera ?? '').files);
    const bundles = paths.filter((path) => path.startsWith('tile/entries/'));
    const tiles = paths.filter((path) => path.startsWith('tile/0/'));
    expect([bundles.length, tiles.length]).toEqual([15, 15]);
    for (const path of bundles) expect(formatBundlePath(parseBundlePath(path))).toBe(path);
    for (const path of tiles) expect(formatTilePath(parseTilePath(path))).toBe(path);
  });

  it('gives its tiles and the root of every checkpoint out of its entries', () => {
    for (let size = 1; size <= 15; size++) {
      const entries = decodeBundle(log(formatBundlePath({ index: 0, width: size })), size);
      const tile = log(formatTilePath({ level: 0, index: 0, width: size }));
      const stored = tile.subarray(0, (size - 1) * 32);
      const last = leafHash(entries[size - 1] as Uint8Array);
      const growth = growTiles({ size: size - 1, leafHashes: [last], readTile: () => stored });
      expect(growth.tiles).toEqual([{ level: 0, index: 0, hashes: tile }]);
      expect(growth.root).toEqual(rootOfCheckpoint(log(`checkpoint.${size}`)));
    }
  });
});

const sunlight = sharedVectors('checkpoint/sunlight-witness.json');
describe.skipIf(sunlight === undefined)('a mirror of 300 entries that other software wrote', () => {
  const originHash = '000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706';
  const log = openLog(sunlight ?? '', `witness/mirror/${originHash}/`);

  it('gives its tiles of both levels and its root', () => {
    const first = log('tile/0/000');
    const last = log('tile/0/001.p/44');
    const rows = Uint8Array.from([...first, ...last]);
    const leafHashes = Array.from({ length: 300 }, (_, i) => rows.subarray(i * 32, (i + 1) * 32));
    const growth = growTiles({ size: 0, leafHashes, readTile: () => first });
    expect(growth.tiles.map(({ middle, ...tile }) => tile)).toEqual([
      { level: 0, index: 0, hashes: first },
      { level: 0, index: 1, hashes: last },
      { level: 1, index: 0, hashes: log('tile/1/000.p/1') },
    ]);
    const root = rootOfCheckpoint(log('checkpoint'));
    expect(growth.root).toEqual(root);
    const edge = (level: number): Uint8Array =>
      log(level === 0 ? 'tile/0/001.p/44' : 'tile/1/000.p/1');
    expect(rootFromTiles(300, edge)).toEqual(root);
  });
});
