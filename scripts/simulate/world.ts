/** One simulated network: machines, people, the ground truth, and the chances that one seed gives. */

import { decodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { parseAddCheckpoint } from '../../src/core/note/add-checkpoint.ts';
import { NOW } from '../../test/helpers/statements.ts';
import { SeededRandom } from '../kill-cycles/random.ts';
import { Auditor } from './auditor.ts';
import { LogMachine } from './log-machine.ts';
import { DEPLOYED, ORIGIN, STREAMS, VERIFIER_SIGNERS, WITNESS_SIGNERS } from './material.ts';
import { Operator } from './operator.ts';
import { type Life, Scheduler } from './scheduler.ts';
import { Trace } from './trace.ts';
import { Truth } from './truth.ts';
import { VerifierMachine } from './verifier-machine.ts';
import { type Answer, type Exchange, VirtualNetwork } from './virtual-network.ts';
import type { Wiring } from './wiring.ts';
import { WitnessMachine } from './witness-machine.ts';

/** A stream of chance for each thing, so that more draws for one change nothing for the others. */
export interface Chance {
  readonly disk: SeededRandom;
  readonly network: SeededRandom;
  readonly people: SeededRandom;
  readonly faults: SeededRandom;
}

export class World {
  readonly scheduler = new Scheduler();
  readonly trace: Trace;
  readonly chance: Chance;
  readonly network: VirtualNetwork;
  readonly wiring: Wiring;
  readonly truth: Truth;
  readonly log: LogMachine;
  readonly witnesses: readonly WitnessMachine[];
  readonly verifiers: readonly VerifierMachine[];
  readonly operator: Operator;
  readonly auditor: Auditor;
  /** Hosts of the parties that lie in this run. */
  readonly liars = new Set<string>();
  /** Hosts whose disk has lost or changed something that was synced. */
  readonly damaged = new Set<string>();
  /** Hosts whose disk has changed or lost what it had kept: what was acknowledged may be gone, and shows. */
  readonly changed = new Set<string>();
  /** Hex entry hashes of what operators have really signed. */
  readonly genuine: Set<string>;
  /** Operators, auditors, supervisors: they live as long as the run. */
  readonly people: Life = { name: 'people', isAlive: true };
  readonly violations: string[] = [];

  constructor(seed: number, wiring: Wiring) {
    const random = (stream: number): SeededRandom => new SeededRandom(seed * 8 + stream);
    this.chance = { disk: random(0), network: random(1), people: random(2), faults: random(3) };
    this.trace = new Trace(() => this.scheduler.now);
    this.network = new VirtualNetwork(this.scheduler, this.chance.network);
    this.network.tap = (to, exchange, answer) => this.#overhear(to, exchange, answer);
    this.wiring = wiring;
    this.truth = new Truth(this);
    this.genuine = new Set([...DEPLOYED, ...STREAMS.flat()].map(({ entryHash }) => entryHash));
    this.log = new LogMachine(this, ORIGIN);
    this.witnesses = WITNESS_SIGNERS.map((signer) => new WitnessMachine(this, signer));
    this.verifiers = VERIFIER_SIGNERS.map((signer) => new VerifierMachine(this, signer));
    this.operator = new Operator(this, this.people);
    this.auditor = new Auditor(this, this.people);
  }

  get machines(): readonly (LogMachine | WitnessMachine | VerifierMachine)[] {
    return [this.log, ...this.witnesses, ...this.verifiers];
  }

  /** Unix seconds. */
  unixNow(): number {
    return NOW + Math.floor(this.scheduler.now / 1000);
  }

  /** An invariant does not hold. */
  violate(what: string): void {
    this.trace.add('VIOLATION', what);
    this.violations.push(what);
  }

  /** What anyone on the network could see. */
  #overhear(to: string, exchange: Exchange, answer: Answer | undefined): void {
    const { path, method, body } = exchange;
    const status = answer === undefined ? '' : ` ${answer.status}`;
    if (answer !== undefined)
      this.trace.add(to, `${exchange.from} ${method} ${shorten(path)}${status}`);
    if (path === 'add-checkpoint') {
      const { checkpoint } = parseAddCheckpoint(decodeUtf8(body));
      if (exchange.from === this.log.host) this.truth.sawCheckpoint(checkpoint);
      if (answer?.status === 200) this.truth.cosigned(to, checkpoint);
    } else if (to === this.log.host && answer?.status === 200) this.#overhearLog(exchange, answer);
  }

  #overhearLog({ path, from, body }: Exchange, answer: Answer): void {
    if (path === 'checkpoint') {
      this.truth.sawCheckpoint(decodeUtf8(answer.body));
      this.truth.published(decodeUtf8(answer.body));
    } else if (path.startsWith('v1/tally?')) {
      this.truth.sawTally(JSON.parse(decodeUtf8(answer.body)).tally);
    } else if (path === 'tally/cosignatures') {
      const verifier = VERIFIER_SIGNERS.find(({ vkey }) => vkey.name === from);
      if (verifier !== undefined) this.truth.cosignedTally(verifier.vkey, decodeUtf8(body));
    }
  }
}

function shorten(path: string): string {
  return path.length < 60 ? path : path.replace(/[0-9a-f]{60,}/g, (hash) => hash.slice(0, 8));
}
