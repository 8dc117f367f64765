/** Witnesses that do not keep to their word, alone or with the log. */
import { decodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import { appendSignatures, signCosignature } from '../../../src/core/note/cosignature.ts';
import {
  formatSignatureLine,
  parseNote,
  parseSignatureLines,
} from '../../../src/core/note/note.ts';
import { formatReceipt } from '../../../src/core/receipt/receipt.ts';
import { parseEnvelope } from '../../../src/core/statement/envelope.ts';
import { flipped } from '../damage.ts';
import { ok } from '../node.ts';
import { History } from '../truth.ts';
import type { WitnessMachine } from '../witness-machine.ts';
import type { World } from '../world.ts';
import type { Behaviour } from './behaviour.ts';
import { signHistory, treeOf } from './false-log.ts';

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

export const WITNESS_LIES: readonly Behaviour[] = [GARBAGE_LIE, COSIGNED_FORK_LIE];
