/** Verifiers that listen to each other in one process, each with a bed of its own: what a log shows one it may hide from another. */
import type { PeerSource } from '../../src/verifier/peer-source.ts';
import type { Verifier, VerifierOptions } from '../../src/verifier/verifier.ts';
import { TestLog } from './fixtures.ts';
import { makeTalliedNetwork, VERIFIERS } from './tallied-network.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { type ServedLog, VerifierBed } from './verifier-bed.ts';

/** What the other verifier answers, asked directly. */
function peerOf(verifier: () => Verifier): PeerSource {
  return {
    checkpoints: async (origin) => verifier().checkpoints(origin) ?? [],
    findings: async () => verifier().findings.list(),
    finding: async (id) => verifier().findings.read(id),
  };
}

/** Two beds of one network, whose verifiers are each other's peers. */
export class PeerBeds {
  readonly beds: readonly [VerifierBed, VerifierBed];
  readonly verifiers: Verifier[] = [];

  constructor(beds: readonly [VerifierBed, VerifierBed]) {
    this.beds = beds;
  }

  static async make(): Promise<PeerBeds> {
    const bed = async (): Promise<VerifierBed> => {
      const network = makeTalliedNetwork({ regions: ['eu', 'us'], verifierQuorum: 0 });
      return new VerifierBed(network, await temporaryFolder());
    };
    return new PeerBeds([await bed(), await bed()]);
  }

  get names(): readonly string[] {
    return VERIFIERS.map(({ vkey }) => vkey.name);
  }

  /** Opens both, each with the other as its peer; `sources` puts something else in the other's place. */
  async open(
    sources: readonly (PeerSource | undefined)[] = [],
    options: Partial<VerifierOptions> = {},
  ): Promise<readonly [Verifier, Verifier]> {
    for (const [i, bed] of this.beds.entries()) {
      const other = peerOf(() => this.verifiers[1 - i] as Verifier);
      const peers = { self: this.names[i] as string, source: () => sources[i] ?? other };
      this.verifiers[i] = await bed.open({ peers, ...options });
    }
    return this.verifiers as unknown as readonly [Verifier, Verifier];
  }

  /** One round of each, one after the other. */
  async round(): Promise<void> {
    for (const verifier of this.verifiers) await verifier.round();
  }
}

/** Another history of the same log: the same key and the same first entries. */
export function forkOf({ log }: ServedLog, common: number, bed: VerifierBed): TestLog {
  const fork = new TestLog(log.region, bed.network.witnesses.slice(0, 3));
  fork.entries.push(...log.entries.slice(0, common));
  return fork;
}
