/** The logs that a witness cosigns for, by origin. No log is known that is not listed. */
import { bytesEqual } from '../core/bytes/equal.ts';
import { quote } from '../core/bytes/hex.ts';
import { SIGNATURE_TYPE, type VerifierKey } from '../core/note/vkey.ts';
import { AttestryError } from '../errors.ts';

export type KnownLogs = ReadonlyMap<string, readonly VerifierKey[]>;

export interface KnownLogsOptions {
  readonly logs: readonly VerifierKey[];
  readonly origins?: ReadonlyMap<string, string> | undefined;
  readonly witness: VerifierKey;
}

/** The keys of each log by its origin. @throws CONFIG_INVALID for a key that must not stand there */
export function knownLogs({ logs, origins, witness }: KnownLogsOptions): KnownLogs {
  if (witness.type !== SIGNATURE_TYPE.cosignature) {
    throw invalid(
      `a witness key of type 0x04, got type ${witness.type} from ${quote(witness.name)}`,
    );
  }
  const byOrigin = new Map<string, VerifierKey[]>();
  for (const key of logs) {
    refuseUnfitKey(key, witness);
    const origin = origins?.get(key.name) ?? key.name;
    byOrigin.set(origin, [...(byOrigin.get(origin) ?? []), key]);
  }
  return byOrigin;
}

// One name or one key for both roles would let a line of the one pass for a line of the other.
function refuseUnfitKey(key: VerifierKey, witness: VerifierKey): void {
  if (key.type !== SIGNATURE_TYPE.ed25519) {
    throw invalid(`log keys of type 0x01, got type ${key.type} from ${quote(key.name)}`);
  }
  if (key.name === witness.name || bytesEqual(key.publicKey, witness.publicKey)) {
    throw invalid(`a log and its witness to differ in name and key, got ${quote(key.name)} twice`);
  }
}

function invalid(expected: string): AttestryError {
  return new AttestryError('CONFIG_INVALID', `Expected ${expected}; correct the list of logs.`);
}
