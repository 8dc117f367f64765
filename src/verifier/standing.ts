/** How a log stands with the verifier, from what is known of it: in one word, and whether a dossier may speak for it. */
import { formatTime } from '../core/bytes/time.ts';
import type { MissingLog } from '../core/dossier/dossier.ts';
import type { WitnessedCheckpoint } from '../core/trust/quorum.ts';
import { isFinal } from '../core/trust/retirement.ts';
import { type AttestryErrorCode, ERROR_TABLE } from '../errors.ts';
import type { FiledFinding, KnownNote } from './verifier-store.ts';

/**
 * - `starting`: it has not been looked at since the verifier started.
 * - `followed`: everything that the log publishes is mirrored and verified.
 * - `behind`: what it publishes is too old, or less than it showed before or to witnesses.
 * - `unwitnessed`: what it publishes lacks the quorum.
 * - `unreachable`: it did not answer last time.
 * - `invalid`: its last answer does not verify.
 * - `contradicted`: it signed two histories; it is not followed any further.
 * - `failed`: the mirror on this machine cannot be used.
 */
export type LogState =
  | 'starting'
  | 'followed'
  | 'behind'
  | 'unwitnessed'
  | 'unreachable'
  | 'invalid'
  | 'contradicted'
  | 'failed';

export interface Problem {
  readonly code: AttestryErrorCode;
  readonly message: string;
}

/** What is wrong on this machine, and not with what a log says. */
const LOCAL: ReadonlySet<AttestryErrorCode> = new Set([
  'STORE_FAILED',
  'STORE_CORRUPT',
  'STORE_LOCKED',
  'HEAD_CONFLICT',
]);

export function isLocal(code: AttestryErrorCode): boolean {
  return LOCAL.has(code);
}

/** The error as anyone may read it: of this machine's troubles (paths, disks) only the kind. */
export function problemOf({ code, message }: Problem): Problem {
  return { code, message: isLocal(code) ? ERROR_TABLE[code].means : message };
}

export interface LogFacts {
  readonly origin: string;
  /** The newest checkpoint that is mirrored in full. */
  readonly current: WitnessedCheckpoint | undefined;
  /** Unix seconds: when the log last showed a checkpoint, not older than `current`, and all of it verified. */
  readonly verifiedAt: number | undefined;
  /** What went wrong the last time; undefined if nothing did. */
  readonly problem: Problem | undefined;
  /** Something wrong with this machine's own copy. */
  readonly failure: Problem | undefined;
  readonly contradiction: FiledFinding | undefined;
  /** A larger checkpoint that the log signed for others, and has not published for longer than the limit. */
  readonly withheld: KnownNote | undefined;
}

export interface Clock {
  /** Unix seconds. */
  readonly now: number;
  /** How old what is known of a log may be. */
  readonly staleAfterSeconds: number;
}

/** The log's state and why, where it is not `followed`. */
export function standingOf(
  facts: LogFacts,
  clock: Clock,
): { readonly state: LogState; readonly problem: Problem | undefined } {
  const { contradiction, failure, problem, current, verifiedAt } = facts;
  if (contradiction !== undefined) {
    const { code, sentence } = contradiction;
    return { state: 'contradicted', problem: { code, message: sentence } };
  }
  if (failure !== undefined) return { state: 'failed', problem: failure };
  if (problem !== undefined) return { state: stateOfProblem(problem.code), problem };
  if (current === undefined || verifiedAt === undefined) {
    return { state: 'starting', problem: undefined };
  }
  const stale = stalenessOf(facts, current, clock);
  return { state: stale === undefined ? 'followed' : 'behind', problem: stale };
}

/** Why a dossier must not speak for the log; undefined if it may, as of `current`. */
export function reasonToLeaveOut(facts: LogFacts, clock: Clock): MissingLog | undefined {
  const { current, failure, problem, contradiction, origin } = facts;
  if (failure !== undefined) return failure;
  if (current === undefined) {
    const { problem: reason } = standingOf(facts, clock);
    return reason ?? unavailable(`${origin} has not been reached yet.`);
  }
  // Its checkpoints and the proof that they contradict each other are the evidence; they do not age.
  if (contradiction !== undefined) return undefined;
  // There will never be more of a log that is retired, and its node need not run any longer.
  if (isFinal(current.checkpoint, current.log)) return undefined;
  const verifiedAt = facts.verifiedAt ?? current.witnessedAt;
  if (clock.now - verifiedAt > clock.staleAfterSeconds) {
    const since = `nothing new has been verified since ${formatTime(verifiedAt)}`;
    if (problem === undefined) return unavailable(`${origin} is not answered for: ${since}.`);
    return { code: problem.code, message: `${problem.message} In all, ${since}.` };
  }
  return stalenessOf(facts, current, clock);
}

function stalenessOf(
  { withheld, origin }: LogFacts,
  current: WitnessedCheckpoint,
  { now, staleAfterSeconds }: Clock,
): Problem | undefined {
  if (withheld !== undefined && withheld.size > current.checkpoint.size) {
    return {
      code: 'CHECKPOINT_STALE',
      message: `${origin} publishes ${current.checkpoint.size} entries, but signed ${withheld.size} for a witness more than ${staleAfterSeconds} s ago.`,
    };
  }
  if (now - current.witnessedAt <= staleAfterSeconds) return undefined;
  if (isFinal(current.checkpoint, current.log)) return undefined;
  return {
    code: 'CHECKPOINT_STALE',
    message: `${origin} shows no checkpoint that the quorum has cosigned since ${formatTime(current.witnessedAt)}.`,
  };
}

function stateOfProblem(code: AttestryErrorCode): LogState {
  if (code === 'PEER_UNAVAILABLE') return 'unreachable';
  if (code === 'QUORUM_SHORT' || code === 'CHECKPOINT_UNPUBLISHED') return 'unwitnessed';
  return code === 'CHECKPOINT_STALE' ? 'behind' : 'invalid';
}

function unavailable(message: string): MissingLog {
  return { code: 'PEER_UNAVAILABLE', message };
}
