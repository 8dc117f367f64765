/** Verifier keys of c2sp.org/signed-note: `<name>+<8 hex of key ID>+<base64(type ‖ public key)>`. */
import { AttestryError } from '../../errors.ts';
import { decodeBase64, encodeBase64 } from '../bytes/base64.ts';
import { bytesEqual, concatBytes } from '../bytes/equal.ts';
import { encodeHex, quote } from '../bytes/hex.ts';
import { encodeUtf8 } from '../bytes/utf8.ts';
import { sha256 } from '../merkle/hash.ts';
import { type PublicKey, parsePublicKey } from './ed25519.ts';

/** The two signature types that Attestry makes: a log's own signature, and a timestamped cosignature. */
export const SIGNATURE_TYPE = { ed25519: 0x01, cosignature: 0x04 } as const;
export type SignatureType = (typeof SIGNATURE_TYPE)[keyof typeof SIGNATURE_TYPE];

export interface VerifierKey {
  readonly name: string;
  /** First four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key). */
  readonly keyId: Uint8Array;
  readonly type: SignatureType;
  readonly publicKey: PublicKey;
}

/** A verifier key together with the 32-byte seed that signs for it. */
export interface NoteSigner {
  readonly vkey: VerifierKey;
  readonly seed: Uint8Array;
  /** Another engine's `signEd25519`, which gives the same bytes faster. */
  readonly sign?: (seed: Uint8Array, message: Uint8Array) => Uint8Array;
}

const LONGEST_NAME = 255;
const VKEY = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/;

/** @throws VKEY_MALFORMED, KEY_MALFORMED */
export function parseVkey(text: string): VerifierKey {
  const [, name, keyIdHex, keyText] = VKEY.exec(text) ?? [];
  if (name === undefined || keyIdHex === undefined || keyText === undefined) {
    throw new AttestryError(
      'VKEY_MALFORMED',
      `Expected <name>+<8 hex digits>+<base64>, got ${quote(text)}.`,
    );
  }
  const key = readTypedKey(text, keyText);
  const type = key[0];
  if (
    key.length !== 33 ||
    (type !== SIGNATURE_TYPE.ed25519 && type !== SIGNATURE_TYPE.cosignature)
  ) {
    throw new AttestryError(
      'VKEY_MALFORMED',
      `Expected an Ed25519 key of type 0x01 or 0x04 (33 bytes) in ${quote(text)}.`,
    );
  }
  const vkey = makeVkey(name, type, parsePublicKey(key.subarray(1)));
  if (encodeHex(vkey.keyId) !== keyIdHex) {
    throw new AttestryError(
      'VKEY_MALFORMED',
      `Expected key ID ${encodeHex(vkey.keyId)} for ${quote(name)}, got ${keyIdHex}.`,
    );
  }
  return vkey;
}

function readTypedKey(text: string, keyText: string): Uint8Array {
  try {
    return decodeBase64(keyText);
  } catch (cause) {
    throw new AttestryError('VKEY_MALFORMED', `Expected canonical base64 in ${quote(text)}.`, {
      cause,
    });
  }
}

export function formatVkey(key: VerifierKey): string {
  const typed = concatBytes(Uint8Array.of(key.type), key.publicKey);
  return `${key.name}+${encodeHex(key.keyId)}+${encodeBase64(typed)}`;
}

/** @throws VKEY_MALFORMED when the name cannot stand in a signed note. */
export function makeVkey(name: string, type: SignatureType, publicKey: PublicKey): VerifierKey {
  if (!isKeyName(name)) {
    throw new AttestryError(
      'VKEY_MALFORMED',
      `Expected a key name of 1 to ${LONGEST_NAME} bytes without spaces, plus signs or control characters, got ${quote(name)}.`,
    );
  }
  const identity = concatBytes(encodeUtf8(`${name}\n`), Uint8Array.of(type), publicKey);
  return { name, type, publicKey, keyId: sha256(identity).subarray(0, 4) };
}

export function isKeyName(name: string): boolean {
  return name !== '' && isShort(name) && !/[\s+\p{Cc}]/u.test(name);
}

function isShort(name: string): boolean {
  // A UTF-16 unit takes three bytes at most: most names need not be written out to be counted.
  return name.length * 3 <= LONGEST_NAME || encodeUtf8(name).length <= LONGEST_NAME;
}

/** Whether a signature line claims to be by this key; the claim is still to be verified. */
export function isLineOf(
  line: { readonly name: string; readonly keyId: Uint8Array },
  key: VerifierKey,
): boolean {
  return line.name === key.name && bytesEqual(line.keyId, key.keyId);
}
