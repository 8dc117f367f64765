/** Changes to a trust root, as its next version says them: a key replaced, a key revoked. */
import { encodeHex, quote } from '../core/bytes/hex.ts';
import { formatTime } from '../core/bytes/time.ts';
import { parseVkey } from '../core/note/vkey.ts';
import type {
  CosignerFields,
  LogFields,
  OperatorFields,
  TrustRootFile,
} from '../core/trust/trust-file.ts';
import type { WindowFields } from '../core/trust/window.ts';
import { AttestryError } from '../errors.ts';
import { usageError } from './command.ts';

export interface Rotation {
  /** Name of a witness or verifier, or public key of an operator or of a holder of a root key, in hex. */
  readonly old: string;
  /** Its verifier key, or public key in hex. */
  readonly new: string;
  /** Of the new witness or verifier; the old one's unless told. */
  readonly url?: string | undefined;
  /** Unix seconds: when the old one counts no longer. The new one counts from `from` on. */
  readonly from: number;
  readonly until: number;
}

/** The parts of the trust root with a key replaced: its window ends, the new one's begins. @throws TRUST_MALFORMED */
export function rotate(file: TrustRootFile, rotation: Rotation): TrustRootFile {
  const { old } = rotation;
  if (file.roots.keys.includes(old)) {
    const keys = file.roots.keys.map((key) => (key === old ? rotation.new : key));
    return { ...file, roots: { ...file.roots, keys } };
  }
  const changed = {
    ...file,
    witnesses: rotateCosigner(file.witnesses, rotation),
    ...(file.verifiers && { verifiers: rotateCosigner(file.verifiers, rotation) }),
    operators: file.operators.map((operator) => ({
      ...operator,
      keys: withSuccessor(operator.keys, rotation, (begun) => begun),
    })),
  };
  const parts = ({ witnesses, verifiers = [], operators }: TrustRootFile): number =>
    [...witnesses, ...verifiers, ...operators.flatMap(({ keys }) => keys)].length;
  if (parts(changed) === parts(file) + 1) return changed;
  throw new AttestryError(
    'TRUST_MALFORMED',
    `Expected the name of a witness or verifier, or the public key of an operator or of a root key, got ${quote(old)}.`,
  );
}

function rotateCosigner(
  parties: readonly CosignerFields[],
  rotation: Rotation,
): readonly CosignerFields[] {
  return withSuccessor(parties, rotation, (begun, { operator, url }) => ({
    ...begun,
    operator,
    url: rotation.url ?? url,
  }));
}

type Party = WindowFields & { readonly key: string };

/**
 * The old party's window ends, and behind it stands what `succeed` makes of the new key and its window; unchanged where
 * nobody has that name or key.
 */
function withSuccessor<T extends Party>(
  parties: readonly T[],
  rotation: Rotation,
  succeed: (begun: Party, old: T) => T,
): readonly T[] {
  const { old, from, until } = rotation;
  const begun = { key: rotation.new, validFrom: formatTime(from) };
  return parties.flatMap((party) =>
    party.key === old || nameOf(party.key) === old
      ? [{ ...party, validUntil: formatTime(until) }, succeed(begun, party)]
      : [party],
  );
}

function nameOf(key: string): string | undefined {
  return key.includes('+') ? parseVkey(key).name : undefined;
}

export interface LogEnd {
  /** Origin of the log that ends. */
  readonly old: string;
  /** Verifier key and URL of the log that goes on. */
  readonly new: string;
  readonly url: string;
  /** Of the final checkpoint. */
  readonly size: number;
  readonly root: Uint8Array;
}

/** The parts of the trust root with a log retired: its operators may write to its successor instead. @throws VKEY_MALFORMED */
export function retireLog(file: TrustRootFile, end: LogEnd): TrustRootFile {
  const successor = parseVkey(end.new).name;
  const retired = { size: end.size, root: encodeHex(end.root), successor };
  const logs = file.logs.flatMap((log): readonly LogFields[] => {
    if (parseVkey(log.key).name !== end.old) return [log];
    const { operator, region } = log;
    return [
      { ...log, retired },
      { key: end.new, operator, region, url: end.url },
    ];
  });
  const operators = file.operators.map((operator): OperatorFields => {
    if (!operator.logs.includes(end.old)) return operator;
    const keys = operator.keys.map(({ revoked, ...key }) =>
      revoked === undefined ? key : { ...key, revoked: { ...revoked, [successor]: 0 } },
    );
    return { ...operator, keys, logs: [...operator.logs, successor] };
  });
  return { ...file, logs, operators };
}

/** The parts of the trust root with an operator's key revoked at sizes of its logs, `<origin>=<size>` each. @throws TRUST_MALFORMED */
export function revoke(
  file: TrustRootFile,
  key: string,
  cutOffs: readonly string[],
): TrustRootFile {
  const revoked = Object.fromEntries(cutOffs.map(readCutOff));
  const holder = file.operators.find(({ keys }) => keys.some((one) => one.key === key));
  if (holder === undefined) {
    throw new AttestryError(
      'TRUST_MALFORMED',
      `Expected the public key of an operator in hex, got ${quote(key)}.`,
    );
  }
  const missing = holder.logs.find((origin) => !Object.hasOwn(revoked, origin));
  if (missing !== undefined)
    throw usageError(`Expected --at ${missing}=<size> for each log of ${holder.id}.`);
  const change = (operator: OperatorFields): OperatorFields => ({
    ...operator,
    keys: operator.keys.map((one) => (one.key === key ? { ...one, revoked } : one)),
  });
  return { ...file, operators: file.operators.map((one) => (one === holder ? change(one) : one)) };
}

function readCutOff(text: string): [string, number] {
  const [, origin, size] = /^(.+)=(0|[1-9]\d{0,14})$/.exec(text) ?? [];
  if (origin === undefined || size === undefined)
    throw usageError(`Expected <origin>=<size>, got ${quote(text)}.`);
  return [origin, Number(size)];
}
