/** The judge of core on whatever the page is given: receipts, dossiers, findings, and single checkpoints. */
import { encodeHex } from '../../core/bytes/hex.ts';
import { formatTime } from '../../core/bytes/time.ts';
import { DOSSIER_TYPE, type Dossier, parseDossier } from '../../core/dossier/dossier.ts';
import { FINDING_TYPE } from '../../core/finding/finding.ts';
import { sha256 } from '../../core/merkle/hash.ts';
import { omsManifest } from '../../core/model/model-tree.ts';
import type { SignatureClaim } from '../../core/note/ed25519.ts';
import { RECEIPT_TYPE } from '../../core/receipt/receipt.ts';
import type { WholeArtifact } from '../../core/report/artifact.ts';
import { judge } from '../../core/report/judge.ts';
import { reportLog } from '../../core/report/report.ts';
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
import { CheckedSignatures, type OnProgress } from './signatures.ts';

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
export async function judgeFile(
  request: JudgeRequest,
  rules: VerificationRules,
  onProgress?: OnProgress,
): Promise<Judged> {
  const { bytes, model, asked } = request;
  // What cannot be read is refused, with its code, by the judge.
  const dossier = attempt(() => parseDossier(bytes));
  if (asked !== undefined && dossier !== undefined) requireAsked(dossier, asked);
  const signatures = new CheckedSignatures(globalThis.crypto?.subtle, onProgress);
  if (dossier !== undefined) await signatures.check(claimsOf(dossier, rules.trust));
  const checked = { ...rules, engine: signatures.engine };
  const first = openJudged(bytes, judge(bytes, checked), dossier);
  if (model === undefined) return first;
  // Comparing the model needs the name that the verified statements give it.
  const artifact = artifactOf(model, first);
  return openJudged(bytes, judge(bytes, { ...checked, artifact }), dossier);
}

/** Every signature on a statement of the dossier that claims to be by a key of the trust root. */
function claimsOf({ logs }: Dossier, { operatorKeys }: TrustRoot): readonly SignatureClaim[] {
  const envelopes = logs.flatMap((log) =>
    'missing' in log ? [] : log.entries.map(({ envelope }) => envelope),
  );
  return envelopes.flatMap((envelope) => {
    const { message } = envelope;
    return envelope.signatures.flatMap(({ keyid, signature }) => {
      const publicKey = operatorKeys.get(keyid)?.publicKey;
      return publicKey === undefined ? [] : [{ publicKey, message, signature }];
    });
  });
}

/** A dossier of another model, or of a shorter time, is right in itself: but it is not the answer. */
function requireAsked(
  dossier: Dossier,
  { model, range }: NonNullable<JudgeRequest['asked']>,
): void {
  const given = dossier.range ?? null;
  const isSameTime = given?.from === range?.from && given?.to === range?.to;
  const isAsked = isSameTime && given?.by === range?.by && given?.others === range?.others;
  if (dossier.model === model && isAsked) return;
  throw new AttestryError(
    'RESPONSE_INVALID',
    `Expected a dossier of model ${model} and of the time asked for, got one of ${dossier.model}${given === null ? '' : ` from ${given.from} to ${given.to}`}.`,
  );
}

/** A folder's manifest carries the name under which it was stated: here the folder may be called otherwise. */
function artifactOf(model: HashedModel, judged: Judged): WholeArtifact {
  const { form, sha256: digest } = model;
  if (form === 'file') return { part: 'whole', sha256: digest };
  const name = statedName(judged, digest) ?? model.name;
  const manifest = omsManifest({ name, resources: model.files, method: 'files' });
  return { part: 'whole', sha256: digest, omsManifestSha256: encodeHex(sha256(manifest)) };
}

function statedName({ shown }: Judged, digest: string): string | undefined {
  for (const { envelope } of shown.values()) {
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
