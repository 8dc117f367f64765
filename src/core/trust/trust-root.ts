/** The trust root: the one file that an auditor trusts. Which logs, which witnesses and how many, whose keys may say what. */
import { AttestryError } from '../../errors.ts';
import { decodeHex, encodeHex } from '../bytes/hex.ts';
import { formatCanonicalJson, parseCanonicalJson } from '../bytes/json.ts';
import {
  array,
  checkedText,
  count,
  label,
  literal,
  object,
  optional,
  type Reader,
  readShape,
  text,
} from '../bytes/shape.ts';
import { sha256 } from '../merkle/hash.ts';
import { type PublicKey, parsePublicKey } from '../note/ed25519.ts';
import { parseVkey, SIGNATURE_TYPE, type VerifierKey } from '../note/vkey.ts';
import { keyIdOf } from '../statement/envelope.ts';
import { KINDS, type Kind } from '../statement/statement.ts';

export const TRUST_ROOT_TYPE = 'attestry/trust-root';

/** The file's own shape. */
export interface TrustRootFile {
  readonly type: typeof TRUST_ROOT_TYPE;
  readonly version: 1;
  readonly logs: readonly {
    /** Verifier key; its name is the log's origin. */
    readonly key: string;
    readonly operator: string;
    readonly region: string;
    readonly url: string;
  }[];
  readonly witnesses: readonly {
    readonly key: string;
    readonly operator: string;
    readonly url: string;
  }[];
  /** How many witnesses must have cosigned. */
  readonly witnessQuorum: number;
  /** Who rebuilds and cosigns the logs' tallies; none unless told. */
  readonly verifiers?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly url: string;
  }[];
  /** How many verifiers must have cosigned a tally; 0 unless told. */
  readonly verifierQuorum?: number;
  readonly operators: readonly {
    readonly id: string;
    /** Raw Ed25519 public keys, hex. */
    readonly keys: readonly string[];
    readonly kinds: readonly Kind[];
    /** Origins of the logs that this operator may write to. */
    readonly logs: readonly string[];
  }[];
}

export interface TrustedLog {
  readonly origin: string;
  readonly vkey: VerifierKey;
  readonly operator: string;
  readonly region: string;
  readonly url: string;
}

export interface TrustedWitness {
  readonly name: string;
  readonly vkey: VerifierKey;
  readonly operator: string;
  readonly url: string;
}

export interface TrustedOperator {
  readonly id: string;
  readonly kinds: readonly Kind[];
  readonly logs: readonly string[];
}

export interface TrustRoot {
  readonly file: TrustRootFile;
  /** Hex SHA-256 of the file: what people compare to know that they trust the same thing. */
  readonly digest: string;
  readonly logs: ReadonlyMap<string, TrustedLog>;
  readonly witnesses: readonly TrustedWitness[];
  readonly witnessQuorum: number;
  readonly verifiers: readonly TrustedWitness[];
  readonly verifierQuorum: number;
  /** By keyid. */
  readonly operatorKeys: ReadonlyMap<
    string,
    { readonly operator: TrustedOperator; readonly publicKey: PublicKey }
  >;
}

const vkeyText = checkedText('a verifier key', parseVkey);
const publicKeyText = checkedText('a public key in hex', (hex) =>
  parsePublicKey(decodeHex(hex, 32)),
);
const urlText = checkedText('an http or https URL', parseUrl);

const cosigner = object({ key: vkeyText, operator: label, url: urlText });

const trustRootFile: Reader<TrustRootFile> = object<TrustRootFile>({
  type: literal(TRUST_ROOT_TYPE),
  version: literal(1),
  logs: array(object({ key: vkeyText, operator: label, region: label, url: urlText }), {
    min: 1,
    max: 256,
  }),
  witnesses: array(cosigner, { min: 1, max: 256 }),
  witnessQuorum: count,
  verifiers: optional(array(cosigner, { max: 256 })),
  verifierQuorum: optional(count),
  operators: array(
    object({
      id: label,
      keys: array(publicKeyText, { min: 1, max: 64 }),
      kinds: array(literal(...KINDS), { min: 1, max: KINDS.length }),
      logs: array(text(256), { min: 1, max: 256 }),
    }),
    { min: 1, max: 4096 },
  ),
});

/** @throws TRUST_MALFORMED, TRUST_KEY_DUPLICATE, JSON_* */
export function parseTrustRoot(bytes: Uint8Array): TrustRoot {
  const file = readShape('TRUST_MALFORMED', trustRootFile, parseCanonicalJson(bytes));
  const logs = file.logs.map((log) => ({ ...log, ...named(log.key, SIGNATURE_TYPE.ed25519) }));
  const witnesses = file.witnesses.map(openCosigner);
  const verifiers = (file.verifiers ?? []).map(openCosigner);
  const parties = [...logs, ...witnesses, ...verifiers];
  const operatorKeys = readOperators(file, new Set(logs.map((log) => log.name)));
  const publicKeys = [
    ...parties.map((party) => encodeHex(party.vkey.publicKey)),
    ...file.operators.flatMap((operator) => operator.keys),
  ];
  // One key under two names would be counted as two parties.
  refuseRepeats('TRUST_KEY_DUPLICATE', 'public key', publicKeys);
  refuseRepeats(
    'TRUST_MALFORMED',
    'name',
    parties.map((party) => party.name),
  );
  const { witnessQuorum, verifierQuorum = 0 } = file;
  if (witnessQuorum < 1 || witnessQuorum > witnesses.length) {
    throw malformed(`a witnessQuorum from 1 to ${witnesses.length}, got ${witnessQuorum}`);
  }
  if (verifierQuorum > verifiers.length) {
    throw malformed(`a verifierQuorum of at most ${verifiers.length}, got ${verifierQuorum}`);
  }
  return {
    file,
    digest: encodeHex(sha256(bytes)),
    logs: new Map(
      logs.map(({ name, vkey, operator, region, url }) => [
        name,
        { origin: name, vkey, operator, region, url },
      ]),
    ),
    witnesses,
    witnessQuorum,
    verifiers,
    verifierQuorum,
    operatorKeys,
  };
}

/** Canonical bytes, after the checks of `parseTrustRoot`. */
export function formatTrustRoot(file: TrustRootFile): Uint8Array {
  const bytes = formatCanonicalJson(file);
  parseTrustRoot(bytes);
  return bytes;
}

/** How many dishonest witnesses a quorum of `quorum` out of `witnesses` tolerates: any two quorums share one honest witness. */
export function quorumTolerance(witnesses: number, quorum: number): number {
  return 2 * quorum - witnesses - 1;
}

function readOperators(
  file: TrustRootFile,
  origins: ReadonlySet<string>,
): TrustRoot['operatorKeys'] {
  refuseRepeats(
    'TRUST_MALFORMED',
    'operator id',
    file.operators.map((operator) => operator.id),
  );
  const keys = new Map<string, { operator: TrustedOperator; publicKey: PublicKey }>();
  for (const { id, kinds, logs, keys: hexKeys } of file.operators) {
    const unknown = logs.find((origin) => !origins.has(origin));
    if (unknown !== undefined)
      throw malformed(`logs that it names itself, got ${unknown} for ${id}`);
    const operator = { id, kinds, logs };
    for (const hex of hexKeys) {
      const publicKey = decodeHex(hex, 32);
      keys.set(keyIdOf(publicKey), { operator, publicKey });
    }
  }
  return keys;
}

function openCosigner(party: TrustRootFile['witnesses'][number]): TrustedWitness {
  const { operator, url, key } = party;
  return { operator, url, ...named(key, SIGNATURE_TYPE.cosignature) };
}

function named(keyText: string, type: number): { name: string; vkey: VerifierKey } {
  const vkey = parseVkey(keyText);
  if (vkey.type !== type)
    throw malformed(`a key of type 0x0${type} for ${vkey.name}, got 0x0${vkey.type}`);
  return { name: vkey.name, vkey };
}

function refuseRepeats(
  code: 'TRUST_MALFORMED' | 'TRUST_KEY_DUPLICATE',
  what: string,
  values: readonly string[],
): void {
  const repeated = values.find((value, i) => values.indexOf(value) !== i);
  if (repeated !== undefined) {
    throw new AttestryError(
      code,
      `Expected every ${what} once in the trust root, got ${repeated} twice.`,
    );
  }
}

function parseUrl(text: string): void {
  if (!/^https?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/.test(text) || !URL.canParse(text)) {
    throw new AttestryError(
      'TRUST_MALFORMED',
      `Expected an http or https URL without query, got ${text}.`,
    );
  }
}

function malformed(expected: string): AttestryError {
  return new AttestryError('TRUST_MALFORMED', `Expected a trust root with ${expected}.`);
}
