/** Witnesses without a network: real ones, asked by calling them. */
import { originHash } from '../../src/core/note/origin-hash.ts';
import type { NoteSigner, VerifierKey } from '../../src/core/note/vkey.ts';
import { AttestryError } from '../../src/errors.ts';
import type { WitnessPort } from '../../src/log/witness-port.ts';
import { openWitness } from '../../src/witness/witness.ts';
import { openMemoryWitnessStore } from '../../src/witness/witness-store.ts';

export interface LocalWitnessOptions {
  readonly signer: NoteSigner;
  readonly logs: readonly VerifierKey[];
  /** Unix seconds. */
  readonly now: () => number;
}

/** A witness that remembers what it cosigned as long as the test runs. */
export async function openLocalWitness(options: LocalWitnessOptions): Promise<WitnessPort> {
  const witness = await openWitness({ ...options, store: openMemoryWitnessStore() });
  const { name } = options.signer.vkey;
  const cosign: WitnessPort['cosign'] = async (request) => {
    const { checkpoint, oldSize, proveConsistency } = request;
    const proof = oldSize === 0 ? [] : proveConsistency(oldSize);
    try {
      const lines = await witness.addCheckpoint({ checkpoint, oldSize, proof });
      return { lines, time: options.now() };
    } catch (error) {
      const size = conflictingSize(error);
      if (size === undefined) throw error;
      const ours = Number(checkpoint.split('\n')[1]);
      if (size > ours) throw new AttestryError('WITNESS_AHEAD', `${name} has cosigned ${size}.`);
      return await cosign({ ...request, oldSize: size });
    }
  };
  return {
    name,
    url: `https://${name}`,
    cosign,
    latestSeen: async (origin) => witness.latestCheckpoint(originHash(origin)),
  };
}

function conflictingSize(error: unknown): number | undefined {
  if (!(error instanceof AttestryError) || error.code !== 'WITNESS_SIZE_CONFLICT') return undefined;
  return Number(error.details['size']);
}
