import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../src/core/bytes/equal.ts';
import { signCheckpoint } from '../../../src/core/note/checkpoint.ts';
import {
  appendSignatures,
  CLOCK_SKEW_SECONDS,
  type Cosignature,
  rightCosignatures,
  signCosignature,
  verifyCosignatures,
} from '../../../src/core/note/cosignature.ts';
import { signEd25519 } from '../../../src/core/note/ed25519.ts';
import { formatSignatureLine, parseNote } from '../../../src/core/note/note.ts';
import { cosignatureMessage } from '../../../src/core/note/signable.ts';
import { SIGNATURE_TYPE } from '../../../src/core/note/vkey.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { withLargeScalar } from '../../helpers/forgeries.ts';
import { testSigner } from '../../helpers/signed-log.ts';
import { NOW } from '../../helpers/statements.ts';

const LOG = testSigner('eu.log.example', SIGNATURE_TYPE.ed25519);
const NOTE = signCheckpoint({ origin: LOG.vkey.name, size: 5, root: new Uint8Array(32) }, LOG);
const { text } = parseNote(NOTE);
const [W1, W2] = ['witness1.example', 'witness2.example'].map((name) =>
  testSigner(name, SIGNATURE_TYPE.cosignature),
) as [ReturnType<typeof testSigner>, ReturnType<typeof testSigner>];
const WITNESSES = [W1.vkey, W2.vkey];

const cosigned = (...lines: readonly string[]): string => appendSignatures(NOTE, lines);

function verify(note: string, now?: number): readonly Cosignature[] {
  const trust = { witnesses: WITNESSES, ...(now === undefined ? {} : { now }) };
  return verifyCosignatures(parseNote(note), trust);
}

const verdict = (note: string, now?: number): string => codeOf(() => verify(note, now));

/** A line of witness 1 over any blob after the key ID. */
function lineOf(signature: Uint8Array): string {
  return formatSignatureLine({ name: W1.vkey.name, keyId: W1.vkey.keyId, signature });
}

/** A line of witness 1 with this time, really signed. */
function lineAt(time: bigint): string {
  const head = new Uint8Array(8);
  new DataView(head.buffer).setBigUint64(0, time);
  const message = Buffer.from(`cosignature/v1\ntime ${time}\n${text}`);
  return lineOf(concatBytes(head, signEd25519(W1.seed, message)));
}

describe('verifyCosignatures', () => {
  it('gives who signed and when', () => {
    const note = cosigned(signCosignature(text, NOW, W1), signCosignature(text, NOW - 5, W2));
    expect(verify(note, NOW)).toEqual([
      { name: 'witness1.example', publicKey: W1.vkey.publicKey, time: NOW },
      { name: 'witness2.example', publicKey: W2.vkey.publicKey, time: NOW - 5 },
    ]);
  });

  it('ignores the log, strangers, and a key that signs as a log', () => {
    const stranger = testSigner('witness1.example', SIGNATURE_TYPE.cosignature, 'stranger');
    expect(verify(cosigned(signCosignature(text, NOW, stranger)))).toEqual([]);
    const asLog = testSigner('witness1.example', SIGNATURE_TYPE.ed25519);
    const note = parseNote(cosigned(signCosignature(text, NOW, asLog)));
    expect(verifyCosignatures(note, { witnesses: [asLog.vkey] })).toEqual([]);
  });

  it('counts a witness once, at its earliest time', () => {
    for (const times of [
      [NOW, NOW - 9, NOW - 3],
      [NOW - 9, NOW],
    ]) {
      const found = verify(cosigned(...times.map((time) => signCosignature(text, time, W1))));
      expect(found.map(({ time }) => time)).toEqual([NOW - 9]);
    }
  });

  it('counts one public key under two names once', () => {
    const alias = testSigner('alias.example', SIGNATURE_TYPE.cosignature, 'witness1.example');
    const note = parseNote(
      cosigned(signCosignature(text, NOW, W1), signCosignature(text, NOW, alias)),
    );
    const found = verifyCosignatures(note, { witnesses: [W1.vkey, alias.vkey] });
    expect(found.map(({ name }) => name)).toEqual(['witness1.example']);
  });

  it.each([
    ['a signature without a time', signEd25519(W1.seed, Buffer.from(text))],
    ['one byte too few', new Uint8Array(71)],
    ['one byte too many', new Uint8Array(73)],
    ['one byte', new Uint8Array(1)],
  ])('refuses %s', (_, blob) => {
    expect(verdict(cosigned(lineOf(blob)))).toBe('COSIGNATURE_MALFORMED');
  });

  it('refuses time zero and times beyond 2^53-1, signed or not', () => {
    for (const time of [0n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
      expect(verdict(cosigned(lineAt(time)))).toBe('COSIGNATURE_TIME_INVALID');
    }
    expect(verdict(cosigned(lineAt(1n)))).toBe('none');
    expect(verdict(cosigned(lineAt(2n ** 53n - 1n)))).toBe('none');
  });

  it('refuses times further ahead of the clock than clocks may differ', () => {
    const at = (time: number): string => cosigned(signCosignature(text, time, W1));
    expect(verdict(at(NOW + CLOCK_SKEW_SECONDS), NOW)).toBe('none');
    expect(verdict(at(NOW + CLOCK_SKEW_SECONDS + 1), NOW)).toBe('COSIGNATURE_TIME_FUTURE');
    expect(verdict(at(NOW + CLOCK_SKEW_SECONDS + 1))).toBe('none');
  });

  const good = parseNote(cosigned(signCosignature(text, NOW, W1))).signatures[1]
    ?.signature as Uint8Array;
  it.each([
    ['another time', good.map((byte, i) => (i === 7 ? byte ^ 1 : byte))],
    ['a flipped bit', good.map((byte, i) => (i === 71 ? byte ^ 1 : byte))],
    ['S + L', concatBytes(good.subarray(0, 8), withLargeScalar(good.subarray(8)))],
    [
      'a signature over the note without its header',
      concatBytes(good.subarray(0, 8), signEd25519(W1.seed, Buffer.from(text))),
    ],
    [
      'a signature of another witness',
      concatBytes(good.subarray(0, 8), signEd25519(W2.seed, cosignatureMessage(NOW, text))),
    ],
  ])('refuses %s', (_, blob) => {
    expect(verdict(cosigned(lineOf(blob)))).toBe('COSIGNATURE_INVALID');
  });

  it('refuses a cosignature moved to another checkpoint', () => {
    const other = signCheckpoint({ origin: LOG.vkey.name, size: 6, root: new Uint8Array(32) }, LOG);
    const moved = appendSignatures(other, [signCosignature(text, NOW, W1)]);
    expect(verdict(moved)).toBe('COSIGNATURE_INVALID');
  });

  it('refuses the whole note for one wrong line of a known witness', () => {
    const note = cosigned(signCosignature(text, NOW, W1), lineOf(new Uint8Array(72).fill(1)));
    expect(verdict(note)).toBe('COSIGNATURE_TIME_INVALID');
  });
});

describe('rightCosignatures', () => {
  it('leaves out what is wrong, unknown or said before', () => {
    const right = [signCosignature(text, NOW, W1), signCosignature(text, NOW - 5, W2)];
    const stranger = testSigner('witness1.example', SIGNATURE_TYPE.cosignature, 'stranger');
    const note = cosigned(
      lineOf(new Uint8Array(72).fill(1)),
      lineOf(new Uint8Array(3)),
      signCosignature(text, NOW, stranger),
      ...right,
      signCosignature(text, NOW - 9, W1),
    );
    const found = rightCosignatures(parseNote(note), { witnesses: WITNESSES, now: NOW });
    expect(found.map(formatSignatureLine)).toEqual(right);
  });
});

describe('signCosignature', () => {
  it('writes a line that ends in a newline and begins with the time', () => {
    const line = signCosignature(text, 1_727_964_367, W1);
    const [, , blob = ''] = line.trimEnd().split(' ');
    expect(line.endsWith('\n')).toBe(true);
    expect(Buffer.from(blob, 'base64').subarray(0, 4)).toEqual(Buffer.from(W1.vkey.keyId));
    expect(Buffer.from(blob, 'base64').readBigUInt64BE(4)).toBe(1_727_964_367n);
  });
});

describe('appendSignatures', () => {
  it('keeps the note and repeats no line', () => {
    const line = signCosignature(text, NOW, W1);
    const once = appendSignatures(NOTE, [line, line]);
    expect(once).toBe(NOTE + line);
    expect(appendSignatures(once, [line])).toBe(once);
  });
});
