import { describe, expect, it } from 'vitest';
import { formatCanonicalJson } from '../../../src/core/bytes/json.ts';
import { encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import { leafHash } from '../../../src/core/merkle/hash.ts';
import { signEnvelope } from '../../../src/core/statement/envelope.ts';
import { formatStatement, KINDS, type Statement } from '../../../src/core/statement/statement.ts';
import { decodeKey } from '../../../src/core/tally/key.ts';
import { leavesOf } from '../../../src/core/tally/leaves.ts';
import { ZERO_SUMS } from '../../../src/core/tally/sums.ts';
import { operatorSeed, signedEntry } from '../../helpers/fixtures.ts';
import { digestOf, MODEL, sampleStatement } from '../../helpers/statements.ts';

function signedPayload(payload: Uint8Array): Uint8Array {
  return signEnvelope(payload, [operatorSeed('operator-eu')]).entry;
}

describe('leavesOf', () => {
  it('gives an entry of any kind its leaf: key, leaf hash of the log, sums', () => {
    for (const kind of KINDS) {
      const { entry } = signedEntry(sampleStatement(kind) as Statement);
      const [leaf, ...more] = leavesOf(entry, 7);
      expect(more).toEqual([]);
      expect(leaf?.entryHash).toEqual(leafHash(entry));
      expect(leaf && decodeKey(leaf.key)).toMatchObject({ model: MODEL, kind, index: 7 });
      expect(leaf?.sums).toEqual(kind === 'usage' ? [3n, 70n, 20n, 10n, 40n, 2n, 5n] : ZERO_SUMS);
    }
  });

  it('gives one entry about several models a leaf for each, with the same hash', () => {
    const subject = ['a', 'b'].map((name) => ({ name, digest: { sha256: digestOf(name) } }));
    const { entry } = signedEntry(sampleStatement('training', { subject }));
    const leaves = leavesOf(entry, 0);
    expect(leaves.map(({ key }) => decodeKey(key)?.model)).toEqual(['a', 'b'].map(digestOf));
    expect(leaves.map(({ entryHash }) => entryHash)).toEqual([leafHash(entry), leafHash(entry)]);
  });

  it('does not look at signatures, as whoever replays the log must get the same tally', () => {
    const { entry } = signedEntry(sampleStatement('usage'), [operatorSeed('somebody else')]);
    expect(leavesOf(entry, 0)).toHaveLength(1);
  });

  it('gives nothing for an entry that is no statement', () => {
    const statement = JSON.parse(
      new TextDecoder().decode(formatStatement(sampleStatement('usage'))),
    ) as { predicate: { quantities: Record<string, string> } };
    const { predicate } = statement;
    const wrongSum = { ...predicate.quantities, inputTokens: '101' };
    const payloads = [
      encodeUtf8('{}'),
      encodeUtf8('not JSON'),
      formatCanonicalJson({ ...statement, predicateType: 'https://example.com/other/v1' }),
      formatCanonicalJson({ ...statement, predicate: { ...predicate, quantities: wrongSum } }),
    ];
    const { entry } = signedEntry(sampleStatement('usage'));
    const spaced = encodeUtf8(`${new TextDecoder().decode(entry)} `);
    for (const bytes of [
      ...payloads.map(signedPayload),
      spaced,
      new Uint8Array(0),
      new Uint8Array(70_000),
    ])
      expect(leavesOf(bytes, 0)).toEqual([]);
  });
});
