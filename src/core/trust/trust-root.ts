/**
 * The trust root: the one file that an auditor trusts. Which logs, which witnesses and how many, whose keys may say what,
 * and from when until when. A DSSE envelope that a threshold of the root keys, which it names itself, has signed.
 */
import { AttestryError } from '../../errors.ts';
import { decodeHex, encodeHex } from '../bytes/hex.ts';
import { formatCanonicalJson, parseCanonicalJson } from '../bytes/json.ts';
import { readShape } from '../bytes/shape.ts';
import { parseTime } from '../bytes/time.ts';
import { sha256 } from '../merkle/hash.ts';
import type { PublicKey, SignatureEngine } from '../note/ed25519.ts';
import { parseVkey, SIGNATURE_TYPE, type VerifierKey } from '../note/vkey.ts';
import { type DsseContent, formatDsse, keyIdOf, signDsse } from '../statement/dsse.ts';
import type { Kind } from '../statement/statement.ts';
import { organisationsOf } from './organisations.ts';
import { finalDigest, type Retirement } from './retirement.ts';
import {
  parseTrustEnvelope,
  TRUST_PAYLOAD_TYPE,
  type TrustedRoots,
  verifyRootSignatures,
} from './root-signatures.ts';
import { type CosignerFields, type TrustRootFile, trustRootFile } from './trust-file.ts';
import { type Window, type WindowFields, windowOf } from './window.ts';

export interface TrustedLog {
  readonly origin: string;
  readonly vkey: VerifierKey;
  readonly operator: string;
  readonly region: string;
  readonly url: string;
  /** When a checkpoint must have been witnessed to count. */
  readonly window: Window;
  /** Where it ended, if it is retired. */
  readonly retired: Retirement | undefined;
  /** Digest of the final checkpoint of the log that it succeeds, if it succeeds one. */
  readonly predecessor: string | undefined;
}

export interface TrustedWitness {
  readonly name: string;
  readonly vkey: VerifierKey;
  /** The organisation that runs it. */
  readonly operator: string;
  readonly url: string;
  /** Of what time a cosignature must be to count. */
  readonly window: Window;
}

export interface TrustedOperator {
  readonly id: string;
  readonly kinds: readonly Kind[];
  readonly logs: readonly string[];
  /** Hex SHA-256 of the models that it may speak about; undefined for all. */
  readonly models: ReadonlySet<string> | undefined;
}

export interface OperatorKey {
  readonly operator: TrustedOperator;
  readonly publicKey: PublicKey;
  /** When a statement must have been witnessed to count. */
  readonly window: Window;
  /** By origin, up to which size of the log the key counts; undefined for a key that is not revoked. */
  readonly revoked: ReadonlyMap<string, number> | undefined;
}

export interface TrustRoot {
  readonly file: TrustRootFile;
  /** The signed envelope. */
  readonly bytes: Uint8Array;
  /** Hex SHA-256 of the payload: what people compare to know that they trust the same thing, whoever has signed. */
  readonly digest: string;
  readonly version: number;
  /** Unix seconds from which nothing is VALID by this trust root. */
  readonly expires: number;
  readonly roots: TrustedRoots;
  readonly logs: ReadonlyMap<string, TrustedLog>;
  readonly witnesses: readonly TrustedWitness[];
  readonly witnessQuorum: number;
  readonly verifiers: readonly TrustedWitness[];
  readonly verifierQuorum: number;
  /** By keyid. */
  readonly operatorKeys: ReadonlyMap<string, OperatorKey>;
}

/** The trust root, signed by its own threshold. @throws TRUST_*, JSON_*, SIGNATURE_*, INPUT_TOO_LARGE */
export function parseTrustRoot(bytes: Uint8Array, engine?: SignatureEngine): TrustRoot {
  const trust = readTrustRoot(bytes);
  verifyRootSignatures(parseTrustEnvelope(bytes), trust.roots, engine);
  return trust;
}

/** What the envelope says, whoever has signed it: for drafts on their way. @throws TRUST_*, JSON_*, SIGNATURE_*, INPUT_TOO_LARGE */
export function readTrustRoot(bytes: Uint8Array): TrustRoot {
  const { payload } = parseTrustEnvelope(bytes);
  const file = readShape('TRUST_MALFORMED', trustRootFile, parseCanonicalJson(payload));
  return { bytes, digest: encodeHex(sha256(payload)), ...openFile(file) };
}

/** The envelope around what a trust root is to say, with the signatures of these keys: none for a draft. @throws TRUST_*, JSON_* */
export function signTrustRoot(file: TrustRootFile, seeds: readonly Uint8Array[]): Uint8Array {
  const payload = formatCanonicalJson(file);
  const signatures = seeds.map((seed) => signDsse(payload, TRUST_PAYLOAD_TYPE, seed));
  return checked({ payload, signatures });
}

/** The same trust root with the signature of one more key. @throws TRUST_*, JSON_*, SIGNATURE_DUPLICATE */
export function addRootSignature(bytes: Uint8Array, seed: Uint8Array): Uint8Array {
  const { payload, signatures } = parseTrustEnvelope(bytes);
  const added = signDsse(payload, TRUST_PAYLOAD_TYPE, seed);
  return checked({ payload, signatures: [...signatures, added] });
}

function checked(envelope: DsseContent): Uint8Array {
  const bytes = formatDsse(envelope, TRUST_PAYLOAD_TYPE);
  readTrustRoot(bytes);
  return bytes;
}

function openFile(file: TrustRootFile): Omit<TrustRoot, 'bytes' | 'digest'> {
  const logs = file.logs.map((log) => named(log, SIGNATURE_TYPE.ed25519));
  const witnesses = file.witnesses.map(openCosigner);
  const verifiers = (file.verifiers ?? []).map(openCosigner);
  const parties = [...logs, ...witnesses, ...verifiers];
  refuseRepeatedKeys(file, parties);
  refuseRepeats(
    'TRUST_MALFORMED',
    'name',
    parties.map((party) => party.name),
  );
  const { version, witnessQuorum, verifierQuorum = 0 } = file;
  demandBetween('witnessQuorum', witnessQuorum, [1, organisationsOf(witnesses).size]);
  demandBetween('verifierQuorum', verifierQuorum, [0, organisationsOf(verifiers).size]);
  if (version < 1 || (version === 1) !== (file.previous === undefined)) {
    throw malformed('a version from 1, and the digest of the version before exactly from 2');
  }
  return {
    file,
    version,
    expires: parseTime(file.expires),
    roots: openRoots(file.roots),
    logs: openLogs(file),
    witnesses,
    witnessQuorum,
    verifiers,
    verifierQuorum,
    operatorKeys: openOperators(file, new Set(logs.map((log) => log.name))),
  };
}

function openLogs(file: TrustRootFile): TrustRoot['logs'] {
  const logs = file.logs.map(({ retired, ...log }) => ({
    ...named(log, SIGNATURE_TYPE.ed25519),
    ...log,
    retired: retired && { ...retired, root: decodeHex(retired.root, 32) },
  }));
  const predecessors = new Map<string, string>();
  for (const { name, retired } of logs) {
    if (retired === undefined) continue;
    const { successor } = retired;
    if (
      predecessors.has(successor) ||
      successor === name ||
      !logs.some((log) => log.name === successor)
    )
      throw malformed(`another log as successor of ${name}, and of it alone, got ${successor}`);
    predecessors.set(successor, finalDigest(name, retired));
  }
  return new Map(
    logs.map(({ name, vkey, operator, region, url, window, retired }) => [
      name,
      {
        origin: name,
        vkey,
        operator,
        region,
        url,
        window,
        retired,
        predecessor: predecessors.get(name),
      },
    ]),
  );
}

function openRoots({ keys, threshold }: TrustRootFile['roots']): TrustedRoots {
  demandBetween('threshold of root keys', threshold, [1, keys.length]);
  const publicKeys = keys.map((hex) => decodeHex(hex, 32));
  return { keys: new Map(publicKeys.map((key) => [keyIdOf(key), key])), threshold };
}

function openOperators(
  file: TrustRootFile,
  origins: ReadonlySet<string>,
): TrustRoot['operatorKeys'] {
  const keys = new Map<string, OperatorKey>();
  for (const { id, kinds, logs, models, keys: fields } of file.operators) {
    const unknown = logs.find((origin) => !origins.has(origin));
    if (unknown !== undefined)
      throw malformed(`logs that it names itself, got ${unknown} for ${id}`);
    const operator = { id, kinds, logs, models: models && new Set(models) };
    for (const { key, revoked, ...window } of fields) {
      const publicKey = decodeHex(key, 32);
      const cutOffs = revoked && new Map(Object.entries(revoked));
      if (cutOffs && (cutOffs.size !== logs.length || logs.some((log) => !cutOffs.has(log)))) {
        throw malformed(`the size at which a key of ${id} is revoked for each of its logs`);
      }
      keys.set(keyIdOf(publicKey), {
        operator,
        publicKey,
        window: openWindow(window, id),
        revoked: cutOffs,
      });
    }
  }
  return keys;
}

function openCosigner(party: CosignerFields): TrustedWitness {
  const { operator, url } = party;
  return { operator, url, ...named(party, SIGNATURE_TYPE.cosignature) };
}

function named(
  party: WindowFields & { readonly key: string },
  type: number,
): { name: string; vkey: VerifierKey; window: Window } {
  const vkey = parseVkey(party.key);
  if (vkey.type !== type)
    throw malformed(`a key of type 0x0${type} for ${vkey.name}, got 0x0${vkey.type}`);
  return { name: vkey.name, vkey, window: openWindow(party, vkey.name) };
}

function openWindow(fields: WindowFields, name: string): Window {
  const window = windowOf(fields);
  if (window.from < window.until) return window;
  throw malformed(`validFrom before validUntil for ${name}`);
}

/** One key under two names would be counted as two parties. @throws TRUST_KEY_DUPLICATE */
function refuseRepeatedKeys(
  file: TrustRootFile,
  parties: readonly { readonly vkey: VerifierKey }[],
): void {
  refuseRepeats('TRUST_KEY_DUPLICATE', 'public key', [
    ...parties.map((party) => encodeHex(party.vkey.publicKey)),
    ...file.operators.flatMap((operator) => operator.keys.map(({ key }) => key)),
    ...file.roots.keys,
  ]);
}

function refuseRepeats(
  code: 'TRUST_MALFORMED' | 'TRUST_KEY_DUPLICATE',
  what: string,
  values: readonly string[],
): void {
  const seen = new Set<string>();
  for (const value of values) {
    if (seen.has(value)) {
      throw new AttestryError(
        code,
        `Expected every ${what} once in the trust root, got ${value} twice.`,
      );
    }
    seen.add(value);
  }
}

function demandBetween(what: string, value: number, [least, most]: [number, number]): void {
  if (value >= least && value <= most) return;
  throw malformed(`a ${what} from ${least} to ${most}, got ${value}`);
}

function malformed(expected: string): AttestryError {
  return new AttestryError('TRUST_MALFORMED', `Expected a trust root with ${expected}.`);
}
