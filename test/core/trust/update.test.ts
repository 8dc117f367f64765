import { describe, expect, it } from 'vitest';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import { publicKeyOf } from '../../../src/core/note/ed25519.ts';
import type { TrustRootFile } from '../../../src/core/trust/trust-file.ts';
import { parseTrustRoot } from '../../../src/core/trust/trust-root.ts';
import { verifyTrustRootUpdate, verifyUnexpired } from '../../../src/core/trust/update.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { makeNetwork } from '../../helpers/fixtures.ts';
import { rootSeed, signAsTrust, signTrust, trustOf } from '../../helpers/signed-trust.ts';

const { file: FIRST } = makeNetwork({ regions: ['eu'] });
const HELD = trustOf(FIRST);

/** Root keys by their numbers. */
const rootsOf = (...numbers: readonly number[]): TrustRootFile['roots'] => ({
  keys: numbers.map((number) => encodeHex(publicKeyOf(rootSeed(number)))),
  threshold: numbers.length,
});
const next = (changes: Partial<TrustRootFile> = {}): TrustRootFile => ({
  ...FIRST,
  version: 2,
  previous: HELD.digest,
  ...changes,
});
const update = (file: object, ...signers: readonly number[]): string =>
  codeOf(() => verifyTrustRootUpdate(HELD, signAsTrust(file, signers.map(rootSeed))));

describe('verifyTrustRootUpdate', () => {
  it('gives the next version, and the one in hand where it is the same', () => {
    const file = next({ witnessQuorum: 4 });
    expect(verifyTrustRootUpdate(HELD, signTrust(file)).witnessQuorum).toBe(4);
    expect(verifyTrustRootUpdate(HELD, HELD.bytes)).toEqual(HELD);
  });

  it('asks for the thresholds of both versions where the root keys change', () => {
    const file = next({ roots: rootsOf(2, 3) });
    expect(update(file, 1, 2, 3)).toBe('none');
    expect(update(file, 2, 3)).toBe('TRUST_THRESHOLD_SHORT');
    expect(update(file, 1, 2)).toBe('TRUST_THRESHOLD_SHORT');
    expect(update(file, 1)).toBe('TRUST_THRESHOLD_SHORT');
  });

  it('asks for the threshold of the old version even where the new one is content with less', () => {
    const held = parseTrustRoot(
      signTrust({ ...FIRST, roots: rootsOf(1, 2) }, [rootSeed(1), rootSeed(2)]),
    );
    const file = { ...FIRST, version: 2, previous: held.digest, roots: rootsOf(1) };
    const verdict = (...signers: readonly number[]): string =>
      codeOf(() => verifyTrustRootUpdate(held, signAsTrust(file, signers.map(rootSeed))));
    expect(verdict(1)).toBe('TRUST_THRESHOLD_SHORT');
    expect(verdict(1, 2)).toBe('none');
  });

  it('never goes back, nor to another file of the same version', () => {
    const second = verifyTrustRootUpdate(HELD, signTrust(next()));
    expect(codeOf(() => verifyTrustRootUpdate(second, HELD.bytes))).toBe('TRUST_VERSION_BACK');
    expect(update({ ...FIRST, witnessQuorum: 4 }, 1)).toBe('TRUST_VERSION_BACK');
  });

  it('takes one step at a time', () => {
    expect(update(next({ version: 3 }), 1)).toBe('TRUST_VERSION_SKIPPED');
  });

  it('refuses a version that follows another one', () => {
    expect(update(next({ previous: '00'.repeat(32) }), 1)).toBe('TRUST_PREVIOUS_MISMATCH');
  });

  it('refuses what is no trust root', () => {
    expect(update({ ...next(), logs: [] }, 1)).toBe('TRUST_MALFORMED');
  });
});

describe('verifyUnexpired', () => {
  it('takes a trust root up to its last second', () => {
    expect(codeOf(() => verifyUnexpired(HELD, HELD.expires - 1))).toBe('none');
    expect(codeOf(() => verifyUnexpired(HELD, HELD.expires))).toBe('TRUST_EXPIRED');
  });
});
