/** Whether the keys of a statement counted where and when it was seen: their windows, and where they are revoked. */
import { AttestryError } from '../../errors.ts';
import { formatTime } from '../bytes/time.ts';
import type { OperatorKey, TrustRoot } from '../trust/trust-root.ts';
import { isWithin } from '../trust/window.ts';
import type { DsseSignature } from './dsse.ts';

export interface Sighting {
  readonly origin: string;
  /** Where the entry stands in that log; undefined for one that is yet to be logged. */
  readonly index: number | undefined;
  /** Unix seconds: when witnesses saw it, or when it is to be logged. */
  readonly time: number;
}

/** The keys that signed, all of which counted then and there. @throws KEY_REVOKED, KEY_OUT_OF_WINDOW */
export function verifyKeyStanding(
  signatures: readonly DsseSignature[],
  seen: Sighting,
  trust: TrustRoot,
): readonly OperatorKey[] {
  return signatures.map(({ keyid }) => {
    const key = trust.operatorKeys.get(keyid) as OperatorKey;
    const name = `key ${keyid.slice(0, 16)}… of ${key.operator.id}`;
    const cutOff = key.revoked?.get(seen.origin);
    if (cutOff !== undefined && (seen.index === undefined || seen.index >= cutOff)) {
      throw new AttestryError(
        'KEY_REVOKED',
        `Expected an entry below ${cutOff}, where ${name} is revoked on ${seen.origin}, got ${seen.index === undefined ? 'a new one' : `entry ${seen.index}`}.`,
        { details: { cutOff, index: seen.index ?? null } },
      );
    }
    if (!isWithin(seen.time, key.window)) {
      throw new AttestryError(
        'KEY_OUT_OF_WINDOW',
        `The trust root takes nothing by ${name} that was seen at ${formatTime(seen.time)}.`,
      );
    }
    return key;
  });
}
