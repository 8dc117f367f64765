/** Lines of hashes, shared by the text formats that carry a Merkle proof. */
import { AttestryError } from '../../errors.ts';
import { decodeBase64, encodeBase64 } from '../bytes/base64.ts';
import { HASH_LENGTH } from '../merkle/hash.ts';

/** The longest proof of any C2SP format, in hashes. */
const LONGEST_PROOF = 63;

/** One base64 hash of 32 bytes a line, at most 63. @throws HASH_MALFORMED */
export function parseHashLines(lines: readonly string[]): readonly Uint8Array[] {
  if (lines.length > LONGEST_PROOF) {
    throw new AttestryError('HASH_MALFORMED', `Expected at most 63 hashes, got ${lines.length}.`);
  }
  return lines.map((line) => {
    let hash: Uint8Array | undefined;
    try {
      hash = decodeBase64(line);
    } catch (cause) {
      throw new AttestryError('HASH_MALFORMED', 'Expected a hash in canonical base64.', { cause });
    }
    if (hash.length !== HASH_LENGTH) {
      throw new AttestryError('HASH_MALFORMED', `Expected a hash of 32 bytes, got ${hash.length}.`);
    }
    return hash;
  });
}

/** One line per hash, each with its newline. */
export function formatHashLines(hashes: readonly Uint8Array[]): string {
  return hashes.map((hash) => `${encodeBase64(hash)}\n`).join('');
}
