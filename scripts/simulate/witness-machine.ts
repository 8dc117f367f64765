/** A witness node on a virtual machine. */
import { decodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { parseAddCheckpoint } from '../../src/core/note/add-checkpoint.ts';
import type { NoteSigner } from '../../src/core/note/vkey.ts';
import { AttestryError } from '../../src/errors.ts';
import { openLevelWitnessStore } from '../../src/witness/level-witness-store.ts';
import { openWitness, type WitnessOptions } from '../../src/witness/witness.ts';
import { ENGINE, TRUST } from './material.ts';
import { Machine, NOT_FOUND, ok, type Running } from './node.ts';
import type { Life } from './scheduler.ts';
import type { Answer, Exchange } from './virtual-network.ts';
import type { CosigningWitness } from './wiring.ts';
import type { World } from './world.ts';

export interface RunningWitness extends Running {
  readonly witness: CosigningWitness;
}

export class WitnessMachine extends Machine<RunningWitness> {
  readonly signer: NoteSigner;
  /** What a dishonest witness answers in place of what its own code says. */
  front: (exchange: Exchange, honest: (exchange: Exchange) => Promise<Answer>) => Promise<Answer> =
    (exchange, honest) => honest(exchange);

  constructor(world: World, signer: NoteSigner) {
    super(world, signer.vkey.name);
    this.signer = signer;
  }

  protected override async open(life: Life): Promise<RunningWitness> {
    const { wiring } = this.world;
    const store = await openLevelWitnessStore('data', wiring.witnessDisk(this.disk.for(life)));
    const options: WitnessOptions = wiring.witnessOptions({
      store,
      signer: this.signer,
      logs: [...TRUST.logs.values()].map(({ vkey }) => vkey),
      now: () => this.now(),
      engine: ENGINE,
      onStoreFailure: (failure) => this.fatal(life, failure),
    });
    const real = await openWitness(options);
    this.world.truth.witnessStarted(this.host, real.states());
    const witness = wiring.witness(real, options);
    return {
      witness,
      close: async () => {
        await witness.close();
        await store.close();
      },
      serve: (exchange) => this.front(exchange, (asked) => answer(witness, asked)),
    };
  }
}

async function answer(witness: CosigningWitness, { path, body }: Exchange): Promise<Answer> {
  if (path !== 'add-checkpoint') {
    const note = witness.latestCheckpoint(path.slice(0, path.indexOf('/')));
    return note === undefined ? NOT_FOUND : ok(note);
  }
  try {
    return ok(await witness.addCheckpoint(parseAddCheckpoint(decodeUtf8(body))));
  } catch (error) {
    const isConflict = error instanceof AttestryError && error.code === 'WITNESS_SIZE_CONFLICT';
    if (isConflict) return ok(`${error.details['size']}\n`, 409);
    throw error;
  }
}
