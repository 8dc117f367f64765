/** Tallies: the leaves of entries, the roots of tries, and tally notes. */
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { signCheckpoint } from '../../src/core/note/checkpoint.ts';
import { formatVkey, type NoteSigner, SIGNATURE_TYPE } from '../../src/core/note/vkey.ts';
import type { Statement } from '../../src/core/statement/statement.ts';
import { leavesOf } from '../../src/core/tally/leaves.ts';
import type { TallyLeaf } from '../../src/core/tally/node.ts';
import { ZERO_SUMS } from '../../src/core/tally/sums.ts';
import { signTally, type TallyHead } from '../../src/core/tally/tally-note.ts';
import type { AttestryErrorCode } from '../../src/errors.ts';
import { signedEntry } from '../../test/helpers/fixtures.ts';
import { MemoryTally, withBit } from '../../test/helpers/memory-tally.ts';
import { testSigner } from '../../test/helpers/signed-log.ts';
import { digestOf, sampleStatement } from '../../test/helpers/statements.ts';
import { payloadText, resign, swap } from './network.ts';
import { leafFields, tallyLeaves } from './tally-material.ts';
import { inputOf, makeVector, type VectorFile } from './vector.ts';

export function tallyVectors(): VectorFile[] {
  return [...leafVectors(), ...trieVectors(), ...noteVectors()];
}

function leafVectors(): VectorFile[] {
  const subject = ['a', 'b'].map((name) => ({ name, digest: { sha256: digestOf(name) } }));
  const stated = (statement: Statement): Uint8Array => signedEntry(statement).entry;
  const wrongSum = swap(
    payloadText(sampleStatement('usage')),
    '"inputTokens":"100"',
    '"inputTokens":"101"',
  );
  const cases: readonly (readonly [desc: string, entry: Uint8Array])[] = [
    ['usage by the hour of its window', stated(sampleStatement('usage'))],
    ['deployment by the hour of its date', stated(sampleStatement('deployment'))],
    ['revocation', stated(sampleStatement('revocation'))],
    ['training of two models', stated(sampleStatement('training', { subject }))],
    ['entry that is no JSON', encodeUtf8('no JSON')],
    ['usage whose buckets do not add up', resign(wrongSum).entry],
  ];
  return cases.map(([desc, entry], index) =>
    makeVector(
      'tally/leaves',
      { desc, wantCode: null },
      { ...inputOf(entry), index, leaves: leavesOf(entry, index).map(leafFields) },
    ),
  );
}

function trieVectors(): VectorFile[] {
  const leaves = tallyLeaves();
  const [first] = leaves as [TallyLeaf];
  const cases: readonly (readonly [desc: string, leaves: readonly TallyLeaf[]])[] = [
    ['no leaf', []],
    ['one leaf', [first]],
    ['keys that part at the first bit', [first, { ...first, key: withBit(first.key, 0) }]],
    ['keys that part at the last bit', [first, { ...first, key: withBit(first.key, 359) }]],
    [
      'sums near their limit',
      [
        { ...first, sums: ZERO_SUMS.map(() => 2n ** 128n - 1n) },
        { ...first, key: withBit(first.key, 9), sums: ZERO_SUMS },
      ],
    ],
    ['several models', leaves],
  ];
  return cases.map(([desc, each]) => {
    const tally = new MemoryTally(each);
    const { count = 0, sums = ZERO_SUMS } = tally.root ?? {};
    return makeVector(
      'tally/trie',
      { desc, wantCode: null },
      {
        leaves: each.map(leafFields),
        root: encodeBase64(tally.hash),
        count,
        sums: sums.map(String),
      },
    );
  });
}

const SIGNER = testSigner('eu.log.example', SIGNATURE_TYPE.ed25519);

function noteVectors(): VectorFile[] {
  const tally = new MemoryTally(tallyLeaves());
  const { hash: tallyRoot, count = 0, sums = ZERO_SUMS } = tally.root ?? {};
  const logRoot = new Uint8Array(32).fill(7);
  const head: TallyHead = {
    origin: SIGNER.vkey.name,
    size: 20,
    logRoot,
    tallyRoot: tallyRoot ?? logRoot,
    count,
    sums,
  };
  const note = signTally(head, SIGNER);
  const impostor = testSigner(SIGNER.vkey.name, SIGNATURE_TYPE.ed25519, 'an impostor');
  const other = testSigner('us.log.example', SIGNATURE_TYPE.ed25519);
  const signed = (changed: Partial<TallyHead>, signer: NoteSigner = SIGNER): string =>
    signTally({ ...head, ...changed }, signer);
  const cases: readonly (readonly [desc: string, note: string, code: AttestryErrorCode | null])[] =
    [
      ['good tally note', note, null],
      [
        'tally note of another log',
        signed({ origin: other.vkey.name }, other),
        'TALLY_NOTE_UNSIGNED',
      ],
      [
        'tally note signed for another log',
        signed({ origin: other.vkey.name }),
        'TALLY_NOTE_UNSIGNED',
      ],
      ['tally note of an impostor', signed({}, impostor), 'TALLY_NOTE_UNSIGNED'],
      ['count altered', swap(note, `count ${count}`, `count ${count + 1}`), 'TALLY_NOTE_UNSIGNED'],
      ['sum with a leading zero', swap(note, 'requests ', 'requests 0'), 'TALLY_NOTE_MALFORMED'],
      ['sum of 2^128', swap(note, 'requests ', `requests ${2n ** 128n}`), 'TALLY_NOTE_MALFORMED'],
      ['sum below zero', swap(note, 'requests ', 'requests -'), 'TALLY_NOTE_MALFORMED'],
      ['metric left out', note.replace(/requests .*\n/, ''), 'TALLY_NOTE_MALFORMED'],
      ['metric unknown', swap(note, 'requests', 'images'), 'TALLY_NOTE_MALFORMED'],
      ['origin of the log itself', swap(note, '/tally', ''), 'TALLY_NOTE_MALFORMED'],
      [
        'checkpoint',
        signCheckpoint({ origin: SIGNER.vkey.name, size: 20, root: logRoot }, SIGNER),
        'TALLY_NOTE_MALFORMED',
      ],
      ['no signature', note.slice(0, note.indexOf('—')), 'NOTE_MALFORMED'],
    ];
  return cases.map(([desc, text, code]) =>
    makeVector(
      'tally/note',
      { desc, wantCode: code },
      { ...inputOf(encodeUtf8(text)), vkey: formatVkey(SIGNER.vkey) },
    ),
  );
}
