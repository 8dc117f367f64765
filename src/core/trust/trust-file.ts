/** What a trust root says, as it is written: the payload of its envelope, and the shape that is asked of it. */
import { decodeHex } from '../bytes/hex.ts';
import {
  array,
  checkedText,
  count,
  digest,
  label,
  literal,
  object,
  optional,
  type Reader,
  record,
  text,
  time,
} from '../bytes/shape.ts';
import { parsePublicKey } from '../note/ed25519.ts';
import { parseVkey } from '../note/vkey.ts';
import { KINDS, type Kind } from '../statement/statement.ts';
import { parseTrustedUrl } from './trusted-url.ts';
import type { WindowFields } from './window.ts';

/** Names the format and its version, which is not the version of the trust root. */
export const TRUST_ROOT_TYPE = 'attestry/trust-root/v1';

/** A witness or a verifier. */
export interface CosignerFields extends WindowFields {
  /** Verifier key with the party's name. */
  readonly key: string;
  /** The organisation that runs it. */
  readonly operator: string;
  readonly url: string;
}

/** Where a log ended, and which one goes on. */
export interface RetiredFields {
  readonly size: number;
  /** RFC 6962 root at that size, hex. */
  readonly root: string;
  /** Origin of a log whose first entry commits to that. */
  readonly successor: string;
}

export interface LogFields extends WindowFields {
  /** Verifier key; its name is the log's origin. */
  readonly key: string;
  readonly operator: string;
  readonly region: string;
  readonly url: string;
  readonly retired?: RetiredFields;
}

export interface OperatorKeyFields extends WindowFields {
  /** Raw Ed25519 public key, hex. */
  readonly key: string;
  /**
   * Where the key is revoked: by origin, the size of that log up to which it counts. Names every log of the operator;
   * absent for a key that is not revoked.
   */
  readonly revoked?: Readonly<Record<string, number>>;
}

/** What some keys may say: an operator may stand here more than once, with other keys and other rights. */
export interface OperatorFields {
  readonly id: string;
  readonly keys: readonly OperatorKeyFields[];
  readonly kinds: readonly Kind[];
  /** Origins of the logs that it may write to. */
  readonly logs: readonly string[];
  /** Hex SHA-256 of the models that it may speak about; all unless told. */
  readonly models?: readonly string[];
}

export interface TrustRootFile {
  readonly type: typeof TRUST_ROOT_TYPE;
  /** Counts the versions of this trust root, from 1. */
  readonly version: number;
  /** The digest of the version before; absent in the first. */
  readonly previous?: string;
  readonly expires: string;
  /** Who may sign this trust root and, together with its own, the next version. */
  readonly roots: {
    /** Raw Ed25519 public keys, hex. */
    readonly keys: readonly string[];
    readonly threshold: number;
  };
  readonly logs: readonly LogFields[];
  readonly witnesses: readonly CosignerFields[];
  /** How many witnesses must have cosigned. */
  readonly witnessQuorum: number;
  /** Who rebuilds and cosigns the logs' tallies; none unless told. */
  readonly verifiers?: readonly CosignerFields[];
  /** How many verifiers must have cosigned a tally; 0 unless told. */
  readonly verifierQuorum?: number;
  readonly operators: readonly OperatorFields[];
}

const vkeyText = checkedText('a verifier key', parseVkey);
const publicKeyText = checkedText('a public key in hex', (hex) =>
  parsePublicKey(decodeHex(hex, 32)),
);
const urlText = checkedText('an http or https URL', parseTrustedUrl);
const windowFields = { validFrom: optional(time), validUntil: optional(time) };

const cosigner: Reader<CosignerFields> = object<CosignerFields>({
  key: vkeyText,
  operator: label,
  url: urlText,
  ...windowFields,
});

const operator: Reader<OperatorFields> = object<OperatorFields>({
  id: label,
  keys: array(
    object<OperatorKeyFields>({
      key: publicKeyText,
      revoked: optional(record(count, 256)),
      ...windowFields,
    }),
    { min: 1, max: 64 },
  ),
  kinds: array(literal(...KINDS), { min: 1, max: KINDS.length }),
  logs: array(text(256), { min: 1, max: 256 }),
  models: optional(array(digest, { min: 1, max: 65_536 })),
});

export const trustRootFile: Reader<TrustRootFile> = object<TrustRootFile>({
  type: literal(TRUST_ROOT_TYPE),
  version: count,
  previous: optional(digest),
  expires: time,
  roots: object({ keys: array(publicKeyText, { min: 1, max: 32 }), threshold: count }),
  logs: array(
    object<LogFields>({
      key: vkeyText,
      operator: label,
      region: label,
      url: urlText,
      retired: optional(object<RetiredFields>({ size: count, root: digest, successor: text(256) })),
      ...windowFields,
    }),
    { min: 1, max: 256 },
  ),
  witnesses: array(cosigner, { min: 1, max: 256 }),
  witnessQuorum: count,
  verifiers: optional(array(cosigner, { max: 256 })),
  verifierQuorum: optional(count),
  operators: array(operator, { min: 1, max: 4096 }),
});
