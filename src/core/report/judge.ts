/** Judging a file: the same pure function for the command line, the SDK, the verifier's service and the page. */
import { AttestryError, type AttestryErrorCode } from '../../errors.ts';
import { quote } from '../bytes/hex.ts';
import { parseCanonicalJson } from '../bytes/json.ts';
import { formatTime } from '../bytes/time.ts';
import { DOSSIER_TYPE, LARGEST_DOSSIER_BYTES, parseDossier } from '../dossier/dossier.ts';
import { type Problem, problemsOf } from '../dossier/problem.ts';
import { type VerifiedDossier, verifyDossier } from '../dossier/verify.ts';
import { FINDING_TYPE, parseFinding } from '../finding/finding.ts';
import { verifyFinding } from '../finding/verify.ts';
import { parseReceipt, RECEIPT_TYPE } from '../receipt/receipt.ts';
import { type VerifiedReceipt, verifyReceipt } from '../receipt/verify.ts';
import type { Subject } from '../statement/resource.ts';
import { contextOf, modelsOf } from '../statement/statement.ts';
import type { VerificationRules } from '../trust/quorum.ts';
import { verifyUnexpired } from '../trust/update.ts';
import { type Artifact, verifyArtifact } from './artifact.ts';
import { type Judged, makeReport, maxLateSeconds, type Report } from './report.ts';

export interface JudgeOptions extends VerificationRules {
  /** The file, folder or shard in hand, as its digests; the report says whether it is the model. */
  readonly artifact?: Artifact;
}

const TYPES: ReadonlyMap<string, Judged> = new Map([
  [RECEIPT_TYPE, 'receipt'],
  [DOSSIER_TYPE, 'dossier'],
  [FINDING_TYPE, 'finding'],
]);

/** Logging and witnessing take seconds, and meters report when their hour is over. */
const LATE_AFTER_SECONDS = 3_600;

const NOT_TRUTH =
  'That what an operator states is true: a log proves who said what, when, to everyone alike.';

/** The report on a receipt, dossier or finding. Never throws on what the bytes hold: a bad file has a report too. */
export function judge(bytes: Uint8Array, options: JudgeOptions): Report {
  let of: Judged = 'receipt';
  try {
    if (bytes.length > LARGEST_DOSSIER_BYTES) throw tooLarge(bytes.length);
    of = typeOf(bytes);
    if (of === 'receipt') return judgeReceipt(bytes, options);
    return of === 'dossier' ? judgeDossier(bytes, options) : judgeFinding(bytes, options);
  } catch (error) {
    if (!(error instanceof AttestryError)) throw error;
    const problems = [problemOf(error)];
    return makeReport({ of, model: null, problems, checked: [], notProven: [] }, options);
  }
}

function typeOf(bytes: Uint8Array): Judged {
  const value = parseCanonicalJson(bytes);
  const type =
    typeof value === 'object' && value !== null && 'type' in value ? value['type'] : undefined;
  const judged = typeof type === 'string' ? TYPES.get(type) : undefined;
  if (judged === undefined) {
    throw new AttestryError(
      'RECEIPT_MALFORMED',
      `Expected a file of type ${[...TYPES.keys()].join(', ')}, got ${typeof type === 'string' ? quote(type) : 'none'}.`,
    );
  }
  return judged;
}

function tooLarge(length: number): AttestryError {
  return new AttestryError(
    'INPUT_TOO_LARGE',
    `Expected a file of at most ${LARGEST_DOSSIER_BYTES} bytes, got ${length}.`,
  );
}

function judgeReceipt(bytes: Uint8Array, options: JudgeOptions): Report {
  const verified = verifyReceipt(parseReceipt(bytes), options);
  const { cosignatures, checkpoint } = verified.checkpoint;
  return makeReport(
    {
      of: 'receipt',
      model: modelsOf(verified.statement)[0] ?? null,
      statements: [verified],
      checkpoints: [verified.checkpoint],
      ...judgeArtifact(verified.statement.subject, options),
      checked: [
        'The operator that the trust root names signed the statement.',
        `The statement is entry ${verified.index} of ${checkpoint.origin} at size ${checkpoint.size}.`,
        `${cosignatures.length} witnesses, at least the quorum of ${options.trust.witnessQuorum}, have cosigned that checkpoint.`,
      ],
      notProven: [
        'That the statement has not been withdrawn since: a receipt proves presence; ask for the dossier.',
        ...lateness(verified),
        NOT_TRUTH,
      ],
    },
    options,
  );
}

/** A statement may rightly be logged late, and a back-dated one looks the same: both times are shown. */
function lateness(verified: VerifiedReceipt): string[] {
  const seconds = maxLateSeconds(verified);
  if (seconds <= LATE_AFTER_SECONDS) return [];
  const { issuedAt } = contextOf(verified.statement);
  return [
    `That the statement was made at ${issuedAt}, as it says: witnesses vouch for it only from ${formatTime(verified.checkpoint.witnessedAt)} on, ${seconds} s later.`,
  ];
}

function judgeDossier(bytes: Uint8Array, options: JudgeOptions): Report {
  const verified = verifyDossier(parseDossier(bytes), options);
  // A statement may name other models beside this one.
  const subjects = verified.statements
    .flatMap(({ statement }) => statement.subject)
    .filter(({ digest }) => digest.sha256 === verified.model);
  const artifact = judgeArtifact(subjects, options);
  return makeReport(
    {
      of: 'dossier',
      model: verified.model,
      statements: verified.statements,
      checkpoints: verified.checkpoints,
      proven: verified.proven,
      ...artifact,
      problems: [...verified.problems, ...artifact.problems],
      checked: [
        `${verified.statements.length} statements about the model are signed, logged and witnessed.`,
        `${verified.checkpoints.length} of ${options.trust.logs.size} logs of the trust root are included, each under a checkpoint cosigned by the quorum.`,
        ...completeness(verified, options),
      ],
      notProven: [...incompleteness(verified, options), NOT_TRUTH],
    },
    options,
  );
}

function completeness({ proven }: VerifiedDossier, { trust }: JudgeOptions): string[] {
  if (proven.length === 0) return [];
  const logs = `${proven.length} of ${trust.logs.size} logs`;
  const { verifiers, verifierQuorum: quorum } = trust;
  const rebuilt = `at least ${quorum} of ${verifiers.length} verifiers have rebuilt and cosigned each tally`;
  const isCounted = proven.some(({ counted }) => counted.length > 0);
  const absent = absentEverywhere(proven);
  return [
    `The tallies of ${logs} prove ${isCounted ? 'how many statements they hold about the model, and that every withdrawal is shown here' : 'that nothing they hold about the model is missing here'}${quorum === 0 ? '' : `; ${rebuilt}`}.`,
    ...(absent.length === 0
      ? []
      : [`Proven absent on these logs: any statement of kind ${absent.join(', ')}.`]),
  ];
}

function incompleteness({ proven }: VerifiedDossier, { trust }: JudgeOptions): string[] {
  const open = [...trust.logs.keys()].filter(
    (origin) => !proven.some(({ checkpoint }) => checkpoint.log.origin === origin),
  );
  const unrebuilt =
    'That the tallies are right: the trust root asks for no verifier that has rebuilt them, so this rests on the logs.';
  return [
    ...(open.length === 0
      ? []
      : [
          `That the list is complete: that these are all statements about the model on ${open.join(', ')}.`,
        ]),
    ...(proven.length > 0 && trust.verifierQuorum === 0 ? [unrebuilt] : []),
  ];
}

function absentEverywhere(proven: VerifiedDossier['proven']): string[] {
  const [first, ...others] = proven;
  return (first?.absent ?? []).filter((kind) =>
    others.every(({ absent }) => absent.includes(kind)),
  );
}

function judgeFinding(bytes: Uint8Array, options: JudgeOptions): Report {
  const verified = verifyFinding(parseFinding(bytes), options);
  return makeReport(
    {
      of: 'finding',
      model: null,
      problems: [...problemsOf(verified), ...expiry(options)],
      checked: ['The evidence carries the signatures of those that it accuses.'],
      notProven: verified.selfContained
        ? []
        : ['Who served the hashes: that rests on the word of the verifier that filed this.'],
    },
    options,
  );
}

function expiry({ trust, now }: JudgeOptions): readonly Problem[] {
  try {
    verifyUnexpired(trust, now);
    return [];
  } catch (error) {
    if (error instanceof AttestryError) return [problemOf(error)];
    throw error;
  }
}

function judgeArtifact(
  subjects: readonly Subject[],
  { artifact }: JudgeOptions,
): { artifact: Report['artifact']; problems: readonly Problem[] } {
  if (artifact === undefined) return { artifact: 'not given', problems: [] };
  try {
    verifyArtifact(artifact, subjects);
    return { artifact: 'matches', problems: [] };
  } catch (error) {
    if (!(error instanceof AttestryError)) throw error;
    return { artifact: 'does not match', problems: [problemOf(error)] };
  }
}

function problemOf(error: { code: AttestryErrorCode; message: string }): Problem {
  return { code: error.code, message: error.message, origin: null };
}
