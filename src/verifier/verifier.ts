/**
 * The verifier: follows every log of its trust root, listens to every witness and every other verifier, and answers. Each
 * has a loop of its own, so one that is slow or hostile delays no other.
 */

import { setMaxListeners } from 'node:events';
import { encodeHex } from '../core/bytes/hex.ts';
import type { Json } from '../core/bytes/json.ts';
import { formatTime } from '../core/bytes/time.ts';
import type { SignatureEngine } from '../core/note/ed25519.ts';
import type { NoteSigner } from '../core/note/vkey.ts';
import { judge as judgeHere } from '../core/report/judge.ts';
import type { VerificationRules, WitnessedCheckpoint } from '../core/trust/quorum.ts';
import type { TrustedLog, TrustedWitness, TrustRoot } from '../core/trust/trust-root.ts';
import type { VerifyMany } from '../keys/openssl-engine.ts';
import type { LogCommit, LogStore } from '../store/log-store.ts';
import type { TallyStore } from '../tally/tally-store.ts';
import { Catalogue } from './catalogue.ts';
import { Dossiers, type Judge } from './dossiers.ts';
import { EventLog } from './event-log.ts';
import { type Findings, openFindings } from './findings.ts';
import { FirstSightings, type ReceiptSource } from './first-sightings.ts';
import { type Follower, openFollower } from './follower.ts';
import type { LogSource, WitnessSource } from './log-source.ts';
import { PeerListener, type PeerStatus } from './peer-listener.ts';
import type { PeerSource } from './peer-source.ts';
import { repeat } from './poll-loop.ts';
import { type JudgeEntries, judgeEntries as judgeOnThisThread } from './readmission.ts';
import { type HeldReceipt, holdToReceipt } from './receipt-promise.ts';
import { type Clock, type LogFacts, type LogState, type Problem, standingOf } from './standing.ts';
import { TallyFollower, type TallyFollowerOptions } from './tally-follower.ts';
import type { TallySource } from './tally-source.ts';
import type { VerifierStore } from './verifier-store.ts';
import { WitnessListener, type WitnessStatus } from './witness-listener.ts';

export interface VerifierOptions {
  readonly trust: TrustRoot;
  readonly records: VerifierStore;
  readonly openMirror: (log: TrustedLog) => Promise<LogStore>;
  readonly logSource: (log: TrustedLog) => LogSource;
  readonly witnessSource: (witness: TrustedWitness) => WitnessSource;
  /** The receipts of a log; without it, none is asked for. */
  readonly receiptSource?: (log: TrustedLog) => ReceiptSource;
  /** Other verifiers; without it, none is asked. */
  readonly peers?: PeerOptions;
  /** Without it, tallies are not looked at, and no dossier proves its list complete. */
  readonly tallies?: TallyOptions;
  /** Unix seconds. */
  readonly now: () => number;
  /** Checks signatures of checkpoints, and whatever is judged. */
  readonly engine: SignatureEngine;
  /** Judges the entries of logs under `trust`; on the calling thread unless told, but for signatures. */
  readonly judgeEntries?: JudgeEntries;
  /** Checks operators' signatures where `judgeEntries` is not given; libuv's pool unless told. */
  readonly verifyMany?: VerifyMany;
  /** Judges files; on the calling thread unless told. */
  readonly judge?: Judge;
  readonly pollIntervalMs: number;
  /** How old what is known of a log may be before it no longer counts as known. */
  readonly staleAfterSeconds: number;
  /** Told of defects and of failures of this machine. */
  readonly onDefect: (error: unknown) => void;
}

export interface TallyOptions {
  readonly source: (log: TrustedLog) => TallySource;
  readonly openStore: (log: TrustedLog) => Promise<TallyStore>;
  /** Cosigns tallies that are right; a verifier without a key only compares. */
  readonly signer: NoteSigner | undefined;
}

export interface PeerOptions {
  readonly source: (verifier: TrustedWitness) => PeerSource;
  /** This verifier's own name in the trust root, if it stands there: it is not asked. */
  readonly self?: string;
}

export interface LogStatus {
  readonly log: TrustedLog;
  readonly state: LogState;
  readonly problem: Problem | undefined;
  readonly facts: LogFacts;
  /** Entries in the mirror; more than its checkpoint covers while a growth is being taken in. */
  readonly mirroredSize: number;
  /** Entries verified since the start. */
  readonly verifiedEntries: number;
  /** Entries that admission refuses. */
  readonly refusedEntries: number;
  /** Entries under the newest tally of the log that was rebuilt and found equal. */
  readonly talliedSize: number;
  readonly tallyProblem: Problem | undefined;
}

/** A verifier that is not running yet; the records stay the caller's to close. @throws STORE_*, CONFIG_INVALID */
export async function openVerifier(options: VerifierOptions): Promise<Verifier> {
  const { trust, records, now, engine, verifyMany } = options;
  const judgeEntries: JudgeEntries =
    options.judgeEntries ??
    ((entries, place) => judgeOnThisThread(entries, { trust, verifyMany, ...place }));
  const events = new EventLog();
  const rules = (): VerificationRules => ({ trust, now: now(), engine });
  const findings = await openFindings({
    store: records,
    rules,
    onFiled: ({ models, wrong, ...told }) => events.publish('finding', { ...told }),
  });
  const followers = new Map<string, Follower>();
  const tallies = new Map<string, TallyFollower>();
  const catalogue = new Catalogue(followers);
  try {
    for (const log of trust.logs.values()) {
      const onCommitted = (commit: LogCommit): void => catalogue.count(log.origin, commit);
      const onCheckpoint = (checkpoint: WitnessedCheckpoint): void =>
        events.publish('checkpoint', checkpointEvent(checkpoint));
      const source = options.logSource(log);
      const store = await options.openMirror(log);
      const parts = { log, source, store, records, findings, rules, onCheckpoint, onCommitted };
      const { onDefect } = options;
      const follower = await openFollower({ ...parts, onDefect, judgeEntries });
      followers.set(log.origin, follower);
      if (options.tallies === undefined) continue;
      const tally = { findings, rules, onDefect: options.onDefect, ...options.tallies };
      tallies.set(log.origin, await openTallyFollower(follower, tally));
    }
  } catch (error) {
    for (const tally of tallies.values()) await tally.close();
    for (const follower of followers.values()) await follower.close();
    throw error;
  }
  return new Verifier(options, { events, findings, followers, tallies, catalogue, rules });
}

async function openTallyFollower(
  { log, mirror, refusals }: Follower,
  options: TallyOptions & Pick<TallyFollowerOptions, 'findings' | 'rules' | 'onDefect'>,
): Promise<TallyFollower> {
  const { openStore, ...parts } = options;
  const store = await openStore(log);
  try {
    const follower = new TallyFollower({
      ...parts,
      log,
      mirror,
      store,
      source: parts.source(log),
      refusedEntries: () => refusals.count,
    });
    await follower.resume();
    return follower;
  } catch (error) {
    await store.close();
    throw error;
  }
}

interface VerifierParts {
  readonly events: EventLog;
  readonly findings: Findings;
  readonly followers: ReadonlyMap<string, Follower>;
  readonly tallies: ReadonlyMap<string, TallyFollower>;
  readonly catalogue: Catalogue;
  readonly rules: () => VerificationRules;
}

/** Made by `openVerifier`. */
export class Verifier {
  readonly trust: TrustRoot;
  readonly findings: Findings;
  readonly catalogue: Catalogue;
  readonly dossiers: Dossiers;
  readonly events: EventLog;
  readonly #options: VerifierOptions;
  readonly #followers: ReadonlyMap<string, Follower>;
  readonly #tallies: ReadonlyMap<string, TallyFollower>;
  readonly #listeners: readonly WitnessListener[];
  readonly #peers: readonly PeerListener[];
  /** What was last published of each log's standing. */
  readonly #announced = new Map<string, string>();
  /** The newest look at each log's tally. */
  readonly #tallyLooks = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();
  #loops: readonly Promise<void>[] = [];

  constructor(options: VerifierOptions, parts: VerifierParts) {
    const { trust, records, now, onDefect, witnessSource } = options;
    const { followers, tallies, findings, rules } = parts;
    const { judge = (bytes) => judgeHere(bytes, rules()) } = options;
    this.trust = trust;
    this.findings = findings;
    this.catalogue = parts.catalogue;
    this.events = parts.events;
    this.#options = options;
    this.#followers = followers;
    this.#tallies = tallies;
    // Every request under way listens to it: a few for each log and witness.
    setMaxListeners(0, this.#stop.signal);
    const clock = (): Clock => this.#clock();
    const sightings = sightingsOf(options, parts);
    const kept = { followers, tallies, sightings, findings, records };
    this.dossiers = new Dossiers({ ...kept, trust, judge, clock });
    this.#listeners = trust.witnesses.map(
      (witness) => new WitnessListener({ witness, source: witnessSource(witness), now, onDefect }),
    );
    this.#peers = peerListeners(options, findings);
  }

  /** Looks at every log, listens to every witness and to every other verifier, again and again. */
  start(): void {
    const { pollIntervalMs } = this.#options;
    const { signal } = this.#stop;
    const steps = [
      ...Array.from(this.#followers.values(), (follower) => () => this.#look(follower)),
      ...[...this.#listeners, ...this.#peers].map((listener) => () => this.#listen(listener)),
    ];
    this.#loops = steps.map((step) => repeat(step, { intervalMs: pollIntervalMs, signal }));
  }

  /** One round of everything: listens to witnesses and verifiers, then looks at the logs. */
  async round(): Promise<void> {
    const listeners = [...this.#listeners, ...this.#peers];
    await Promise.all(listeners.map((listener) => this.#listen(listener)));
    await Promise.all(Array.from(this.#followers.values(), (follower) => this.#look(follower)));
    await Promise.all(this.#tallyLooks.values());
  }

  /** Unix seconds, by the verifier's clock. */
  now(): number {
    return this.#options.now();
  }

  logs(): readonly LogStatus[] {
    return Array.from(this.#followers.values(), (follower) => this.#statusOf(follower));
  }

  witnesses(): readonly WitnessStatus[] {
    return this.#listeners.map((listener) => listener.status);
  }

  /** The other verifiers. */
  peers(): readonly PeerStatus[] {
    return this.#peers.map((listener) => listener.status);
  }

  /** Notes of the log's checkpoints that are known here; undefined for a log that the trust root does not name. */
  checkpoints(origin: string): readonly string[] | undefined {
    return this.#followers.get(origin)?.shownNotes();
  }

  /** Holds a log to a receipt that it gave. @throws what `holdToReceipt` of receipt-promise.ts throws */
  async holdToReceipt(bytes: Uint8Array): Promise<HeldReceipt> {
    const rules = { trust: this.trust, now: this.now(), engine: this.#options.engine };
    return await holdToReceipt(bytes, {
      followers: this.#followers,
      findings: this.findings,
      rules,
    });
  }

  /** Ends the loops, cutting requests under way short, and closes the mirrors. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#loops);
    await Promise.all(this.#tallyLooks.values());
    for (const tally of this.#tallies.values()) await tally.close();
    for (const follower of this.#followers.values()) await follower.close();
  }

  async #look(follower: Follower): Promise<void> {
    const { origin } = follower.log;
    await follower.poll(this.#stop.signal);
    this.#announce(follower);
    // The next look at a busy log begins meanwhile; its tally is looked at in turn.
    await this.#tallyLooks.get(origin);
    const tallyLook = this.#tallies.get(origin)?.poll(this.#stop.signal);
    if (tallyLook !== undefined) this.#tallyLooks.set(origin, tallyLook);
  }

  async #listen(listener: WitnessListener | PeerListener): Promise<void> {
    const followers = [...this.#followers.values()];
    await listener.poll(followers, this.#stop.signal);
    for (const follower of followers) this.#announce(follower);
  }

  #announce(follower: Follower): void {
    const { state, problem = null } = standingOf(this.#factsOf(follower), this.#clock());
    const { origin } = follower.log;
    const said = `${state} ${problem?.code}`;
    if (this.#announced.get(origin) === said) return;
    this.#announced.set(origin, said);
    this.events.publish('node', { origin, state, problem: problem && { ...problem } });
  }

  #statusOf(follower: Follower): LogStatus {
    const facts = this.#factsOf(follower);
    const tally = this.#tallies.get(follower.log.origin);
    return {
      log: follower.log,
      ...standingOf(facts, this.#clock()),
      facts,
      mirroredSize: follower.mirroredSize,
      verifiedEntries: follower.verifiedEntries,
      refusedEntries: follower.refusals.count,
      talliedSize: tally?.size ?? 0,
      tallyProblem: tally?.problem,
    };
  }

  #factsOf(follower: Follower): LogFacts {
    const { now, staleAfterSeconds } = this.#clock();
    return follower.facts(now - staleAfterSeconds);
  }

  #clock(): Clock {
    const { now, staleAfterSeconds } = this.#options;
    return { now: now(), staleAfterSeconds };
  }
}

function sightingsOf(
  { receiptSource }: VerifierOptions,
  { followers, rules }: VerifierParts,
): ReadonlyMap<string, FirstSightings> {
  return new Map(
    [...followers].map(([origin, follower]) => {
      const source = receiptSource?.(follower.log);
      return [origin, new FirstSightings({ follower, rules, source })];
    }),
  );
}

function peerListeners(
  { trust, peers, now, onDefect }: VerifierOptions,
  findings: Findings,
): readonly PeerListener[] {
  if (peers === undefined) return [];
  const { source, self } = peers;
  return trust.verifiers
    .filter(({ name }) => name !== self)
    .map(
      (verifier) =>
        new PeerListener({ verifier, source: source(verifier), findings, now, onDefect }),
    );
}

function checkpointEvent({ checkpoint, witnessedAt }: WitnessedCheckpoint): Json {
  const { origin, size, root } = checkpoint;
  return { origin, size, root: encodeHex(root), witnessedAt: formatTime(witnessedAt) };
}
