/** One run: people work while faults happen, then everything heals, and what must hold then is checked. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { plan } from './faults.ts';
import type { Behaviour } from './lies/behaviour.ts';
import { DEPLOYED, STREAMS, TRUST } from './material.ts';
import type { VerifierMachine } from './verifier-machine.ts';
import { installTimers } from './virtual-timers.ts';
import { RIGHT, type Wiring } from './wiring.ts';
import { World } from './world.ts';

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly string[];
  /** With what code each lie of the run was caught. */
  readonly caught: readonly string[];
  readonly events: number;
  readonly traceHash: string;
  readonly trace: readonly string[];
}

export interface RunOptions {
  readonly wiring?: Wiring;
  readonly behaviour?: Behaviour;
}

const WORK_MS = 8_000;
/** After the network has healed, for processes to start and cosignatures to be gathered. */
const SETTLE_MS = 4_500;
const LONGEST_ROUNDS_MS = 30_000;
const LONGEST_QUESTIONS_MS = 10_000;

export async function simulate(
  seed: number,
  { wiring = RIGHT, behaviour }: RunOptions = {},
): Promise<Outcome> {
  const world = new World(seed, wiring);
  const restore = installTimers(world.scheduler);
  const run = new Run(world, behaviour);
  try {
    await run.all();
  } finally {
    restore();
  }
  // A run has none by itself, and what the process does in its turns has waited.
  await nextTurn();
  const { violations, trace } = world;
  const { lines, hash } = trace;
  return {
    seed,
    violations,
    caught: run.caught,
    events: run.events,
    traceHash: hash,
    trace: lines,
  };
}

class Run {
  events = 0;
  readonly caught: string[] = [];
  readonly #world: World;
  readonly #behaviour: Behaviour | undefined;
  #findings = 0;

  constructor(world: World, behaviour: Behaviour | undefined) {
    this.#world = world;
    this.#behaviour = behaviour;
  }

  async all(): Promise<void> {
    const world = this.#world;
    this.#behaviour?.prepare(world);
    for (const machine of world.machines) machine.start();
    this.#work();
    plan(world, WORK_MS);
    await this.#until(WORK_MS);
    this.#heal();
    await this.#until(WORK_MS + SETTLE_MS + (this.#behaviour?.takesMs ?? 0));
    await this.#gossip();
    await this.#conclude();
  }

  /** Operators submit, verifiers look around, auditors ask. */
  #work(): void {
    const { scheduler, operator, auditor, verifiers, chance, people } = this.#world;
    const { people: random } = chance;
    const windows = 1 + random.below(2);
    const deployments = 1 + random.below(3);
    const pause = (): number => random.below(2_000);
    scheduler.as(people, () => {
      for (const stream of STREAMS) void operator.submitAll(stream.slice(0, windows), pause);
      void operator.submitAll(DEPLOYED.slice(0, deployments), pause);
      const asked = verifiers[random.below(verifiers.length)] as VerifierMachine;
      scheduler.after(random.below(WORK_MS), () => void auditor.ask(asked.host), people);
    });
  }

  async #audit(): Promise<void> {
    const { auditor, verifiers } = this.#world;
    for (const { host } of verifiers) await auditor.ask(host);
  }

  #heal(): void {
    const world = this.#world;
    world.trace.add('world', 'heals');
    world.network.heal();
    for (const machine of world.machines) {
      machine.disk.trouble = 'none';
      machine.disk.onWrite = () => {};
      machine.isSupervised = true;
      // Whoever cannot use its own disk any more is started again by its operator.
      if (machine.needsRestart) machine.end('kill');
      else machine.start();
    }
  }

  /** Two rounds: every verifier that runs has begun and ended two looks around. Ends early where there is nothing to wait for. */
  async #gossip(isEnough: () => boolean = () => false): Promise<void> {
    const { scheduler, verifiers } = this.#world;
    const due = verifiers.map((verifier) => ({ verifier, last: verifier.begun + 2 }));
    const isDone = (): boolean =>
      due.every(({ verifier, last }) => !verifier.running || verifier.ended >= last) || isEnough();
    await this.#until(scheduler.now + LONGEST_ROUNDS_MS, isDone);
  }

  async #conclude(): Promise<void> {
    const { operator } = this.#world;
    await this.#answered(
      () => operator.collect(),
      () => this.#audit(),
    );
    if (this.#world.violations.length > 0) return;
    await this.#demandCaught();
    if (this.#behaviour !== undefined) return;
    // A log offers its next tally when the one before has its cosignatures.
    await this.#gossip(() => this.#undone().length === 0);
    // Where it took long until a log was there again, something was accepted only now.
    await this.#answered(() => operator.collect());
    for (const complaint of this.#undone()) this.#world.violate(complaint);
  }

  async #demandCaught(): Promise<void> {
    const world = this.#world;
    const behaviour = this.#behaviour;
    if (behaviour === undefined) return;
    await this.#answered(async () => {
      const code = await behaviour.caught(world);
      if (code !== undefined) this.caught.push(code);
    });
    if (this.caught.length === 0) world.violate(`${behaviour.name} was not caught`);
  }

  /** Lets people ask their questions, and waits for the answers. */
  async #answered(...questions: readonly (() => Promise<void>)[]): Promise<void> {
    const { scheduler, people } = this.#world;
    let open = questions.length;
    const ask = (): void => {
      for (const question of questions) void question().then(() => open--);
    };
    scheduler.after(1, ask, people);
    await this.#until(scheduler.now + LONGEST_QUESTIONS_MS, () => open === 0);
  }

  /** Where everyone is honest, everything works again that is not damaged: what is still missing for that. */
  #undone(): string[] {
    const world = this.#world;
    const { log, operator, witnesses, machines } = world;
    const down = machines
      .filter(({ host, running }) => running === undefined && !world.damaged.has(host))
      .map(({ host, refusedWith }) => `${host} is down: ${refusedWith}`);
    const able = witnesses.filter(({ running }) => running !== undefined).length;
    const canGrow = log.running !== undefined && !world.damaged.has(log.host);
    if (!canGrow || able < TRUST.witnessQuorum) return down;
    const accepted = [...operator.accepted.values()];
    const missing = accepted.filter(({ isWitnessed }) => !isWitnessed).length;
    return [
      ...down,
      ...(operator.pending > 0 ? [`${operator.pending} statements were never accepted`] : []),
      ...(missing > 0 ? [`${missing} entries were never witnessed`] : []),
      ...this.#unfollowed(),
    ];
  }

  #unfollowed(): string[] {
    const { truth, verifiers, damaged } = this.#world;
    const size = truth.signedSize;
    // The log offers one tally until both have cosigned it.
    const isTallied = verifiers.every(({ running }) => running !== undefined);
    return verifiers.flatMap(({ running, host }) => {
      const [status] = running?.verifier.logs() ?? [];
      if (status === undefined || damaged.has(host)) return [];
      const { state, problem = status.tallyProblem, mirroredSize, talliedSize } = status;
      const tallied = isTallied ? talliedSize : size;
      const stands = `${state} ${problem?.code ?? ''} ${mirroredSize} ${tallied}`;
      if (stands === `followed  ${size} ${size}`) return [];
      return [`${host} stands at ${stands}, the log at ${size}`];
    });
  }

  async #until(time: number, isDone: () => boolean = () => false): Promise<void> {
    await this.#world.scheduler.run(time, () => this.#check() && !isDone());
  }

  /** After every event. */
  #check(): boolean {
    this.events++;
    const world = this.#world;
    const filed = world.verifiers.flatMap(({ running }) => running?.verifier.findings.list() ?? []);
    if (filed.length > this.#findings) {
      for (const { accused, code } of filed) {
        const honest = accused.filter((name) => !world.liars.has(name));
        if (honest.length > 0) world.violate(`${honest.join()} is honest, and accused: ${code}`);
      }
    }
    this.#findings = filed.length;
    return world.violations.length === 0;
  }
}
