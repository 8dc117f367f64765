import { webcrypto } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import {
  nobleEngine,
  publicKeyOf,
  type SignatureClaim,
  signEd25519,
  verifySignature,
} from '../../src/core/note/ed25519.ts';
import { CheckedSignatures, type Subtle } from '../../src/web/worker/signatures.ts';
import { codeOf } from '../helpers/code-of.ts';
import { cofactoredSignature, withLargeScalar } from '../helpers/forgeries.ts';

const SEED = new Uint8Array(32).fill(9);
const MESSAGE = encodeUtf8('a message');
const RIGHT: SignatureClaim = {
  publicKey: publicKeyOf(SEED),
  message: MESSAGE,
  signature: signEd25519(SEED, MESSAGE),
};

/** WebCrypto, and how often it was asked for a verdict. */
function counting(verdict?: (signature: Uint8Array) => boolean): {
  subtle: Subtle;
  asked: () => number;
} {
  const { subtle } = webcrypto;
  let asked = 0;
  const verify: Subtle['verify'] = async (algorithm, key, signature, data) => {
    asked += 1;
    return verdict === undefined
      ? await subtle.verify(algorithm, key as webcrypto.CryptoKey, signature, data)
      : verdict(new Uint8Array(signature as ArrayBuffer));
  };
  return {
    subtle: { importKey: subtle.importKey.bind(subtle) as Subtle['importKey'], verify },
    asked: () => asked,
  };
}

const PROBES = 2;

describe('CheckedSignatures', () => {
  it('gives the verdicts of the pure engine, whatever was checked ahead', async () => {
    const signatures = new CheckedSignatures(counting().subtle);
    const wrong = RIGHT.signature.with(40, 1 ^ (RIGHT.signature[40] as number));
    const cofactored = cofactoredSignature(SEED, MESSAGE);
    const all = [RIGHT.signature, wrong, cofactored, withLargeScalar(RIGHT.signature)];
    const claims = all.map((signature) => ({ ...RIGHT, signature }));
    await signatures.check(claims);
    for (const claim of claims) {
      expect(codeOf(() => verifySignature(claim, signatures.engine))).toBe(
        codeOf(() => verifySignature(claim, nobleEngine)),
      );
    }
    expect(codeOf(() => verifySignature(RIGHT, signatures.engine))).toBe('none');
  });

  it('takes a signature for no other message and no other key', async () => {
    const signatures = new CheckedSignatures(counting().subtle);
    await signatures.check([RIGHT]);
    const other = publicKeyOf(new Uint8Array(32).fill(8));
    for (const claim of [
      { ...RIGHT, message: encodeUtf8('other') },
      { ...RIGHT, publicKey: other },
    ]) {
      expect(codeOf(() => verifySignature(claim, signatures.engine))).toBe('SIGNATURE_INVALID');
    }
  });

  it('asks no browser that judges by another equation, or does not know Ed25519', async () => {
    const lenient = counting(() => true);
    const signatures = new CheckedSignatures(lenient.subtle);
    const forged = { ...RIGHT, signature: cofactoredSignature(SEED, MESSAGE) };
    await signatures.check([RIGHT, forged]);
    expect(lenient.asked()).toBe(PROBES);
    expect(codeOf(() => verifySignature(forged, signatures.engine))).toBe('SIGNATURE_INVALID');
    const ignorant: Subtle = {
      ...lenient.subtle,
      importKey: () => Promise.reject(new Error('no')),
    };
    for (const subtle of [ignorant, undefined]) {
      const fallback = new CheckedSignatures(subtle);
      await fallback.check([RIGHT]);
      expect(codeOf(() => verifySignature(RIGHT, fallback.engine))).toBe('none');
    }
  });

  it('tells how many are checked, whoever checks them', async () => {
    for (const subtle of [counting().subtle, undefined]) {
      const told: (readonly [number, number])[] = [];
      const signatures = new CheckedSignatures(subtle, (done, total) => told.push([done, total]));
      await signatures.check([RIGHT]);
      verifySignature(RIGHT, signatures.engine);
      expect(told).toEqual([[1, 1]]);
    }
  });
});
