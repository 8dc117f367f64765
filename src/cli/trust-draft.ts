/** What a new trust root is to say, from flags and from a description in a file. */
import { formatCanonicalJson, parseCanonicalJson } from '../core/bytes/json.ts';
import { readShape } from '../core/bytes/shape.ts';
import { formatTime } from '../core/bytes/time.ts';
import { TRUST_ROOT_TYPE, trustRootFile } from '../core/trust/trust-file.ts';
import { readTrustRoot, signTrustRoot, type TrustRoot } from '../core/trust/trust-root.ts';
import { AttestryError } from '../errors.ts';
import { readDescription } from './input.ts';
import { parseCosignerPart, parseLogPart, parseOperatorPart } from './trust-part.ts';

/** The parts of a trust root as flags. */
export interface PartFlags {
  readonly root?: readonly string[];
  readonly threshold?: number;
  readonly expires?: string;
  readonly log?: readonly string[];
  readonly witness?: readonly string[];
  readonly quorum?: number;
  readonly verifier?: readonly string[];
  readonly verifierQuorum?: number;
  readonly operator?: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

const FIELDS: readonly string[] = [
  'roots',
  'expires',
  'logs',
  'witnesses',
  'witnessQuorum',
  'verifiers',
  'verifierQuorum',
  'operators',
];
const YEAR_SECONDS = 365 * 86_400;

/** The parts that a file describes; none without a file. @throws TRUST_MALFORMED, FILE_UNREADABLE, INPUT_TOO_LARGE */
export async function readParts(file: string | undefined): Promise<Fields> {
  if (file === undefined) return {};
  const fields = fieldsOf(await readDescription(file, 'TRUST_MALFORMED'));
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown === undefined) return fields;
  throw new AttestryError(
    'TRUST_MALFORMED',
    `Expected ${FIELDS.join(', ')} in ${file}, got ${JSON.stringify(unknown)}.`,
  );
}

/** These parts with what the flags add to them. What they are like is judged by `makeDraft`. @throws TRUST_MALFORMED */
export function withFlags(parts: Fields, flags: PartFlags, now: number): Fields {
  const roots = fieldsOf(parts['roots'] ?? {});
  const keys = [...listOf(roots, 'keys'), ...(flags.root ?? [])];
  const verifiers = [
    ...listOf(parts, 'verifiers'),
    ...(flags.verifier ?? []).map(parseCosignerPart),
  ];
  const verifierQuorum = flags.verifierQuorum ?? parts['verifierQuorum'];
  return {
    ...parts,
    roots: { keys, threshold: flags.threshold ?? roots['threshold'] ?? majorityOf(keys.length) },
    expires: flags.expires ?? parts['expires'] ?? formatTime(now + YEAR_SECONDS),
    logs: [...listOf(parts, 'logs'), ...(flags.log ?? []).map(parseLogPart)],
    witnesses: [...listOf(parts, 'witnesses'), ...(flags.witness ?? []).map(parseCosignerPart)],
    operators: [...listOf(parts, 'operators'), ...(flags.operator ?? []).map(parseOperatorPart)],
    witnessQuorum: flags.quorum ?? parts['witnessQuorum'] ?? 0,
    ...(verifiers.length === 0 ? {} : { verifiers }),
    ...(verifierQuorum === undefined ? {} : { verifierQuorum }),
  };
}

/** A draft, which nobody has signed: the first version, or the one after `before`. @throws TRUST_* */
export function makeDraft(parts: Fields, before?: TrustRoot): TrustRoot {
  const chained =
    before === undefined
      ? { version: 1 }
      : { version: before.version + 1, previous: before.digest };
  const written = formatCanonicalJson({ ...parts, ...chained, type: TRUST_ROOT_TYPE });
  const file = readShape('TRUST_MALFORMED', trustRootFile, parseCanonicalJson(written));
  return readTrustRoot(signTrustRoot(file, []));
}

/** More than half. */
function majorityOf(keys: number): number {
  return Math.floor(keys / 2) + 1;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function listOf(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name] ?? [];
  if (Array.isArray(value)) return value;
  throw new AttestryError('TRUST_MALFORMED', `Expected ${name} to be a list.`);
}
