/** Notes, checkpoints, cosignatures, proofs and witness requests that other projects publish. */
import { describe, expect, it } from 'vitest';
import { decodeBase64, encodeBase64 } from '../../../src/core/bytes/base64.ts';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import { encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import { formatAddCheckpoint, parseAddCheckpoint } from '../../../src/core/note/add-checkpoint.ts';
import {
  parseCheckpoint,
  verifyCheckpoint,
  verifyLogSignatures,
} from '../../../src/core/note/checkpoint.ts';
import { verifyCosignatures } from '../../../src/core/note/cosignature.ts';
import { formatNote, parseNote, parseSignatureLines } from '../../../src/core/note/note.ts';
import { originHash } from '../../../src/core/note/origin-hash.ts';
import { preAuthEncoding } from '../../../src/core/note/signable.ts';
import { formatTlogProof, parseTlogProof } from '../../../src/core/note/tlog-proof.ts';
import { formatVkey, makeVkey, parseVkey, SIGNATURE_TYPE } from '../../../src/core/note/vkey.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { readJson, sharedVectors } from '../../helpers/vectors.ts';

interface NotesFile {
  readonly valid: readonly { vkey?: string; vkeys?: readonly string[]; note: string }[];
  readonly badVkeys: readonly { v: string; why: string }[];
  readonly cosigVkeys: readonly { v: string; type: number; cosigV1KeyId?: string }[];
  readonly cosigTimestamp: readonly { sig: string; unix: number }[];
}

interface LogFile {
  readonly vkey: string;
  readonly files: Readonly<Record<string, { text?: string }>>;
}

interface WitnessedLogFile extends LogFile {
  readonly witnessVkey: string;
  readonly origin: string;
  readonly originHash: string;
}

interface RequestsFile {
  readonly sequence: readonly { path: string; body: string }[];
}

const root = sharedVectors('');
const textOf = (file: LogFile, path: string): string => file.files[path]?.text as string;

describe.skipIf(root === undefined)('public vectors of signed notes', () => {
  const notes = readJsonAt<NotesFile>('notes/notes.json');

  it('verifies every valid note under its keys', () => {
    for (const { vkey, vkeys, note } of notes.valid) {
      const keys = (vkeys ?? [vkey as string]).map(parseVkey);
      expect(keys.map(formatVkey)).toEqual(vkeys ?? [vkey]);
      expect(verifyLogSignatures(parseNote(note), keys)).toHaveLength(keys.length);
      expect(formatNote(parseNote(note))).toBe(note);
    }
  });

  it('refuses every bad verifier key', () => {
    for (const { v, why } of notes.badVkeys) {
      expect(
        codeOf(() => parseVkey(v)),
        why,
      ).toBe('VKEY_MALFORMED');
    }
  });

  it('reads the keys of types that it makes, and refuses ML-DSA and a wrong key ID', () => {
    expect(notes.cosigVkeys.map(({ type }) => type)).toEqual([1, 4, 6]);
    for (const { v, type, cosigV1KeyId } of notes.cosigVkeys) {
      if (type === 6) {
        expect(codeOf(() => parseVkey(v))).toBe('VKEY_MALFORMED');
        continue;
      }
      const key = parseVkey(v);
      expect(key.type).toBe(type);
      if (cosigV1KeyId === undefined) continue;
      const retyped = makeVkey(key.name, SIGNATURE_TYPE.cosignature, key.publicKey);
      expect(encodeHex(retyped.keyId)).toBe(cosigV1KeyId);
    }
  });

  it('reads the time of a cosignature where it stands', () => {
    for (const { sig, unix } of notes.cosigTimestamp) {
      const [line] = parseSignatureLines(`— witness ${sig}\n`);
      const blob = line?.signature as Uint8Array;
      expect(blob).toHaveLength(72);
      expect(Number(new DataView(blob.buffer, blob.byteOffset).getBigUint64(0))).toBe(unix);
    }
  });
});

describe.skipIf(root === undefined)('public vectors of checkpoints', () => {
  it('verifies every checkpoint of a Tessera log', () => {
    const log = readJsonAt<LogFile>('checkpoint/tessera-log.json');
    const vkeys = [parseVkey(log.vkey)];
    for (let size = 0; size <= 15; size++) {
      const note = textOf(log, `checkpoint.${size}`);
      expect(verifyCheckpoint(note, { vkeys }).checkpoint.size).toBe(size);
    }
    const newest = textOf(log, 'checkpoint');
    expect(verifyCheckpoint(newest, { vkeys }).checkpoint.size).toBe(15);
    const damaged = newest.replace('\n15\n', '\n14\n');
    expect(codeOf(() => verifyCheckpoint(damaged, { vkeys }))).toBe('CHECKPOINT_SIGNATURE_INVALID');
  });

  it('verifies the cosignature on a Sunlight checkpoint beside a signature of type 0x05', () => {
    const log = readJsonAt<WitnessedLogFile>('checkpoint/sunlight-witness.json');
    expect(originHash(log.origin)).toBe(log.originHash);
    const note = textOf(log, `witness/${log.originHash}/checkpoint`);
    const witnesses = [parseVkey(log.witnessVkey)];
    const signed = parseCheckpoint(note);
    expect(signed.checkpoint).toMatchObject({ origin: log.origin, size: 300 });
    expect(signed.note.signatures).toHaveLength(2);
    expect(verifyCosignatures(signed.note, { witnesses })).toMatchObject([{ time: 1_767_139_200 }]);
    const damaged = parseNote(note.replace('\n300\n', '\n301\n'));
    expect(codeOf(() => verifyCosignatures(damaged, { witnesses }))).toBe('COSIGNATURE_INVALID');
    expect(verifyCosignatures(parseNote(textOf(log, 'tree/checkpoint')), { witnesses })).toEqual(
      [],
    );
  });
});

describe.skipIf(root === undefined)('public vectors of other formats', () => {
  it('reads tlog proofs as their test file says', () => {
    interface Good {
      readonly text: string;
      readonly index: number;
      readonly hashes: readonly string[];
      readonly checkpoint: string;
    }
    const file = readJsonAt<{
      bad: readonly { text: string; err: string }[];
      good: readonly Good[];
    }>('proof/tlog-proof.json');
    for (const { text, err } of file.bad) {
      expect(
        codeOf(() => parseTlogProof(text)),
        err,
      ).toBe('PROOF_MALFORMED');
    }
    for (const { text, index, hashes, checkpoint } of file.good) {
      const proof = parseTlogProof(text);
      expect(proof).toEqual({ index, proof: hashes.map(decodeBase64), checkpoint });
      expect(formatTlogProof(proof)).toBe(text);
    }
  });

  it('encodes for DSSE as its protocol says', () => {
    const file = readJsonAt<{ payloadType: string; body: string; pae: string }>('dsse/pae.json');
    expect(preAuthEncoding(file.payloadType, encodeUtf8(file.body))).toEqual(encodeUtf8(file.pae));
  });

  it('reads the requests that a witness was sent', () => {
    for (const name of ['litewitness-add-checkpoint', 'litewitness-sumdb']) {
      for (const { body } of readJsonAt<RequestsFile>(`witness/${name}.json`).sequence) {
        const request = parseAddCheckpoint(body);
        expect(formatAddCheckpoint(request)).toBe(body);
        expect(request.proof.map(encodeBase64)).toEqual(
          body.slice(0, body.indexOf('\n\n')).split('\n').slice(1),
        );
      }
    }
  });

  it('verifies a log whose key has another name than its origin', () => {
    const file = readJsonAt<RequestsFile & { logVkey: string }>('witness/litewitness-sumdb.json');
    const { checkpoint } = parseAddCheckpoint(file.sequence[0]?.body as string);
    const { note } = parseCheckpoint(checkpoint);
    expect(verifyLogSignatures(note, [parseVkey(file.logVkey)])).toHaveLength(1);
  });
});

/** Lazily, so that nothing is read where the tests are skipped. */
function readJsonAt<T>(path: string): T {
  return root === undefined ? ({} as T) : readJson<T>(`${root}/${path}`);
}
