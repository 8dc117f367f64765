/** Dossiers and receipts, made from the mirrors: what this verifier has verified, in the form that anyone verifies again. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import { encodeBase64 } from '../core/bytes/base64.ts';
import {
  type Dossier,
  type DossierEntry,
  type DossierLog,
  formatDossier,
} from '../core/dossier/dossier.ts';
import type { DossierTally } from '../core/dossier/verify-tally.ts';
import { type Finding, parseFinding } from '../core/finding/finding.ts';
import { parseCheckpoint } from '../core/note/checkpoint.ts';
import { formatReceipt } from '../core/receipt/receipt.ts';
import type { Report } from '../core/report/report.ts';
import { parseEnvelope } from '../core/statement/envelope.ts';
import { encodeTallyProof } from '../core/tally/proof-bytes.ts';
import { questionsAbout, type UsageRange } from '../core/tally/questions.ts';
import type { WitnessedCheckpoint } from '../core/trust/quorum.ts';
import type { TrustRoot } from '../core/trust/trust-root.ts';
import { AttestryError } from '../errors.ts';
import { withEarlierSightings } from './earlier-sightings.ts';
import type { Findings } from './findings.ts';
import type { FirstSightings } from './first-sightings.ts';
import type { Follower } from './follower.ts';
import type { VerifiedTally } from './rebuilt-tallies.ts';
import { type Clock, problemOf, reasonToLeaveOut } from './standing.ts';
import type { TallyFollower } from './tally-follower.ts';
import type { VerifierStore } from './verifier-store.ts';

/** Gives the report on a file, by the rules of the moment. */
export type Judge = (bytes: Uint8Array) => Report | Promise<Report>;

export interface DossiersOptions {
  readonly followers: ReadonlyMap<string, Follower>;
  readonly tallies: ReadonlyMap<string, TallyFollower>;
  readonly findings: Findings;
  readonly records: VerifierStore;
  readonly judge: Judge;
  /** By origin. */
  readonly sightings: ReadonlyMap<string, FirstSightings>;
  readonly trust: TrustRoot;
  readonly clock: () => Clock;
}

/** A dossier holds at most so many statements and bytes of entries; logs beyond are named as missing. */
const MOST_ENTRIES = 10_000;
const MOST_ENTRY_BYTES = 32 * 1024 * 1024;
/** Of each log; a dossier needs one to show that a log cannot be relied on. */
const MOST_FINDINGS_OF_A_LOG = 8;
const MOST_FINDING_BYTES = 4 * 1024 * 1024;
const ENTRIES_PER_TURN = 128;
/** Dossiers kept for those who ask again before anything has changed, in bytes. */
const KEPT_BYTES = 64 * 1024 * 1024;
const MOST_WAITING = 64;
const RETRY_SECONDS = 5;

interface KeptDossier {
  readonly stamp: string;
  readonly bytes: Uint8Array;
  report?: Report;
}

interface Budget {
  entries: number;
  bytes: number;
}

export class Dossiers {
  readonly #options: DossiersOptions;
  readonly #kept = new LRUCache<string, KeptDossier>({
    maxSize: KEPT_BYTES,
    sizeCalculation: ({ bytes }) => 2 * bytes.length,
  });
  // Each takes memory and long turns of the event loop.
  readonly #oneByOne = pLimit(1);

  constructor(options: DossiersOptions) {
    this.#options = options;
  }

  /** The dossier's canonical bytes; with a range, usage is summed over it instead of listed. @throws QUEUE_FULL */
  async bytesOf(model: string, range?: UsageRange): Promise<Uint8Array> {
    return (await this.#take(() => this.#dossier({ model, range }))).bytes;
  }

  /** What `judge` says of the dossier. @throws QUEUE_FULL */
  async reportOn(model: string, range?: UsageRange): Promise<Report> {
    return await this.#take(async () => {
      const kept = await this.#dossier({ model, range });
      kept.report ??= await this.#options.judge(kept.bytes);
      return kept.report;
    });
  }

  /** What `judge` says of any receipt, dossier or finding. @throws QUEUE_FULL */
  async judge(bytes: Uint8Array): Promise<Report> {
    return await this.#take(async () => this.#options.judge(bytes));
  }

  /**
   * The canonical bytes of an entry's receipt, under the first checkpoint of the mirror that covers it.
   * @throws CHECKPOINT_ORIGIN_UNKNOWN, ENTRY_UNKNOWN, ENTRY_INADMISSIBLE, STORE_CORRUPT
   */
  async receiptOf(origin: string, index: number): Promise<Uint8Array> {
    const { followers, records } = this.#options;
    const follower = followers.get(origin);
    if (follower === undefined) {
      throw new AttestryError(
        'CHECKPOINT_ORIGIN_UNKNOWN',
        'Expected the origin of a log that the trust root names.',
      );
    }
    const { mirror } = follower;
    const covering = await mirror.store.checkpointCovering('witnessed', index);
    if (covering === undefined) {
      throw new AttestryError(
        'ENTRY_UNKNOWN',
        `No entry ${index} of ${origin} has been mirrored under a witnessed checkpoint.`,
      );
    }
    const refused = records.refusedAt(origin, index);
    if (refused !== undefined) {
      throw new AttestryError(
        'ENTRY_INADMISSIBLE',
        `${origin} holds entry ${index}, but admission refuses it (${refused.code}): there is no receipt for it.`,
        { details: { index, code: refused.code } },
      );
    }
    const { checkpoint } = parseCheckpoint(covering.note);
    const { entry, proof } = mirror.prove(index, checkpoint);
    const envelope = parseEnvelope(entry);
    return formatReceipt({ envelope, proof: { index, proof, checkpoint: covering.note } });
  }

  async #take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#oneByOne.pendingCount >= MOST_WAITING) {
      throw new AttestryError('QUEUE_FULL', 'Too many wait to be answered; try again later.', {
        details: { retryAfterSeconds: RETRY_SECONDS },
      });
    }
    return await this.#oneByOne(async () => {
      // Whatever else waits comes before the next long turn.
      await nextTurn();
      return await work();
    });
  }

  async #dossier(asked: Asked): Promise<KeptDossier> {
    const key = JSON.stringify(asked);
    const stamp = this.#stampOf(asked.model);
    const kept = this.#kept.get(key);
    if (kept?.stamp === stamp) return kept;
    const made = { stamp, bytes: formatDossier(await this.#build(asked)) };
    this.#kept.set(key, made);
    return made;
  }

  /** Everything that a dossier depends on, in one text. */
  #stampOf(model: string): string {
    const { followers, findings } = this.#options;
    const logs = [...followers.values()].map((follower) => {
      const facts = this.#factsOf(follower);
      const { current } = facts;
      const missing = reasonToLeaveOut(facts, this.#options.clock());
      const doubt = follower.refusals.doubtAbout(model);
      const tally = this.#tallyOf(follower, current);
      const untallied = this.#options.tallies.get(follower.log.origin)?.problem;
      const shown = [current?.note, tally?.note ?? untallied?.message];
      return [missing ?? null, doubt?.index ?? null, ...shown.map((part) => part ?? null)];
    });
    return JSON.stringify([logs, findings.about(model).map(({ id }) => id)]);
  }

  async #build(asked: Asked): Promise<Dossier> {
    const { model, range } = asked;
    const budget: Budget = { entries: MOST_ENTRIES, bytes: MOST_ENTRY_BYTES };
    const logs: DossierLog[] = [];
    for (const follower of this.#options.followers.values()) {
      logs.push(await this.#logOf(follower, asked, budget));
    }
    return {
      model,
      ...(range === undefined ? {} : { range }),
      logs,
      findings: this.#findingsAbout(model),
    };
  }

  async #logOf(follower: Follower, asked: Asked, budget: Budget): Promise<DossierLog> {
    const { origin } = follower.log;
    const { model } = asked;
    const facts = this.#factsOf(follower);
    const { current } = facts;
    const missing = reasonToLeaveOut(facts, this.#options.clock());
    if (missing !== undefined || current === undefined) return missingLog(origin, missing);
    const doubt = follower.refusals.doubtAbout(model);
    if (doubt !== undefined) {
      const message = `${origin} logged entry ${doubt.index} about this model, which admission refuses: ${doubt.message}`;
      return { origin, missing: { code: 'ENTRY_INADMISSIBLE', message } };
    }
    try {
      const tally = this.#tallyOf(follower, current);
      const shown = tally === undefined ? current : checkpointFor(tally, current);
      // Asked for at once: a view that has been left behind is closed, but for proofs under way.
      const proven = tally === undefined ? undefined : await tallyAbout(asked, tally);
      const listed = await entriesAbout(asked, { follower, current: shown, budget });
      const entries = await this.#seenInTime(listed, follower, shown);
      const log = { origin, checkpoint: shown.note, ...entries };
      if (proven !== undefined) return { ...log, tally: proven };
      const untallied = this.#options.tallies.get(origin)?.problem;
      return untallied === undefined ? log : { ...log, untallied };
    } catch (error) {
      if (!(error instanceof AttestryError)) throw error;
      return missingLog(origin, problemOf(error));
    }
  }

  async #seenInTime(
    entries: readonly DossierEntry[],
    { log, mirror }: Follower,
    newest: WitnessedCheckpoint,
  ): ReturnType<typeof withEarlierSightings> {
    const { trust, sightings } = this.#options;
    const first = sightings.get(log.origin) as FirstSightings;
    return await withEarlierSightings(entries, { mirror, newest, trust, first });
  }

  /**
   * The log's tally: the newest with the quorum of verifiers, else the newest. One that has fallen behind for too long is left out: its checkpoint would hide what the log holds
   * since, while a dossier without a tally shows it and says that nothing proves its list complete.
   */
  #tallyOf({ log }: Follower, current: WitnessedCheckpoint | undefined): VerifiedTally | undefined {
    if (current === undefined) return undefined;
    const { now, staleAfterSeconds } = this.#options.clock();
    return this.#options.tallies.get(log.origin)?.rebuilt.find(({ checkpoint: of }) => {
      const isBehind = of.checkpoint.size < current.checkpoint.size;
      return !isBehind || now - of.witnessedAt <= staleAfterSeconds;
    });
  }

  #findingsAbout(model: string): readonly Finding[] {
    const { findings, followers } = this.#options;
    return [...followers.keys()].flatMap((origin) => {
      const own = findings.about(model).filter((filed) => filed.origin === origin);
      const chosen: Finding[] = [];
      let bytes = 0;
      for (const { id } of own.slice(0, MOST_FINDINGS_OF_A_LOG)) {
        const finding = findings.read(id);
        bytes += finding.length;
        if (chosen.length > 0 && bytes > MOST_FINDING_BYTES) break;
        chosen.push(parseFinding(finding));
      }
      return chosen;
    });
  }

  #factsOf(follower: Follower): ReturnType<Follower['facts']> {
    const { now, staleAfterSeconds } = this.#options.clock();
    return follower.facts(now - staleAfterSeconds);
  }
}

/** What somebody asks for. */
interface Asked {
  readonly model: string;
  readonly range: UsageRange | undefined;
}

/** The tally's checkpoint; where the log has not grown since, the newest one of the same tree. */
function checkpointFor(tally: VerifiedTally, current: WitnessedCheckpoint): WitnessedCheckpoint {
  const { size } = tally.checkpoint.checkpoint;
  return size === current.checkpoint.size ? current : tally.checkpoint;
}

async function tallyAbout(
  { model, range }: Asked,
  { note, view }: VerifiedTally,
): Promise<DossierTally> {
  const proof = await view.prove(questionsAbout(model, range ?? null));
  return { note, proof: encodeBase64(encodeTallyProof(proof)) };
}

interface Part {
  readonly follower: Follower;
  readonly current: WitnessedCheckpoint;
  readonly budget: Budget;
}

async function entriesAbout(
  { model, range }: Asked,
  { follower, current, budget }: Part,
): Promise<readonly DossierEntry[]> {
  const { mirror, log } = follower;
  const { checkpoint } = current;
  const covered: number[] = [];
  for await (const page of mirror.mentions(model)) {
    const listed = page.filter(
      // While a growth is being taken in, the mirror is ahead of the checkpoint.
      ({ index, kind }) => index < checkpoint.size && isListed(kind, range),
    );
    covered.push(...listed.map(({ index }) => index));
    if (covered.length > budget.entries) throw tooMany(log.origin);
  }
  budget.entries -= covered.length;
  const entries: DossierEntry[] = [];
  for (const index of covered) {
    if (entries.length % ENTRIES_PER_TURN === ENTRIES_PER_TURN - 1) await nextTurn();
    const { entry, proof } = mirror.prove(index, checkpoint);
    budget.bytes -= entry.length;
    if (budget.bytes < 0) throw tooMany(log.origin);
    entries.push({ index, envelope: parseEnvelope(entry), proof });
  }
  return entries;
}

/** Sums stand for usage where there is a range, and counts for all but withdrawals where it asks for them. */
function isListed(kind: string, range: UsageRange | undefined): boolean {
  if (range === undefined || kind === 'revocation') return true;
  return kind !== 'usage' && range.others === undefined;
}

function missingLog(
  origin: string,
  { code, message }: Pick<AttestryError, 'code' | 'message'> = {
    code: 'PEER_UNAVAILABLE',
    message: 'It has not been reached yet.',
  },
): DossierLog {
  return { origin, missing: { code, message } };
}

function tooMany(origin: string): AttestryError {
  return new AttestryError(
    'INPUT_TOO_LARGE',
    `${origin} holds more statements about this model than fit into one dossier with those of the other logs; ask for receipts.`,
  );
}
