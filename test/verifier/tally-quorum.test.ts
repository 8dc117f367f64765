import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Outcome } from '../../src/errors.ts';
import { LogTally } from '../../src/log/log-tally.ts';
import { openLevelTallyStore } from '../../src/tally/level-tally-store.ts';
import type { TallySource } from '../../src/verifier/tally-source.ts';
import type { Verifier } from '../../src/verifier/verifier.ts';
import { digestOf, MODEL } from '../helpers/statements.ts';
import { makeTalliedNetwork, VERIFIERS } from '../helpers/tallied-network.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { type ServedLog, VerifierBed } from '../helpers/verifier-bed.ts';

const { verifiers: TRUSTED_VERIFIERS } = makeTalliedNetwork({ regions: ['eu'] }).rules.trust;

const STEP = 3;

/** One log whose node keeps its tally, and as many verifiers as its trust root names, each looking in its own time. */
class LoadedNetwork {
  readonly bed: VerifierBed;
  readonly tally: LogTally;
  readonly verifiers: Verifier[] = [];

  constructor(bed: VerifierBed, tally: LogTally) {
    this.bed = bed;
    this.tally = tally;
  }

  static async make(verifierQuorum: number): Promise<LoadedNetwork> {
    const network = makeTalliedNetwork({ regions: ['eu'], verifierQuorum });
    const bed = new VerifierBed(network, await temporaryFolder());
    const { eu } = bed;
    eu.log.state('training');
    const store = await openLevelTallyStore(await temporaryFolder());
    const tally = new LogTally({
      store,
      signer: eu.log.signer,
      verifiers: TRUSTED_VERIFIERS,
      verifierQuorum,
      readEntries: async (start, end) => eu.log.entries.slice(start, end),
      published: () => publishedBy(eu),
      waitForGrowth: async () => sleep(1),
      now: () => bed.now,
      clockMs: () => performance.now(),
      onFatal: (error) => bed.defects.push(error),
    });
    onTestFinished(async () => {
      await tally.close();
      await store.close();
    });
    const loaded = new LoadedNetwork(bed, tally);
    await loaded.grow();
    for (const signer of VERIFIERS) loaded.verifiers.push(await loaded.#openVerifier(signer));
    return loaded;
  }

  get size(): number {
    return this.bed.eu.log.entries.length;
  }

  /** A few entries more, published and tallied. */
  async grow(): Promise<void> {
    const { eu } = this.bed;
    for (let i = 0; i < STEP; i++) {
      const deploymentId = `deployment-${this.size}`;
      eu.log.state('deployment', { model: digestOf('another'), predicate: { deploymentId } });
    }
    eu.publish();
    await expect
      .poll(() => this.tally.status.size, { timeout: 5_000, interval: 1 })
      .toBe(this.size);
  }

  /** What the verifier's dossier is worth, and how many entries the log has that it does not cover. */
  async dossierOf(verifier: Verifier): Promise<{ outcome: Outcome; behind: number }> {
    const { outcome, logs } = await verifier.dossiers.reportOn(MODEL);
    return { outcome, behind: this.size - (logs[0]?.size ?? 0) };
  }

  async #openVerifier(signer: (typeof VERIFIERS)[number]): Promise<Verifier> {
    const bed = new VerifierBed(this.bed.network, await temporaryFolder());
    // The very log that grows.
    Object.assign(bed.eu, { readCheckpoint: async () => this.bed.eu.checkpoint });
    const { tally } = this;
    const source: TallySource = {
      readPair: async (which) => {
        const { size, cosignedSize } = tally.status;
        return (which === 'offered' ? size : cosignedSize) > 0 ? tally.pair(which) : undefined;
      },
      readProof: async () => undefined,
      offerCosignature: async (line) => {
        await tally.addCosignatures(line);
      },
    };
    const folder = await temporaryFolder();
    const openStore = () => openLevelTallyStore(folder);
    return await bed.open({ tallies: { source: () => source, openStore, signer } });
  }
}

function publishedBy(served: ServedLog): { size: number; note: string } | undefined {
  const { checkpoint, log } = served;
  return checkpoint === undefined ? undefined : { size: log.entries.length, note: checkpoint };
}

describe('two verifiers of which both must cosign', () => {
  it('give VALID dossiers that are never far behind while the log grows without pause', async () => {
    const network = await LoadedNetwork.make(2);
    const [first, second] = network.verifiers as [Verifier, Verifier];
    // The log is ahead of each note by the time that the other verifier reads it.
    const seen: { outcome: Outcome; behind: number }[] = [];
    for (let cycle = 0; cycle < 7; cycle++) {
      for (const verifier of [first, second]) {
        await verifier.round();
        await network.grow();
        if (cycle > 1) seen.push(await network.dossierOf(verifier));
      }
    }
    expect(new Set(seen.map(({ outcome }) => outcome))).toEqual(new Set(['VALID']));
    // Offered, read by both, found cosigned: what grew within three looks of each.
    expect(Math.max(...seen.map(({ behind }) => behind))).toBeLessThanOrEqual(6 * STEP);
    expect(network.tally.status.cosignedSize).toBeGreaterThan(network.size - 6 * STEP);
  });

  it('give VALID dossiers although one looks far more seldom than the other', async () => {
    const network = await LoadedNetwork.make(2);
    const [often, seldom] = network.verifiers as [Verifier, Verifier];
    let behind = 0;
    for (let look = 0; look < 26; look++) {
      await often.round();
      if (look % 4 === 3) await seldom.round();
      await network.grow();
      if (look < 12) continue;
      for (const verifier of [often, seldom]) {
        const dossier = await network.dossierOf(verifier);
        expect(dossier.outcome).toBe('VALID');
        behind = Math.max(behind, dossier.behind);
      }
    }
    expect(behind).toBeLessThanOrEqual(3 * 4 * STEP);
  });

  it('give VALID dossiers of the last note that both cosigned while one of them is away', async () => {
    const network = await LoadedNetwork.make(2);
    const [here, away] = network.verifiers as [Verifier, Verifier];
    for (const verifier of [here, away, here]) await verifier.round();
    for (let look = 0; look < 5; look++) {
      await network.grow();
      await here.round();
    }
    expect(await network.dossierOf(here)).toEqual({ outcome: 'VALID', behind: 5 * STEP });
    for (let look = 0; look < 3; look++)
      for (const verifier of [away, here]) await verifier.round();
    expect(await network.dossierOf(here)).toEqual({ outcome: 'VALID', behind: 0 });
  });
});

describe('two verifiers of which one must cosign', () => {
  it('both give VALID dossiers of their own while the log grows without pause', async () => {
    const network = await LoadedNetwork.make(1);
    for (let cycle = 0; cycle < 6; cycle++) {
      for (const verifier of network.verifiers) {
        await verifier.round();
        await network.grow();
        const { outcome, behind } = await network.dossierOf(verifier);
        expect(outcome).toBe('VALID');
        expect(behind).toBeLessThanOrEqual(3 * STEP);
      }
    }
  });
});
