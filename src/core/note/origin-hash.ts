import { encodeHex } from '../bytes/hex.ts';
import { encodeUtf8 } from '../bytes/utf8.ts';
import { sha256 } from '../merkle/hash.ts';

/** How witnesses name a log in paths, c2sp.org/tlog-witness: lowercase hex SHA-256 of its origin. */
export function originHash(origin: string): string {
  return encodeHex(sha256(encodeUtf8(origin)));
}
