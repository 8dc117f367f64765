/**
 * DSSE v1 envelopes as everything signed here is carried: RFC 8785 bytes, one payload type, at most one signature of each
 * key, in ascending order of keyid. What stands inside is the business of the format whose payload type it is.
 */
import { AttestryError, type AttestryErrorCode } from '../../errors.ts';
import { encodeBase64 } from '../bytes/base64.ts';
import { encodeHex } from '../bytes/hex.ts';
import { formatCanonicalJson, type JsonObject, parseCanonicalJson } from '../bytes/json.ts';
import {
  array,
  base64,
  base64Bytes,
  digest,
  object,
  type Reader,
  readShape,
  text,
} from '../bytes/shape.ts';
import { sha256 } from '../merkle/hash.ts';
import { publicKeyOf, signEd25519 } from '../note/ed25519.ts';
import { preAuthEncoding } from '../note/signable.ts';
import { plainDsseReader } from './plain-dsse.ts';

export interface DsseSignature {
  /** Lowercase hex SHA-256 of the raw public key. A hint where to look for the key, never a reason to trust it. */
  readonly keyid: string;
  readonly signature: Uint8Array;
}

export interface DsseFields {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

/** What is asked of the envelopes of one format. */
export interface DsseFormat {
  readonly payloadType: string;
  readonly signatures: { readonly min: number; readonly max: number };
  /** The codes of a wrong shape, and of another payload type. */
  readonly malformed: AttestryErrorCode;
  readonly otherType: AttestryErrorCode;
}

export interface DsseContent {
  /** Not to be read before the signatures are verified. */
  readonly payload: Uint8Array;
  readonly signatures: readonly DsseSignature[];
}

export interface DsseEnvelope extends DsseContent {
  /** What every signature signs: the pre-authentication encoding, which ends in the payload. */
  readonly message: Uint8Array;
}

/** The JSON shape of an envelope. */
export function dsseFields(signatures: DsseFormat['signatures']): Reader<DsseFields> {
  return object<DsseFields>({
    payload: base64,
    payloadType: text(128),
    signatures: array(object({ keyid: digest, sig: base64 }), signatures),
  });
}

/** The same fields, decoded on the way. */
function decodedFields(signatures: DsseFormat['signatures']) {
  return object({
    payload: base64Bytes,
    payloadType: text(128),
    signatures: array(object({ keyid: digest, sig: base64Bytes }), signatures),
  });
}

/** Gives the envelope in its bytes; no signature is verified. It throws JSON_*, SIGNATURE_DUPLICATE and the codes of the format. */
export function dsseParser(format: DsseFormat): (bytes: Uint8Array) => DsseEnvelope {
  // Made once: a log parses thousands of envelopes a second.
  const readPlainly = plainDsseReader(format);
  const parse = jsonDsseParser(format);
  return (bytes) => readPlainly(bytes) ?? parse(bytes);
}

/** The plain way: whatever JSON the bytes are, it says what is wrong with it. */
export function jsonDsseParser(format: DsseFormat): (bytes: Uint8Array) => DsseEnvelope {
  const reader = decodedFields(format.signatures);
  return (bytes) => {
    const { payload, payloadType, signatures } = readShape(
      format.malformed,
      reader,
      parseCanonicalJson(bytes),
    );
    if (payloadType !== format.payloadType) {
      throw new AttestryError(
        format.otherType,
        `Expected payloadType ${format.payloadType}, got ${JSON.stringify(payloadType)}.`,
      );
    }
    const opened = signatures.map(({ keyid, sig }) => ({ keyid, signature: sig }));
    const message = preAuthEncoding(payloadType, payload);
    return { message, payload, signatures: verifyOrder(opened) };
  };
}

function verifyOrder(signatures: readonly DsseSignature[]): readonly DsseSignature[] {
  for (let i = 1; i < signatures.length; i++) {
    const [before, next] = [signatures[i - 1], signatures[i]] as [DsseSignature, DsseSignature];
    if (before.keyid < next.keyid) continue;
    throw new AttestryError(
      'SIGNATURE_DUPLICATE',
      'Expected signatures in strictly ascending order of keyid, one per key.',
    );
  }
  return signatures;
}

/** RFC 8785 bytes of an envelope; the signatures may come in any order. */
export function formatDsse(envelope: DsseContent, payloadType: string): Uint8Array {
  return formatCanonicalJson(dsseJson(envelope, payloadType));
}

/** The fields of an envelope, as they stand inside other files. */
export function dsseJson({ payload, signatures }: DsseContent, payloadType: string): JsonObject {
  const ordered = signatures.toSorted((a, b) => (a.keyid < b.keyid ? -1 : 1));
  return {
    payload: encodeBase64(payload),
    payloadType,
    signatures: ordered.map(({ keyid, signature }) => ({ keyid, sig: encodeBase64(signature) })),
  };
}

/** The signature of one key on a payload. */
export function signDsse(
  payload: Uint8Array,
  payloadType: string,
  seed: Uint8Array,
): DsseSignature {
  const signature = signEd25519(seed, preAuthEncoding(payloadType, payload));
  return { keyid: keyIdOf(publicKeyOf(seed)), signature };
}

export function keyIdOf(publicKey: Uint8Array): string {
  return encodeHex(sha256(publicKey));
}
