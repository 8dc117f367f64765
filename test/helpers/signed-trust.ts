/** Signed trust roots from their parts, with a root key that anyone can make: for tests, and for scripts that need no secret. */
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatCanonicalJson } from '../../src/core/bytes/json.ts';
import { publicKeyOf } from '../../src/core/note/ed25519.ts';
import { SIGNATURE_TYPE } from '../../src/core/note/vkey.ts';
import { formatDsse, signDsse } from '../../src/core/statement/dsse.ts';
import { TRUST_PAYLOAD_TYPE } from '../../src/core/trust/root-signatures.ts';
import { TRUST_ROOT_TYPE, type TrustRootFile } from '../../src/core/trust/trust-file.ts';
import { parseTrustRoot, signTrustRoot, type TrustRoot } from '../../src/core/trust/trust-root.ts';
import { testSigner } from './signed-log.ts';

export type TrustParts = Omit<TrustRootFile, 'type' | 'version' | 'expires' | 'roots'>;

/** The seed of a root key; the first one signs unless told. */
export function rootSeed(number = 1): Uint8Array {
  return testSigner('root', SIGNATURE_TYPE.ed25519, `root ${number}`).seed;
}

/** The first version of a trust root with these parts, one root key, and no end that a test would reach. */
export function trustFileOf(parts: TrustParts): TrustRootFile {
  return {
    type: TRUST_ROOT_TYPE,
    version: 1,
    expires: '2100-01-01T00:00:00Z',
    roots: { keys: [encodeHex(publicKeyOf(rootSeed()))], threshold: 1 },
    ...parts,
  };
}

/** The bytes of a trust root, signed by these root keys. */
export function signTrust(
  file: TrustRootFile,
  seeds: readonly Uint8Array[] = [rootSeed()],
): Uint8Array {
  return signTrustRoot(file, seeds);
}

/** Any JSON value, or any bytes, under the signatures of these root keys: for trust roots that nobody may accept. */
export function signAsTrust(
  value: object | Uint8Array,
  seeds: readonly Uint8Array[] = [rootSeed()],
): Uint8Array {
  const payload = value instanceof Uint8Array ? value : formatCanonicalJson(value);
  const signatures = seeds.map((seed) => signDsse(payload, TRUST_PAYLOAD_TYPE, seed));
  return formatDsse({ payload, signatures }, TRUST_PAYLOAD_TYPE);
}

/** A trust root as everyone reads it. */
export function trustOf(file: TrustRootFile): TrustRoot {
  return parseTrustRoot(signTrust(file));
}
