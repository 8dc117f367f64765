/** Changes to a trust root, as its next version says them: a key replaced, a key revoked. */
import { encodeHex, quote } from '../core/bytes/hex.ts';
import { formatTime } from '../core/bytes/time.ts';
import { parseVkey } from '../core/note/vkey.ts';
import type { LogFields, OperatorFields, TrustRootFile } from '../core/trust/trust-file.ts';
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
    witnesses: withSuccessor(file.witnesses, rotation),
    ...(file.verifiers === undefined ? {} : { verifiers: withSuccessor(file.verifiers, rotation) }),
    operators: file.operators.map((operator) => ({
      ...operator,
      keys: withSuccessor(operator.keys, rotation),
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

type Party = { readonly key: string; readonly url?: string };

/** The party's window ends, and its successor stands behind it; unchanged where nobody has that name or key. */
function withSuccessor<T extends Party>(parties: readonly T[], rotation: Rotation): readonly T[] {
  return parties.flatMap((party) => {
    const isOld = [party.key, nameOf(party.key)].includes(rotation.old);
    if (!isOld) return [party];
    const { from, until, url = party.url } = rotation;
    const successor = {
      ...party,
      key: rotation.new,
      ...(url === undefined ? {} : { url }),
      validFrom: formatTime(from),
    };
    const { validUntil, revoked, ...begun }: T & { validUntil?: string; revoked?: unknown } =
      successor;
    return [{ ...party, validUntil: formatTime(until) }, begun as unknown as T];
  });
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
