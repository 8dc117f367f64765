import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import { decodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import { buildBatchTree } from '../../../src/core/merkle/batch-tree.ts';
import {
  type ModelResource,
  omsManifest,
  omsRoot,
  type ShardClaim,
  shardLeaf,
  sortResources,
  verifyShard,
} from '../../../src/core/model/model-tree.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { spoiledProofs } from '../merkle/proof-mutations.ts';

// Two small files that the reference implementation of model signing signed, and the root it computed.
const SIGNED: readonly ModelResource[] = [
  {
    name: 'signme-1',
    digest: 'f6310066c7320497ea554260c32c43660bff648cb2a61194832cc086077085e1',
  },
  {
    name: 'signme-2',
    digest: '32dcb1f8e1ae52d5963e56a6ba06ab58b424c15ed2a6b70d2feca1d089370028',
  },
];
const SIGNED_ROOT = '61d4849d9d90076d6215f4d525f13d6574af8e3f67aef3e6f36fc40a14fdd226';

function resource(name: string): ModelResource {
  return { name, digest: createHash('sha256').update(name).digest('hex') };
}

function shards(count: number): ModelResource[] {
  return Array.from({ length: count }, (_, i) => resource(`w.bin:${i * 8}:${i * 8 + 8}`));
}

function claimOf(index: number, count: number): ShardClaim {
  const all = shards(count);
  const { root, prove } = buildBatchTree(all.map(shardLeaf));
  return { resource: all[index] as ModelResource, index, count, root, proof: prove(index) };
}

describe('omsRoot', () => {
  it('is the root that the reference implementation computes', () => {
    expect(encodeHex(omsRoot(SIGNED))).toBe(SIGNED_ROOT);
  });

  it('goes by the order listed and not by names', () => {
    expect(encodeHex(omsRoot(SIGNED.toReversed()))).not.toBe(SIGNED_ROOT);
    const renamed = SIGNED.map(({ digest }, i) => ({ name: `other-${i}`, digest }));
    expect(encodeHex(omsRoot(renamed))).toBe(SIGNED_ROOT);
  });

  it('refuses a digest that is not 64 lowercase hex digits', () => {
    for (const digest of ['', 'ab', 'F'.repeat(64), '0'.repeat(66)]) {
      expect(codeOf(() => omsRoot([{ name: 'a', digest }]))).toBe('HEX_MALFORMED');
    }
  });
});

describe('sortResources', () => {
  it('sorts by code points, where UTF-16 units sort otherwise', () => {
    const names = ['b', '\u{1f600}', '\uff5e', 'B', 'a/b', 'a', 'é'];
    expect(sortResources(names.map(resource)).map(({ name }) => name)).toEqual([
      'B',
      'a',
      'a/b',
      'b',
      'é',
      '\uff5e',
      '\u{1f600}',
    ]);
  });
});

describe('omsManifest', () => {
  it('is the canonical in-toto statement of a folder', () => {
    const manifest = omsManifest({
      name: 'signed',
      resources: SIGNED.toReversed(),
      method: 'files',
      ignorePaths: ['.git'],
    });
    const files = SIGNED.map(
      ({ name, digest }) => `{"algorithm":"sha256","digest":"${digest}","name":"${name}"}`,
    );
    expect(decodeUtf8(manifest)).toBe(
      `{"_type":"https://in-toto.io/Statement/v1","predicate":{"resources":[${files.join(',')}],"serialization":{"allow_symlinks":false,"hash_type":"sha256","ignore_paths":[".git"],"method":"files"}},"predicateType":"https://model_signing/signature/v1.0","subject":[{"digest":{"sha256":"${SIGNED_ROOT}"},"name":"signed"}]}`,
    );
  });

  it('names the shard size with shards', () => {
    const resources = shards(3);
    const manifest = omsManifest({ name: 'm', resources, method: 'shards', shardSize: 8 });
    expect(decodeUtf8(manifest)).toContain('"method":"shards","shard_size":8}');
    expect(decodeUtf8(manifest)).not.toContain('ignore_paths');
  });

  it('is the same for resources in any order', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-zé😀～]{1,4}$/u), { minLength: 1 });
    const shuffled = names.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        const of = (list: string[]): Uint8Array =>
          omsManifest({ name: 'm', resources: list.map(resource), method: 'files' });
        expect(of(one)).toEqual(of(other));
      }),
    );
  });

  it('refuses a model without files, with one twice, or with a name that leads out of it', () => {
    for (const names of [[], ['a', 'b', 'a'], ['/etc/passwd'], ['../a'], ['a//b'], ['']]) {
      const input = { name: 'm', resources: names.map(resource), method: 'files' } as const;
      expect(codeOf(() => omsManifest(input))).toBe('MODEL_MALFORMED');
    }
    const input = { name: 'm', resources: [resource('a')], method: 'shards' } as const;
    expect(codeOf(() => omsManifest({ ...input, shardSize: 8 }))).toBe('MODEL_MALFORMED');
  });

  it('takes a shard size with shards only', () => {
    const files = { name: 'm', resources: SIGNED, method: 'files' } as const;
    expect(() => omsManifest({ ...files, shardSize: 8 })).toThrow(RangeError);
    const parts = { name: 'm', resources: shards(2), method: 'shards' } as const;
    expect(() => omsManifest(parts)).toThrow(RangeError);
    expect(() => omsManifest({ ...parts, shardSize: 0 })).toThrow(RangeError);
  });
});

describe('shardLeaf', () => {
  it('is the canonical descriptor of the shard', () => {
    const shard = resource('a:0:8');
    expect(decodeUtf8(shardLeaf(shard))).toBe(
      `{"algorithm":"sha256","digest":"${shard.digest}","name":"a:0:8"}`,
    );
  });

  it('refuses what is not a shard', () => {
    expect(codeOf(() => shardLeaf(resource('a')))).toBe('MODEL_MALFORMED');
    expect(codeOf(() => shardLeaf({ name: 'a:0:8', digest: 'ab' }))).toBe('HEX_MALFORMED');
  });
});

describe('verifyShard', () => {
  it('returns the shard for every place in models of 1 to 20 shards', () => {
    for (let count = 1; count <= 20; count++) {
      for (let index = 0; index < count; index++) {
        const claim = claimOf(index, count);
        expect(verifyShard(claim)).toBe(claim.resource);
      }
    }
  });

  it('refuses another digest, range, place, count, root and every spoiled proof', () => {
    const claim = claimOf(5, 11);
    const other = claimOf(6, 11);
    const spoiled = [...spoiledProofs(claim.proof, 77)].map(({ proof }) => ({ ...claim, proof }));
    for (const wrong of [
      ...spoiled,
      { ...claim, resource: { ...claim.resource, digest: other.resource.digest } },
      { ...claim, resource: { ...claim.resource, name: 'w.bin:40:49' } },
      { ...claim, resource: { ...claim.resource, digest: 'ab' } },
      { ...claim, resource: { ...claim.resource, name: '../w.bin:40:48' } },
      { ...claim, index: 6 },
      { ...claim, index: -1 },
      { ...claim, count: 5 },
      { ...claim, count: 64 },
      { ...claim, root: claimOf(5, 12).root },
      { ...claim, root: new Uint8Array(0) },
    ]) {
      expect(codeOf(() => verifyShard(wrong))).toBe('SHARD_MISMATCH');
    }
  });
});
