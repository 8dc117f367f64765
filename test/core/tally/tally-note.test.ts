import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeBase64 } from '../../../src/core/bytes/base64.ts';
import { encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import { parseCheckpoint, signCheckpoint } from '../../../src/core/note/checkpoint.ts';
import {
  appendSignatures,
  signCosignature,
  verifyCosignatures,
} from '../../../src/core/note/cosignature.ts';
import { signEd25519 } from '../../../src/core/note/ed25519.ts';
import { formatNote, parseNote } from '../../../src/core/note/note.ts';
import { makeVkey, type NoteSigner, SIGNATURE_TYPE } from '../../../src/core/note/vkey.ts';
import {
  parseTally,
  signTally,
  type TallyHead,
  verifyTallyNote,
} from '../../../src/core/tally/tally-note.ts';
import { openWitness } from '../../../src/witness/witness.ts';
import { openMemoryWitnessStore } from '../../../src/witness/witness-store.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { accepted, hostileText } from '../../helpers/hostile.ts';
import { testSigner } from '../../helpers/signed-log.ts';

const ORIGIN = 'eu.log.example';
const SIGNER = testSigner(ORIGIN, SIGNATURE_TYPE.ed25519);
const VERIFIER = testSigner('verifier.example', SIGNATURE_TYPE.cosignature);
const LARGEST = 2n ** 128n - 1n;
const HEAD: TallyHead = {
  origin: ORIGIN,
  size: 5,
  logRoot: new Uint8Array(32).fill(7),
  tallyRoot: new Uint8Array(32).fill(9),
  count: 6,
  sums: [1n, 2n, 3n, 0n, 2n ** 64n, 5n, LARGEST],
};
const NOTE = signTally(HEAD, SIGNER);
const TEXT = [
  'eu.log.example/tally',
  '5',
  encodeBase64(HEAD.tallyRoot),
  `log ${encodeBase64(HEAD.logRoot)}`,
  'count 6',
  'requests 1',
  'inputUncachedTokens 2',
  'inputCachedTokens 3',
  'inputCacheWriteTokens 0',
  'outputVisibleTokens 18446744073709551616',
  'outputReasoningTokens 5',
  `energyWattHours ${LARGEST}`,
  '',
].join('\n');

/** A note of any text with the log's good signature. */
function signText(text: string, signer: NoteSigner = SIGNER): string {
  const { name, keyId } = signer.vkey;
  const signature = signEd25519(signer.seed, encodeUtf8(text));
  return formatNote({ text, signatures: [{ name, keyId, signature }] });
}

describe('parseTally', () => {
  it('reads what signTally writes, which is the text that is documented', () => {
    const { head, note } = parseTally(NOTE);
    expect(head).toEqual(HEAD);
    expect(note.text).toBe(TEXT);
    expect(NOTE).toBe(signText(TEXT));
  });

  const lines = TEXT.split('\n');
  const change = (at: number, line: string): string => lines.with(at, line).join('\n');
  it.each([
    ['an origin without /tally', change(0, ORIGIN)],
    ['no origin', change(0, '/tally')],
    ['a size with a leading zero', change(1, '05')],
    ['a size below zero', change(1, '-5')],
    ['a size of 2^53', change(1, '9007199254740992')],
    ['no size', change(1, '')],
    ['a tally root of 31 bytes', change(2, encodeBase64(new Uint8Array(31)))],
    ['a tally root with trailing bits', change(2, (lines[2] ?? '').replace(/.=$/, 'l='))],
    ['a log root without its word', change(3, (lines[3] ?? '').slice(4))],
    ['a log root whose word stands twice', change(3, `log ${lines[3]}`)],
    ['a log root of the URL alphabet', change(3, `log ${'_'.repeat(43)}=`)],
    ['a count without its word', change(4, '6')],
    ['a count below zero', change(4, 'count -6')],
    ['a count of 2^53', change(4, 'count 9007199254740992')],
    ['another metric', change(5, 'inputTokens 1')],
    ['a sum with a leading zero', change(5, 'requests 01')],
    ['a sum below zero', change(5, 'requests -1')],
    ['a sum with a fraction', change(5, 'requests 1.0')],
    ['a sum of 2^128', change(11, `energyWattHours ${LARGEST + 1n}`)],
    ['a sum of many digits', change(11, `energyWattHours ${'9'.repeat(5000)}`)],
    ['a sum with two spaces', change(5, 'requests  1')],
    ['a sum in other digits', change(5, 'requests ١')],
    [
      'two metrics in another order',
      lines
        .with(5, lines[6] ?? '')
        .with(6, lines[5] ?? '')
        .join('\n'),
    ],
    ['a metric twice', lines.toSpliced(5, 0, 'requests 1').join('\n')],
    ['a metric left out', lines.toSpliced(7, 1).join('\n')],
    ['a line more', `${TEXT}extension\n`],
    ['a blank line more', `${TEXT}\n`],
    ['the text of a checkpoint', `${ORIGIN}\n5\n${lines[2]}\n`],
  ])('refuses %s', (_, text) => {
    expect(codeOf(() => parseTally(signText(text)))).toBe('TALLY_NOTE_MALFORMED');
  });

  it('refuses what is no note', () => {
    for (const text of ['', TEXT, NOTE.replaceAll('\n', '\r\n'), NOTE.slice(0, -1)])
      expect(codeOf(() => parseTally(text))).toBe('NOTE_MALFORMED');
  });

  it('reads texts of one spelling only, or refuses them with a code', () => {
    fc.assert(
      fc.property(hostileText(NOTE), (text) => {
        const signed = accepted(() => parseTally(text));
        if (signed !== undefined) expect(text.startsWith(textOf(signed.head))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

/** What signing the head again would sign. */
function textOf(head: TallyHead): string {
  return parseNote(signTally(head, SIGNER)).text;
}

describe('verifyTallyNote', () => {
  const codeFor = (note: string, vkey = SIGNER.vkey): string =>
    codeOf(() => verifyTallyNote(note, vkey));

  it('gives the head that the log signed', () => {
    expect(verifyTallyNote(NOTE, SIGNER.vkey).head).toEqual(HEAD);
  });

  it('refuses the word of anyone but the log', () => {
    const other = testSigner('us.log.example', SIGNATURE_TYPE.ed25519);
    const namesake = testSigner(ORIGIN, SIGNATURE_TYPE.ed25519, 'an impostor');
    expect(codeFor(NOTE, other.vkey)).toBe('TALLY_NOTE_UNSIGNED');
    expect(codeFor(signTally(HEAD, other), other.vkey)).toBe('TALLY_NOTE_UNSIGNED');
    expect(codeFor(signTally(HEAD, namesake))).toBe('TALLY_NOTE_UNSIGNED');
    expect(codeFor(signTally({ ...HEAD, origin: `${ORIGIN}/tally` }, SIGNER))).toBe(
      'TALLY_NOTE_UNSIGNED',
    );
    const line = signCosignature(TEXT, 1_790_000_000, VERIFIER);
    expect(codeFor(`${TEXT}\n${line}`)).toBe('TALLY_NOTE_UNSIGNED');
  });

  it('refuses a note with a wrong signature of the log, also beside a right one', () => {
    const changed = NOTE.replace('count 6', 'count 7');
    expect(codeFor(changed)).toBe('TALLY_NOTE_UNSIGNED');
    const [right = ''] = NOTE.match(/— .*\n/) ?? [];
    const wrong = right.replace(/.{3}=\n$/, 'AAA=\n');
    expect(wrong).not.toBe(right);
    for (const lines of [wrong, right + wrong, wrong + right])
      expect(codeFor(`${TEXT}\n${lines}`)).toBe('TALLY_NOTE_UNSIGNED');
    expect(codeFor(`${TEXT}\n${right}${right}`)).toBe('none');
  });

  it('takes no cosignature key for the log, though it be of the same name and seed', () => {
    const vkey = makeVkey(ORIGIN, SIGNATURE_TYPE.cosignature, SIGNER.vkey.publicKey);
    const signer = { vkey, seed: SIGNER.seed };
    expect(codeFor(NOTE, vkey)).toBe('TALLY_NOTE_UNSIGNED');
    expect(codeFor(`${TEXT}\n${signCosignature(TEXT, 1_790_000_000, signer)}`, vkey)).toBe(
      'TALLY_NOTE_UNSIGNED',
    );
  });

  it('ignores lines of others, and leaves them to be judged as cosignatures', () => {
    const line = signCosignature(TEXT, 1_790_000_000, VERIFIER);
    const { note } = verifyTallyNote(appendSignatures(NOTE, [line]), SIGNER.vkey);
    const witnesses = [VERIFIER.vkey];
    expect(verifyCosignatures(note, { witnesses }).map(({ name }) => name)).toEqual([
      'verifier.example',
    ]);
    const other = parseTally(appendSignatures(signTally({ ...HEAD, count: 7 }, SIGNER), [line]));
    expect(codeOf(() => verifyCosignatures(other.note, { witnesses }))).toBe('COSIGNATURE_INVALID');
  });
});

describe('signTally', () => {
  const CHECKPOINT = signCheckpoint({ origin: ORIGIN, size: 5, root: HEAD.logRoot }, SIGNER);

  it('makes nothing that is a checkpoint, nor does a checkpoint pass for it', () => {
    expect(codeOf(() => parseCheckpoint(NOTE))).toBe('CHECKPOINT_EXTENSION_UNKNOWN');
    expect(codeOf(() => parseTally(CHECKPOINT))).toBe('TALLY_NOTE_MALFORMED');
    const named = signCheckpoint(
      { origin: `${ORIGIN}/tally`, size: 5, root: HEAD.tallyRoot },
      SIGNER,
    );
    expect(codeOf(() => parseTally(named))).toBe('TALLY_NOTE_MALFORMED');
  });

  it('makes nothing that a witness cosigns', async () => {
    const witness = await openWitness({
      store: openMemoryWitnessStore(),
      signer: VERIFIER,
      logs: [SIGNER.vkey, testSigner(`${ORIGIN}/tally`, SIGNATURE_TYPE.ed25519).vkey],
      now: () => 1_790_000_000,
    });
    const submit = (checkpoint: string): Promise<unknown> =>
      witness.addCheckpoint({ oldSize: 0, proof: [], checkpoint });
    await expect(submit(NOTE)).rejects.toMatchObject({ code: 'CHECKPOINT_EXTENSION_UNKNOWN' });
    await expect(submit(CHECKPOINT)).resolves.toContain('— verifier.example ');
  });
});
