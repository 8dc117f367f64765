/** A verifier node on a virtual machine. It looks around when it is told to. */
import { createLogSource, createWitnessSource } from '../../src/client/log-source.ts';
import { createPeerSource } from '../../src/client/peer-source.ts';
import { createTallySource } from '../../src/client/tally-source.ts';
import type { NoteSigner } from '../../src/core/note/vkey.ts';
import { openLevelLogStore } from '../../src/store/level-log-store.ts';
import { openLevelTallyStore } from '../../src/tally/level-tally-store.ts';
import { openLevelVerifierStore } from '../../src/verifier/level-verifier-store.ts';
import { type LogStatus, openVerifier, type Verifier } from '../../src/verifier/verifier.ts';
import { ENGINE, TRUST, verifyAtOnce } from './material.ts';
import { KEPT_INNERS, Machine, NOT_FOUND, ok, type Running } from './node.ts';
import type { Life } from './scheduler.ts';
import type { Answer, Exchange } from './virtual-network.ts';
import type { World } from './world.ts';

export interface RunningVerifier extends Running {
  readonly verifier: Verifier;
}

const TIMEOUT_MS = 2_000;
export const STALE_AFTER_SECONDS = 35;
const SHORTEST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 4_000;

export class VerifierMachine extends Machine<RunningVerifier> {
  readonly signer: NoteSigner;
  /** Looks around that have begun, and the number of the last one that ended. */
  begun = 0;
  ended = 0;
  front: (exchange: Exchange, honest: (exchange: Exchange) => Promise<Answer>) => Promise<Answer> =
    (exchange, honest) => honest(exchange);

  constructor(world: World, signer: NoteSigner) {
    super(world, signer.vkey.name);
    this.signer = signer;
  }

  override get needsRestart(): boolean {
    return this.running?.verifier.logs().some(isStuck) ?? false;
  }

  protected override onStarted({ verifier }: RunningVerifier, life: Life): void {
    void this.#lookAround(verifier, life);
  }

  async #lookAround(verifier: Verifier, life: Life): Promise<void> {
    const { scheduler, chance } = this.world;
    for (;;) {
      await scheduler.sleep(SHORTEST_PAUSE_MS + chance.people.below(LONGEST_PAUSE_MS), life);
      const number = ++this.begun;
      await verifier.round();
      this.ended = number;
    }
  }

  protected override async open(life: Life): Promise<RunningVerifier> {
    const { world, signer } = this;
    const { wiring } = world;
    const disk = wiring.verifierDisk(this.disk.for(life));
    const fetch = world.network.fetchFor(this.host, life);
    const timeoutMs = TIMEOUT_MS;
    const now = (): number => this.now();
    const records = await openLevelVerifierStore('records', disk);
    const verifier = await openVerifier(
      wiring.verifier({
        trust: TRUST,
        records,
        openMirror: () => openLevelLogStore('mirror', disk),
        logSource: ({ url }) => createLogSource(url, { timeoutMs, fetch }),
        witnessSource: (witness) =>
          createWitnessSource(witness, { timeoutMs, now, engine: ENGINE, fetch }),
        peers: {
          source: ({ url }) => createPeerSource(url, { timeoutMs, fetch }),
          self: signer.vkey.name,
        },
        tallies: {
          source: ({ url }) => createTallySource(url, { timeoutMs, fetch }),
          openStore: () => openLevelTallyStore('tally', { disk, keptInners: KEPT_INNERS }),
          signer,
        },
        now,
        engine: ENGINE,
        verifyMany: verifyAtOnce,
        pollIntervalMs: 2_000,
        staleAfterSeconds: STALE_AFTER_SECONDS,
        onDefect: (error) => world.trace.add(this.host, `defect: ${String(error).slice(0, 80)}`),
      }),
    );
    const close = async (): Promise<void> => {
      await verifier.close();
      await records.close();
    };
    return {
      verifier,
      close,
      serve: (exchange) => this.front(exchange, (asked) => answer(verifier, asked)),
    };
  }
}

/** A store that has failed once takes no more writes until it is opened anew. */
function isStuck({ state, tallyProblem }: LogStatus): boolean {
  return state === 'failed' || tallyProblem?.code === 'STORE_FAILED';
}

async function answer(verifier: Verifier, exchange: Exchange): Promise<Answer> {
  const { path, method, body } = exchange;
  if (method === 'POST') return ok(JSON.stringify(await verifier.holdToReceipt(body)));
  return answerPeer(verifier, path) ?? (await answerAuditor(verifier, path));
}

/** What other verifiers ask for. */
function answerPeer(verifier: Verifier, path: string): Answer | undefined {
  const { findings } = verifier;
  const [, id] = /^v1\/findings\/([0-9a-f]{64})$/.exec(path) ?? [];
  if (id !== undefined) return ok(findings.read(id));
  if (path.startsWith('v1/findings')) return ok(JSON.stringify({ findings: findings.list() }));
  const [, origin] = /^v1\/checkpoints\/([^/]+)$/.exec(path) ?? [];
  if (origin === undefined) return undefined;
  const checkpoints = verifier.checkpoints(decodeURIComponent(origin));
  return checkpoints === undefined ? undefined : ok(JSON.stringify({ origin, checkpoints }));
}

async function answerAuditor(verifier: Verifier, path: string): Promise<Answer> {
  const [, model] = /^v1\/models\/([0-9a-f]{64})\/dossier$/.exec(path) ?? [];
  if (model !== undefined) return ok(await verifier.dossiers.bytesOf(model));
  const [, origin, index] = /^v1\/entries\/([^/]+)\/([0-9]+)\/receipt$/.exec(path) ?? [];
  if (origin === undefined) return NOT_FOUND;
  return ok(await verifier.dossiers.receiptOf(decodeURIComponent(origin), Number(index)));
}
