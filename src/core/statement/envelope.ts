/**
 * Envelopes and entries. An envelope is DSSE v1 around an in-toto Statement; an entry is its RFC 8785 bytes, which is
 * what the log stores and hashes. The payload is RFC 8785 too, so one statement has one encoding.
 */
import { AttestryError } from '../../errors.ts';
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

export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
/** tlog-tiles writes an entry's length in 16 bits. */
export const LARGEST_ENTRY_BYTES = 65_535;
const MOST_SIGNATURES = 16;

export interface EnvelopeSignature {
  /** Lowercase hex SHA-256 of the raw public key. A hint where to look for the key, never a reason to trust it. */
  readonly keyid: string;
  readonly signature: Uint8Array;
}

export interface Envelope {
  /** RFC 8785 bytes of the statement; not to be read before the signatures are verified. */
  readonly payload: Uint8Array;
  readonly signatures: readonly EnvelopeSignature[];
  /** The canonical bytes of the whole envelope. */
  readonly entry: Uint8Array;
}

interface EnvelopeFields {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

const SIGNATURES = { min: 1, max: MOST_SIGNATURES };

/** The JSON shape of an envelope, for formats that carry one inside. */
export const envelopeFields: Reader<EnvelopeFields> = object<EnvelopeFields>({
  payload: base64,
  payloadType: text(128),
  signatures: array(object({ keyid: digest, sig: base64 }), SIGNATURES),
});

/** The same fields, decoded on the way. */
const openedFields = object({
  payload: base64Bytes,
  payloadType: text(128),
  signatures: array(object({ keyid: digest, sig: base64Bytes }), SIGNATURES),
});

/** The envelope in an entry; its signatures are not verified. @throws ENTRY_TOO_LARGE, JSON_*, ENVELOPE_*, SIGNATURE_DUPLICATE */
export function parseEnvelope(entry: Uint8Array): Envelope {
  if (entry.length > LARGEST_ENTRY_BYTES) {
    throw new AttestryError(
      'ENTRY_TOO_LARGE',
      `Expected an envelope of at most ${LARGEST_ENTRY_BYTES} bytes, got ${entry.length}; refer to large content by its digest.`,
    );
  }
  const fields = readShape('ENVELOPE_MALFORMED', openedFields, parseCanonicalJson(entry));
  return openFields(fields, entry);
}

/** The envelope that JSON fields describe; canonical by construction. */
export function envelopeOf(fields: EnvelopeFields): Envelope {
  return parseEnvelope(formatCanonicalJson(asJson(fields)));
}

/** The fields of an envelope, as they stand in a receipt or dossier. */
export function fieldsOf(envelope: Envelope): JsonObject {
  return asJson({
    payload: encodeBase64(envelope.payload),
    payloadType: PAYLOAD_TYPE,
    signatures: envelope.signatures.map(({ keyid, signature }) => ({
      keyid,
      sig: encodeBase64(signature),
    })),
  });
}

/** Signs canonical statement bytes with each seed; signatures stand in ascending order of keyid. */
export function signEnvelope(payload: Uint8Array, seeds: readonly Uint8Array[]): Envelope {
  const message = preAuthEncoding(PAYLOAD_TYPE, payload);
  const signatures = seeds
    .map((seed) => ({
      keyid: keyIdOf(publicKeyOf(seed)),
      sig: encodeBase64(signEd25519(seed, message)),
    }))
    .sort((a, b) => (a.keyid < b.keyid ? -1 : 1));
  return envelopeOf({ payload: encodeBase64(payload), payloadType: PAYLOAD_TYPE, signatures });
}

/** What every signature of the envelope signs. */
export function envelopeMessage(envelope: Envelope): Uint8Array {
  return preAuthEncoding(PAYLOAD_TYPE, envelope.payload);
}

export function keyIdOf(publicKey: Uint8Array): string {
  return encodeHex(sha256(publicKey));
}

function openFields(fields: ReturnType<typeof openedFields>, entry: Uint8Array): Envelope {
  const { payload, payloadType, signatures } = fields;
  if (payloadType !== PAYLOAD_TYPE) {
    throw new AttestryError(
      'ENVELOPE_PAYLOAD_TYPE',
      `Expected payloadType ${PAYLOAD_TYPE}, got ${JSON.stringify(payloadType)}.`,
    );
  }
  for (let i = 1; i < signatures.length; i++) {
    if ((signatures[i - 1] as Keyed).keyid < (signatures[i] as Keyed).keyid) continue;
    throw new AttestryError(
      'SIGNATURE_DUPLICATE',
      'Expected signatures in strictly ascending order of keyid, one per key.',
    );
  }
  return {
    entry,
    payload,
    signatures: signatures.map(({ keyid, sig }) => ({ keyid, signature: sig })),
  };
}

type Keyed = Pick<EnvelopeSignature, 'keyid'>;

function asJson(fields: EnvelopeFields): JsonObject {
  const { payload, payloadType, signatures } = fields;
  return { payload, payloadType, signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig })) };
}
