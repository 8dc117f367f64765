/** The judge of core on whatever the page is given: receipts, dossiers, findings, and single checkpoints. */
import { encodeHex } from '../../core/bytes/hex.ts';
import { formatTime } from '../../core/bytes/time.ts';
import { DOSSIER_TYPE, parseDossier } from '../../core/dossier/dossier.ts';
import { FINDING_TYPE } from '../../core/finding/finding.ts';
import { sha256 } from '../../core/merkle/hash.ts';
import { omsManifest } from '../../core/model/model-tree.ts';
import { RECEIPT_TYPE } from '../../core/receipt/receipt.ts';
import type { WholeArtifact } from '../../core/report/artifact.ts';
import { judge } from '../../core/report/judge.ts';
import { type Report, reportLog } from '../../core/report/report.ts';
import { parseStatement } from '../../core/statement/statement.ts';
import {
  type VerificationRules,
  verifyFreshness,
  verifyWitnessedCheckpoint,
} from '../../core/trust/quorum.ts';
import { toleranceOf } from '../../core/trust/tolerance.ts';
import { parseTrustRoot, type TrustRoot } from '../../core/trust/trust-root.ts';
import { AttestryError } from '../../errors.ts';
import { type Judged, openJudged } from './judged.ts';
import type { CheckedNote, FileKind, HashedModel, JudgeRequest, TrustView } from './protocol.ts';

export function viewTrust(trust: TrustRoot, now: number): TrustView {
  const { digest, version, expires, witnesses, witnessQuorum, verifiers, verifierQuorum } = trust;
  const named = ({ name, operator }: { readonly name: string; readonly operator: string }) => ({
    name,
    operator,
  });
  return {
    digest,
    version,
    expires: formatTime(expires),
    logs: [...trust.logs.values()].map(({ origin, operator, region }) => ({
      name: origin,
      operator,
      region,
    })),
    witnesses: witnesses.map(named),
    witnessQuorum,
    tolerance: toleranceOf(witnesses, witnessQuorum, now).dishonest,
    verifiers: verifiers.map(named),
    verifierQuorum,
  };
}

/** What kind of file this claims to be; its judge has the last word. */
export function kindOf(bytes: Uint8Array): FileKind {
  if (attempt(() => parseTrustRoot(bytes)) !== undefined) return 'trust-root';
  const kinds = new Map<unknown, FileKind>([
    [RECEIPT_TYPE, 'receipt'],
    [DOSSIER_TYPE, 'dossier'],
    [FINDING_TYPE, 'finding'],
  ]);
  const value = attempt(() => JSON.parse(new TextDecoder().decode(bytes)) as unknown);
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : '';
  return kinds.get(type) ?? 'other';
}

/** The report, and the parts by which it can be opened. @throws RESPONSE_INVALID where it is not what was asked for */
export function judgeFile(request: JudgeRequest, rules: VerificationRules): Judged {
  const { bytes, model, asked } = request;
  if (asked !== undefined) requireAsked(bytes, asked);
  const first = judge(bytes, rules);
  // Comparing the model needs the name that the verified statements give it.
  const report =
    model === undefined
      ? first
      : judge(bytes, { ...rules, artifact: artifactOf(model, bytes, first) });
  return openJudged(bytes, report);
}

/** A dossier of another model, or of a shorter time, is right in itself: but it is not the answer. */
function requireAsked(
  bytes: Uint8Array,
  { model, range }: NonNullable<JudgeRequest['asked']>,
): void {
  const dossier = attempt(() => parseDossier(bytes));
  // What cannot be read is refused, with its code, by the judge.
  if (dossier === undefined) return;
  const given = dossier.range ?? null;
  const isAsked = given?.from === range?.from && given?.to === range?.to && given?.by === range?.by;
  if (dossier.model === model && isAsked) return;
  throw new AttestryError(
    'RESPONSE_INVALID',
    `Expected a dossier of model ${model} and of the time asked for, got one of ${dossier.model}${given === null ? '' : ` from ${given.from} to ${given.to}`}.`,
  );
}

/** A folder's manifest carries the name under which it was stated: here the folder may be called otherwise. */
function artifactOf(model: HashedModel, bytes: Uint8Array, report: Report): WholeArtifact {
  const { form, sha256: digest } = model;
  if (form === 'file') return { part: 'whole', sha256: digest };
  const name = statedName(bytes, report, digest) ?? model.name;
  const manifest = omsManifest({ name, resources: model.files, method: 'files' });
  return { part: 'whole', sha256: digest, omsManifestSha256: encodeHex(sha256(manifest)) };
}

function statedName(bytes: Uint8Array, report: Report, digest: string): string | undefined {
  for (const { envelope } of openJudged(bytes, report).shown.values()) {
    const { subject } = attempt(() => parseStatement(envelope.payload)) ?? { subject: [] };
    const named = subject.find((candidate) => candidate.digest.sha256 === digest);
    if (named !== undefined) return named.name;
  }
  return undefined;
}

/** What a checkpoint proves by itself: size, root, when, and who has cosigned. */
export function checkNote(note: string, rules: VerificationRules): CheckedNote {
  try {
    const witnessed = verifyFreshness(verifyWitnessedCheckpoint(note, rules), rules);
    return { log: reportLog(witnessed) };
  } catch (error) {
    if (!(error instanceof AttestryError)) throw error;
    return { problem: { code: error.code, message: error.message } };
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
