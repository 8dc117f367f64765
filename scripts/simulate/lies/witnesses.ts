/** Witnesses that do not keep to their word, alone or with the log. */
import { decodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import { parseAddCheckpoint } from '../../../src/core/note/add-checkpoint.ts';
import { appendSignatures, signCosignature } from '../../../src/core/note/cosignature.ts';
import {
  formatNote,
  formatSignatureLine,
  parseNote,
  parseSignatureLines,
} from '../../../src/core/note/note.ts';
import { formatReceipt } from '../../../src/core/receipt/receipt.ts';
import { parseEnvelope } from '../../../src/core/statement/envelope.ts';
import { flipped } from '../damage.ts';
import { REFRESH_MS } from '../log-machine.ts';
import { DEPLOYED, ORIGIN, type Signed } from '../material.ts';
import { ok } from '../node.ts';
import { History } from '../truth.ts';
import type { WitnessMachine } from '../witness-machine.ts';
import type { World } from '../world.ts';
import { type Behaviour, foundAgainst, foundAgainstLog } from './behaviour.ts';
import { signHistory, treeOf } from './false-log.ts';

/** A log that had its quorum without a witness asks it again when the cosignatures are to be renewed. */
const ASKED_AGAIN_MS = REFRESH_MS;

function makeDishonest(world: World): WitnessMachine {
  const witness = world.witnesses[world.chance.people.below(world.witnesses.length)];
  world.liars.add((witness as WitnessMachine).host);
  return witness as WitnessMachine;
}

/** Every cosignature that it gives has a bit otherwise. */
export const GARBAGE_LIE: Behaviour = {
  name: 'witness whose cosignatures are wrong',
  prepare: (world) => {
    const witness = makeDishonest(world);
    witness.front = async (exchange, honest) => {
      const answer = await honest(exchange);
      if (exchange.path !== 'add-checkpoint' || answer.status !== 200) return answer;
      const [line] = parseSignatureLines(decodeUtf8(answer.body));
      if (line === undefined) return answer;
      const { signature } = line;
      // The time before it stays as it is.
      const wrong = new Uint8Array([
        ...signature.subarray(0, 8 + 32),
        ...flipped(signature.subarray(8 + 32, 8 + 60), world.chance.people),
        ...signature.subarray(8 + 60),
      ]);
      return ok(formatSignatureLine({ ...line, signature: wrong }));
    };
  },
  caught: ({ log, liars }) => {
    const code = 'COSIGNATURE_INVALID';
    const statuses = log.running?.log.status().witnesses ?? [];
    const isRefused = statuses.some(
      ({ name, lastError }) => liars.has(name) && lastError?.startsWith(code),
    );
    return isRefused ? code : undefined;
  },
  takesMs: ASKED_AGAIN_MS,
};

/** With the log: it cosigns a history that nobody else is shown, under which a customer gets a receipt. */
export const COSIGNED_FORK_LIE: Behaviour = {
  name: 'fork cosigned by one witness',
  prepare: (world) => {
    world.liars.add(world.log.host);
    makeDishonest(world);
  },
  caught: (world) => {
    const { outcome, problems } = world.auditor.judge(receiptUnderFork(world));
    return outcome === 'VALID' ? undefined : problems[0]?.code;
  },
};

function receiptUnderFork(world: World): Uint8Array {
  const { truth, liars } = world;
  const [first, ...others] = truth.history.entries;
  const fork = new History([...others, first as Uint8Array]);
  truth.forks.push(fork);
  const index = fork.entries.length - 1;
  const note = signHistory(fork);
  const witness = world.witnesses.find(({ host }) => liars.has(host)) as WitnessMachine;
  const line = signCosignature(parseNote(note).text, witness.now(), witness.signer);
  return formatReceipt({
    envelope: parseEnvelope(first as Uint8Array),
    proof: {
      index,
      proof: treeOf(fork).path(index),
      checkpoint: appendSignatures(note, [line]),
    },
  });
}

/** It forgets what it cosigned last, and signs and shows an older checkpoint of the log as its newest. */
const goingBack: Behaviour = {
  name: 'witness that went back',
  prepare: (world) => {
    const witness = makeDishonest(world);
    let oldest: string | undefined;
    let hasShown = false;
    witness.front = async (exchange, honest) => {
      const answer = await honest(exchange);
      if (answer.status !== 200) return answer;
      if (exchange.path === 'add-checkpoint') {
        const { checkpoint } = parseAddCheckpoint(decodeUtf8(exchange.body));
        if (oldest !== undefined || sizeOf(checkpoint) === 0) return answer;
        oldest = checkpoint;
        // The log grows after it, whatever else there is to submit.
        void world.operator.submitAll([DEPLOYED.at(-1) as Signed], () => 0);
        return answer;
      }
      const newest = decodeUtf8(answer.body);
      // The verifier has been shown the larger one before.
      const older = oldest;
      const isLie = older !== undefined && sizeOf(older) < sizeOf(newest);
      if (!isLie || exchange.from !== world.verifiers[1]?.host) return answer;
      if (!hasShown) {
        hasShown = true;
        return answer;
      }
      return ok(cosignedAgain(older, witness));
    };
  },
  caught: (world) => foundAgainst(liarOf(world), 'WITNESS_ROLLBACK', world),
  takesMs: ASKED_AGAIN_MS,
};

/** With the log: it shows one verifier that it cosigned another history than everyone else's. */
const twoViews: Behaviour = {
  name: 'witness that cosigned two views',
  prepare: (world) => {
    world.liars.add(world.log.host);
    const witness = makeDishonest(world);
    let lie: string | undefined;
    witness.front = async (exchange, honest) => {
      const answer = await honest(exchange);
      const isAsked = answer.status === 200 && exchange.path !== 'add-checkpoint';
      if (!isAsked || exchange.from !== world.verifiers[1]?.host) return answer;
      const entries = world.truth.history.entries.slice(0, sizeOf(decodeUtf8(answer.body)));
      if (lie === undefined && entries.length > 1) {
        const fork = new History(entries.toReversed());
        world.truth.forks.push(fork);
        lie = cosignedAgain(signHistory(fork), witness);
      }
      return lie === undefined ? answer : ok(lie);
    };
  },
  // Where no verifier has kept a note with this witness's right cosignature, the log alone is proven to lie.
  caught: (world) =>
    foundAgainst(liarOf(world), 'WITNESS_CONTRADICTION', world) ??
    foundAgainstLog(world, 'CHECKPOINT_CONTRADICTION'),
  takesMs: ASKED_AGAIN_MS,
};

function liarOf({ witnesses, liars }: World): string {
  return witnesses.find(({ host }) => liars.has(host))?.host as string;
}

function sizeOf(note: string): number {
  return Number(note.split('\n')[1]);
}

/** The note with the log's signature alone, cosigned by the witness now. */
function cosignedAgain(note: string, witness: WitnessMachine): string {
  const { text, signatures } = parseNote(note);
  const own = signatures.filter(({ name }) => name === ORIGIN);
  const line = signCosignature(text, witness.now(), witness.signer);
  return formatNote({ text, signatures: own }) + line;
}

export const WITNESS_LIES: readonly Behaviour[] = [
  GARBAGE_LIE,
  COSIGNED_FORK_LIE,
  goingBack,
  twoViews,
];
