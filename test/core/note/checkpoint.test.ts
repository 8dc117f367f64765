import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeBase64 } from '../../../src/core/bytes/base64.ts';
import { EMPTY_ROOT } from '../../../src/core/merkle/hash.ts';
import {
  parseCheckpoint,
  parseCheckpointClaim,
  signCheckpoint,
  verifyCheckpoint,
  verifyLogSignatures,
} from '../../../src/core/note/checkpoint.ts';
import { formatNote, formatSignatureLine, parseNote } from '../../../src/core/note/note.ts';
import { checkpointText } from '../../../src/core/note/signable.ts';
import { type NoteSigner, SIGNATURE_TYPE } from '../../../src/core/note/vkey.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { withLargeScalar } from '../../helpers/forgeries.ts';
import { accepted, hostileText } from '../../helpers/hostile.ts';
import { signText as signAs } from '../../helpers/notes.ts';
import { testSigner } from '../../helpers/signed-log.ts';

const ORIGIN = 'eu.log.example';
const ROOT = new Uint8Array(32).fill(7);
const SIGNER = testSigner(ORIGIN, SIGNATURE_TYPE.ed25519);
const NOTE = signCheckpoint({ origin: ORIGIN, size: 5, root: ROOT }, SIGNER);
const VKEYS = [SIGNER.vkey];

/** A note of any text with the log's good signature. */
const signText = (text: string, signer: NoteSigner = SIGNER): string => signAs(text, signer);

describe('parseCheckpoint', () => {
  it('reads what signCheckpoint writes', () => {
    const { checkpoint, note } = parseCheckpoint(NOTE);
    expect(checkpoint).toEqual({ origin: ORIGIN, size: 5, root: ROOT });
    expect(note.text).toBe(checkpointText(ORIGIN, 5, ROOT));
  });

  const root = encodeBase64(ROOT);
  it.each([
    ['no origin', `\n5\n${root}\n`],
    ['no size', `${ORIGIN}\n`],
    ['no root', `${ORIGIN}\n5\n`],
    ['an empty text', '\n'],
    ['a size with a leading zero', `${ORIGIN}\n05\n${root}\n`],
    ['a size with a sign', `${ORIGIN}\n+5\n${root}\n`],
    ['a size below zero', `${ORIGIN}\n-5\n${root}\n`],
    ['minus zero', `${ORIGIN}\n-0\n${encodeBase64(EMPTY_ROOT)}\n`],
    ['a size with a space', `${ORIGIN}\n5 \n${root}\n`],
    ['a hexadecimal size', `${ORIGIN}\n0x5\n${root}\n`],
    ['a size of 2^53', `${ORIGIN}\n9007199254740992\n${root}\n`],
    ['an empty size', `${ORIGIN}\n\n${root}\n`],
    ['a root of 31 bytes', `${ORIGIN}\n5\n${encodeBase64(ROOT.subarray(1))}\n`],
    ['a root of 33 bytes', `${ORIGIN}\n5\n${encodeBase64(new Uint8Array(33))}\n`],
    ['a root in hex', `${ORIGIN}\n5\n${'07'.repeat(32)}\n`],
    ['a root of the URL alphabet', `${ORIGIN}\n5\n${root.replaceAll('B', '-')}\n`],
    ['a root with trailing bits', `${ORIGIN}\n5\n${root.replace('c=', 'd=')}\n`],
    ['a root without padding', `${ORIGIN}\n5\n${root.replace('=', '')}\n`],
    ['an empty log with a root', `${ORIGIN}\n0\n${root}\n`],
  ])('refuses %s', (_, text) => {
    expect(codeOf(() => parseCheckpoint(signText(text)))).toBe('CHECKPOINT_MALFORMED');
  });

  it('refuses extension lines, empty ones included', () => {
    for (const line of ['extension', 'Timestamp: 1', '']) {
      const note = signText(`${checkpointText(ORIGIN, 5, ROOT)}${line}\n`);
      expect(codeOf(() => parseCheckpoint(note))).toBe('CHECKPOINT_EXTENSION_UNKNOWN');
    }
  });

  it('refuses what is no note', () => {
    expect(codeOf(() => parseCheckpoint(NOTE.replaceAll('\n', '\r\n')))).toBe('NOTE_MALFORMED');
  });

  it('takes an empty log with the hash of nothing', () => {
    const note = signCheckpoint({ origin: ORIGIN, size: 0, root: EMPTY_ROOT }, SIGNER);
    expect(parseCheckpoint(note).checkpoint.size).toBe(0);
  });

  it('refuses any text with a code, or the checkpoint gives its text back', () => {
    fc.assert(
      fc.property(hostileText(NOTE), (text) => {
        const signed = accepted(() => parseCheckpoint(text));
        if (signed === undefined) return;
        const { origin, size, root: at } = signed.checkpoint;
        const body = checkpointText(origin, size, at);
        expect(formatNote({ ...signed.note, text: body })).toBe(text);
      }),
      { numRuns: 300 },
    );
  });
});

describe('parseCheckpointClaim', () => {
  it('leaves the root of an empty log to its caller, and nothing else', () => {
    const claim = signText(checkpointText(ORIGIN, 0, ROOT));
    expect(parseCheckpointClaim(claim).checkpoint.root).toEqual(ROOT);
    const note = signText(`${ORIGIN}\n05\n${encodeBase64(ROOT)}\n`);
    expect(codeOf(() => parseCheckpointClaim(note))).toBe('CHECKPOINT_MALFORMED');
  });
});

describe('verifyCheckpoint', () => {
  const verdict = (note: string, vkeys = VKEYS): string =>
    codeOf(() => verifyCheckpoint(note, { vkeys }));
  const good = parseNote(NOTE);
  const line = good.signatures[0] as (typeof good.signatures)[number];

  it('accepts the signature of the log and gives back what it signed', () => {
    expect(verifyCheckpoint(NOTE, { vkeys: VKEYS })).toEqual(parseCheckpoint(NOTE));
  });

  it('refuses a log that is not known', () => {
    expect(verdict(NOTE, [])).toBe('CHECKPOINT_ORIGIN_UNKNOWN');
    const other = testSigner('us.log.example', SIGNATURE_TYPE.ed25519);
    expect(verdict(NOTE, [other.vkey])).toBe('CHECKPOINT_ORIGIN_UNKNOWN');
    // One log signing in the name of another: its key's name is not the origin.
    expect(verdict(signText(good.text, other), [other.vkey])).toBe('CHECKPOINT_ORIGIN_UNKNOWN');
  });

  it('takes origins byte by byte', () => {
    expect(verdict(signText(checkpointText('EU.log.example', 5, ROOT)))).toBe(
      'CHECKPOINT_ORIGIN_UNKNOWN',
    );
  });

  it('does not take a cosigning key for the key of a log', () => {
    const witness = testSigner(ORIGIN, SIGNATURE_TYPE.cosignature);
    expect(verdict(NOTE, [witness.vkey])).toBe('CHECKPOINT_ORIGIN_UNKNOWN');
  });

  it('refuses a note that only strangers signed', () => {
    const stranger = testSigner(ORIGIN, SIGNATURE_TYPE.ed25519, 'stranger');
    expect(verdict(signText(good.text, stranger))).toBe('CHECKPOINT_UNSIGNED');
    const renamed = formatNote({ ...good, signatures: [{ ...line, name: 'us.log.example' }] });
    expect(verdict(renamed)).toBe('CHECKPOINT_UNSIGNED');
  });

  it.each([
    ['another size', NOTE.replace('\n5\n', '\n6\n')],
    ['another root', NOTE.replace(encodeBase64(ROOT), encodeBase64(new Uint8Array(32)))],
    [
      'a flipped bit in the signature',
      formatNote({
        ...good,
        signatures: [{ ...line, signature: line.signature.map((b, i) => (i === 40 ? b ^ 1 : b)) }],
      }),
    ],
    [
      'S + L',
      formatNote({
        ...good,
        signatures: [{ ...line, signature: withLargeScalar(line.signature) }],
      }),
    ],
    [
      'a signature that is cut',
      formatNote({
        ...good,
        signatures: [{ ...line, signature: line.signature.subarray(0, 63) }],
      }),
    ],
    [
      'a wrong line of the log beside a good one',
      NOTE + formatSignatureLine({ ...line, signature: new Uint8Array(64) }),
    ],
  ])('refuses %s', (_, note) => {
    expect(verdict(note)).toBe('CHECKPOINT_SIGNATURE_INVALID');
  });

  it('ignores lines of keys that it does not know', () => {
    const grease = formatSignatureLine({
      ...line,
      keyId: Uint8Array.of(1, 2, 3, 4),
      signature: new Uint8Array(100),
    });
    expect(verdict(NOTE + grease)).toBe('none');
  });

  it('verifies under each of several keys of one log', () => {
    const second = testSigner(ORIGIN, SIGNATURE_TYPE.ed25519, 'second key');
    const vkeys = [SIGNER.vkey, second.vkey];
    expect(verdict(NOTE, vkeys)).toBe('none');
    expect(verdict(signText(good.text, second), vkeys)).toBe('none');
  });
});

describe('verifyLogSignatures', () => {
  it('gives one line per key', () => {
    const note = parseNote(NOTE + NOTE.slice(NOTE.lastIndexOf('—')));
    expect(note.signatures).toHaveLength(2);
    expect(verifyLogSignatures(note, VKEYS)).toEqual([note.signatures[0]]);
  });
});
