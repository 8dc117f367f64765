/**
 * Envelopes and entries. An envelope is DSSE v1 around an in-toto Statement; an entry is its RFC 8785 bytes, which is
 * what the log stores and hashes. The payload is RFC 8785 too, so one statement has one encoding.
 */
import { AttestryError } from '../../errors.ts';
import { formatCanonicalJson, type JsonObject } from '../bytes/json.ts';
import type { Reader } from '../bytes/shape.ts';
import {
  type DsseFields,
  type DsseFormat,
  type DsseSignature,
  dsseFields,
  dsseJson,
  dsseParser,
  formatDsse,
  signDsse,
} from './dsse.ts';
import { plainDsseReader } from './plain-dsse.ts';

export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
/** tlog-tiles writes an entry's length in 16 bits. */
export const LARGEST_ENTRY_BYTES = 65_535;

const FORMAT: DsseFormat = {
  payloadType: PAYLOAD_TYPE,
  signatures: { min: 1, max: 16 },
  malformed: 'ENVELOPE_MALFORMED',
  otherType: 'ENVELOPE_PAYLOAD_TYPE',
};

export interface Envelope {
  /** RFC 8785 bytes of the statement; not to be read before the signatures are verified. */
  readonly payload: Uint8Array;
  readonly signatures: readonly DsseSignature[];
  /** What every signature signs: the pre-authentication encoding, which ends in the payload. */
  readonly message: Uint8Array;
  /** The canonical bytes of the whole envelope. */
  readonly entry: Uint8Array;
}

/** The JSON shape of an envelope, for formats that carry one inside. */
export const envelopeFields: Reader<DsseFields> = dsseFields(FORMAT.signatures);

const parseFields = dsseParser(FORMAT);
const readPlainly = plainDsseReader(FORMAT);

/** The envelope in an entry; its signatures are not verified. @throws ENTRY_TOO_LARGE, JSON_*, ENVELOPE_*, SIGNATURE_DUPLICATE */
export function parseEnvelope(entry: Uint8Array): Envelope {
  if (entry.length > LARGEST_ENTRY_BYTES) {
    throw new AttestryError(
      'ENTRY_TOO_LARGE',
      `Expected an envelope of at most ${LARGEST_ENTRY_BYTES} bytes, got ${entry.length}; refer to large content by its digest.`,
    );
  }
  return { entry, ...parseFields(entry) };
}

/** The envelope in an entry of the plain form; undefined where the bytes may be another entry, or none. */
export function readPlainEnvelope(entry: Uint8Array): Envelope | undefined {
  const fields = entry.length > LARGEST_ENTRY_BYTES ? undefined : readPlainly(entry);
  return fields && { entry, ...fields };
}

/** The envelope that JSON fields describe; canonical by construction. */
export function envelopeOf(fields: DsseFields): Envelope {
  return parseEnvelope(formatCanonicalJson(fields));
}

/** The fields of an envelope, as they stand in a receipt or dossier. */
export function fieldsOf(envelope: Envelope): JsonObject {
  return dsseJson(envelope, PAYLOAD_TYPE);
}

/** Signs canonical statement bytes with each seed; signatures stand in ascending order of keyid. */
export function signEnvelope(payload: Uint8Array, seeds: readonly Uint8Array[]): Envelope {
  const signatures = seeds.map((seed) => signDsse(payload, PAYLOAD_TYPE, seed));
  return parseEnvelope(formatDsse({ payload, signatures }, PAYLOAD_TYPE));
}
