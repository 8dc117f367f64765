/** A verifier under test whose logs have tallies: what each log says of its own is what a test wants. */
import { join } from 'node:path';
import type { NoteSigner } from '../../src/core/note/vkey.ts';
import type { TallyLeaf } from '../../src/core/tally/node.ts';
import { encodeTallyProof } from '../../src/core/tally/proof-bytes.ts';
import { questionsAbout } from '../../src/core/tally/questions.ts';
import { openLevelTallyStore } from '../../src/tally/level-tally-store.ts';
import type { TallyPair } from '../../src/tally/tally-store.ts';
import type { ServedNote, ServedTallyProof, TallySource } from '../../src/verifier/tally-source.ts';
import type { TallyOptions, Verifier } from '../../src/verifier/verifier.ts';
import type { TestLog } from './fixtures.ts';
import { MemoryTally } from './memory-tally.ts';
import {
  leavesOfLog,
  makeTalliedNetwork,
  type TallyNoteOptions,
  tallyNote,
  VERIFIERS,
} from './tallied-network.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { type ServedLog, VerifierBed } from './verifier-bed.ts';

/** A log's tally, right or not, as a verifier is shown it. */
export class ServedTally implements TallySource {
  readonly log: TestLog;
  /** What it offers for cosigning. */
  pair: TallyPair | undefined;
  /** What it says that enough verifiers have cosigned. */
  cosigned: TallyPair | undefined;
  /** Lines that were handed in. */
  readonly offered: string[] = [];
  /** Models that a proof was asked for. */
  readonly asked: string[] = [];
  /** Changes what is answered; throws to fail. */
  damage: <T>(answer: T) => T = (answer) => answer;
  #tally = new MemoryTally();

  constructor(log: TestLog) {
    this.log = log;
  }

  /** Publishes the tally of all entries, or of these leaves. */
  publish(options: TallyNoteOptions & { readonly leaves?: readonly TallyLeaf[] } = {}): void {
    const { leaves = leavesOfLog(this.log) } = options;
    this.#tally = new MemoryTally(leaves);
    this.pair = {
      checkpoint: this.log.cosigned(),
      tally: tallyNote(this.log, this.#tally, { verifiers: [], ...options }),
    };
  }

  async readPair(which: ServedNote): Promise<TallyPair | undefined> {
    return this.damage(which === 'offered' ? this.pair : this.cosigned);
  }

  async readProof(model: string): Promise<ServedTallyProof | undefined> {
    this.asked.push(model);
    const proof = encodeTallyProof(this.#tally.prove(questionsAbout(model, null)));
    return this.damage(this.pair && { ...this.pair, proof });
  }

  async offerCosignature(line: string): Promise<void> {
    this.offered.push(this.damage(line));
  }
}

/** Two logs, eu and us, each with a training, a usage window and a tally; their verifier cosigns as the first of two. */
export class TallyBed extends VerifierBed {
  readonly tallies: readonly ServedTally[] = this.network.logs.map((log) => new ServedTally(log));
  signer: NoteSigner | undefined = VERIFIERS[0];

  static override async make(): Promise<TallyBed> {
    const network = makeTalliedNetwork({ regions: ['eu', 'us'], verifierQuorum: 1 });
    const bed = new TallyBed(network, await temporaryFolder());
    for (const { log } of bed.served) {
      log.state('training');
      log.state('usage');
    }
    bed.publishAll();
    return bed;
  }

  get euTally(): ServedTally {
    return this.tallies[0] as ServedTally;
  }

  /** Everything that the logs hold, with tallies that are right. */
  publishAll(): void {
    for (const served of this.served) served.publish();
    for (const tally of this.tallies) tally.publish();
  }

  get tallyOptions(): TallyOptions {
    return {
      source: ({ origin }) => this.tallies.find(({ log }) => log.origin === origin) as ServedTally,
      openStore: ({ origin }) => openLevelTallyStore(join(this.folder, 'tallies', origin)),
      signer: this.signer,
    };
  }

  /** A verifier of the tallies too, that has had one round. */
  async follow(): Promise<Verifier> {
    return await this.openAndLook({ tallies: this.tallyOptions });
  }
}

/** How far the log's tally is rebuilt and equal, and the code of its problem. */
export function tallyStandingOf(verifier: Verifier, { log }: ServedLog): string {
  const status = verifier.logs().find((candidate) => candidate.log.origin === log.origin);
  const { talliedSize, tallyProblem } = status ?? {};
  return tallyProblem === undefined ? `${talliedSize}` : `${talliedSize} ${tallyProblem.code}`;
}
