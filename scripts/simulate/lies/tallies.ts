/** Logs that sign a wrong tally, and verifiers that cosign it. */

import { formatDossier, parseDossier } from '../../../src/core/dossier/dossier.ts';
import { parseCheckpoint } from '../../../src/core/note/checkpoint.ts';
import { appendSignatures, signCosignature } from '../../../src/core/note/cosignature.ts';
import { parseNote } from '../../../src/core/note/note.ts';
import { MODELS } from '../material.ts';
import { ok } from '../node.ts';
import type { VerifierMachine } from '../verifier-machine.ts';
import type { World } from '../world.ts';
import { type Behaviour, foundAgainst, foundAgainstLog } from './behaviour.ts';
import { FalseTally } from './false-log.ts';

const HIDDEN = 1;
/** The newest false tally of each run. */
const newest = new WeakMap<World, FalseTally>();
/** Runs in which a dossier under it was given out: not where the liar itself holds none of that size. */
const givenOut = new WeakSet<World>();

/** The log's tally leaves one published entry out, in its note and in its proofs alike. */
function hideEntry(world: World, liar?: VerifierMachine): void {
  const { log, truth } = world;
  world.liars.add(log.host);
  const tallies = new Map<number, FalseTally>();
  log.front = async (exchange, honest) => {
    const published = log.running?.log.status().published;
    if (!exchange.path.startsWith('v1/tally') || published === undefined || published.size < 2) {
      return await honest(exchange);
    }
    const { size, note } = published;
    const tally = tallies.get(size) ?? new FalseTally(truth.history, size, HIDDEN);
    tallies.set(size, tally);
    newest.set(world, tally);
    const shown = liar === undefined ? tally.note : cosigned(tally.note, liar);
    const pair = { checkpoint: note, tally: shown };
    const { pathname, searchParams } = new URL(`http://log/${exchange.path}`);
    if (pathname === '/v1/tally') return ok(JSON.stringify(pair));
    const model = searchParams.get('model') as string;
    return ok(JSON.stringify({ ...pair, proof: tally.prove(model) }));
  };
}

export const HIDDEN_ENTRY_LIE: Behaviour = {
  name: 'tally that hides an entry',
  prepare: hideEntry,
  caught: (world) => foundAgainstLog(world, 'TALLY_CONTRADICTION'),
};

/** One of the two verifiers is with the log: it cosigns, and gives out dossiers without the entry. */
export const COSIGNED_TALLY_LIE: Behaviour = {
  name: 'verifier that cosigns a wrong tally',
  prepare: (world) => {
    const liar = world.verifiers[1] as VerifierMachine;
    hideEntry(world, liar);
    world.liars.add(liar.host);
    liar.front = async (exchange, honest) => {
      const answer = await honest(exchange);
      const isDossier = answer.status === 200 && exchange.path.endsWith('/dossier');
      return isDossier ? ok(falseDossier(world, liar, answer.body)) : answer;
    };
  },
  caught: async (world) => {
    const { host } = world.verifiers[1] as VerifierMachine;
    const codes: string[] = [];
    for (const model of MODELS) {
      const report = await world.auditor.askAbout(model, host);
      codes.push(...(report?.problems.map(({ code }) => code) ?? []));
    }
    // No quorum for what it gives out, and a proof of what it did.
    if (givenOut.has(world) && !codes.includes('VERIFIER_QUORUM_SHORT')) return undefined;
    return foundAgainst(host, 'TALLY_COSIGNED_WRONG', world);
  },
};

/** The dossier without the hidden entry, under the tally that hides it, with the one cosignature that is to be had. */
function falseDossier(world: World, liar: VerifierMachine, bytes: Uint8Array): Uint8Array {
  const hidden = newest.get(world);
  const dossier = parseDossier(bytes);
  const logs = dossier.logs.map((log) => {
    if (hidden === undefined || !('checkpoint' in log)) return log;
    const { note } = hidden;
    const tally = {
      note: cosigned(note, liar),
      proof: hidden.prove(dossier.model),
    };
    const entries = log.entries.filter(({ index }) => index !== HIDDEN);
    if (sizeOf(note) !== parseCheckpoint(log.checkpoint).checkpoint.size) return log;
    givenOut.add(world);
    return { origin: log.origin, checkpoint: log.checkpoint, entries, tally };
  });
  return formatDossier({ ...dossier, logs, findings: [] });
}

function cosigned(note: string, verifier: VerifierMachine): string {
  return appendSignatures(note, [
    signCosignature(parseNote(note).text, verifier.now(), verifier.signer),
  ]);
}

function sizeOf(note: string): number {
  return Number(note.split('\n')[1]);
}

export const TALLY_LIES: readonly Behaviour[] = [HIDDEN_ENTRY_LIE, COSIGNED_TALLY_LIE];
