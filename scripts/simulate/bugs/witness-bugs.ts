/** Bugs of a witness. */
import { parseCheckpoint } from '../../../src/core/note/checkpoint.ts';
import { signCosignature } from '../../../src/core/note/cosignature.ts';
import { AttestryError } from '../../../src/errors.ts';
import { openWitness, type Witness, type WitnessOptions } from '../../../src/witness/witness.ts';
import type { WitnessStore } from '../../../src/witness/witness-store.ts';
import { REWRITTEN_LIE } from '../lies/histories.ts';
import { replacing } from '../replacing.ts';
import type { CosigningWitness } from '../wiring.ts';
import type { Bug } from './bug.ts';
import { inPlace, unsynced } from './log-bugs.ts';

const TRUSTING = { name: 'trusting', verify: () => true };

export const WITNESS_BUGS: readonly Bug[] = [
  onStore('witness signs before it has stored', (store) => ({
    put: async (state) => void store.put(state).catch(() => undefined),
  })),
  onStore('witness starts with an empty memory', () => ({ readAll: async () => [] })),
  onStore('witness stores nothing', () => ({ put: async () => {} })),
  { name: 'witness does not sync its disk', wiring: { witnessDisk: unsyncedWhole } },
  { name: 'witness replaces files in place', wiring: { witnessDisk: inPlace } },
  {
    name: 'witness keeps its memory in one place only',
    wiring: { witnessDisk: (disk) => replacing(disk, { list: async () => [] }) },
  },
  {
    name: 'witness takes what the log has not signed',
    wiring: { witnessOptions: (options) => ({ ...options, engine: TRUSTING }) },
  },
  {
    name: 'witness skips the consistency proof',
    wiring: { witness: withoutProofs },
    lie: REWRITTEN_LIE,
  },
  { name: 'witness runs twice with one key', wiring: { witness: twice } },
];

function onStore(name: string, change: (store: WitnessStore) => Partial<WitnessStore>): Bug {
  const witnessOptions = (options: WitnessOptions): WitnessOptions => ({
    ...options,
    store: replacing(options.store, change(options.store)),
  });
  return { name, wiring: { witnessOptions } };
}

/** Neither the database nor the file beside it. */
function unsyncedWhole(disk: Parameters<typeof unsynced>[0]): ReturnType<typeof unsynced> {
  return replacing(unsynced(disk), { replaceFile: async () => {}, list: async () => [] });
}

/** Signs whatever is larger than what it signed last. */
function withoutProofs(witness: Witness, { now, signer }: WitnessOptions): CosigningWitness {
  return replacing<CosigningWitness>(witness, {
    addCheckpoint: async (request) => {
      try {
        return await witness.addCheckpoint(request);
      } catch (error) {
        const isRefused = error instanceof AttestryError && error.code === 'WITNESS_PROOF_INVALID';
        if (!isRefused) throw error;
        return signCosignature(parseCheckpoint(request.checkpoint).note.text, now(), signer);
      }
    },
  });
}

/** Two processes in turn, each with the memory of what it signed itself. */
function twice(first: Witness, options: WitnessOptions): CosigningWitness {
  const second = openWitness(options);
  let requests = 0;
  return replacing<CosigningWitness>(first, {
    addCheckpoint: async (request) => {
      const witness = requests++ % 2 === 0 ? first : await second;
      return await witness.addCheckpoint(request);
    },
  });
}
