import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { EMPTY_ROOT } from '../../src/core/merkle/hash.ts';
import type { AddCheckpointRequest } from '../../src/core/note/add-checkpoint.ts';
import { parseCheckpoint, verifyCheckpoint } from '../../src/core/note/checkpoint.ts';
import { appendSignatures, verifyCosignatures } from '../../src/core/note/cosignature.ts';
import { signEd25519 } from '../../src/core/note/ed25519.ts';
import { formatSignatureLine, parseNote } from '../../src/core/note/note.ts';
import { originHash } from '../../src/core/note/origin-hash.ts';
import { checkpointText } from '../../src/core/note/signable.ts';
import { SIGNATURE_TYPE } from '../../src/core/note/vkey.ts';
import { AttestryError } from '../../src/errors.ts';
import { openWitness, type Witness, type WitnessOptions } from '../../src/witness/witness.ts';
import {
  openMemoryWitnessStore,
  type WitnessState,
  type WitnessStore,
} from '../../src/witness/witness-store.ts';
import { makeSignedLog, testSigner } from '../helpers/signed-log.ts';

const NOW = 1_790_000_000;
const log = makeSignedLog('log.example/eu', 64);
const fork = makeSignedLog('log.example/eu', 64, 1);
const stranger = makeSignedLog('stranger.example/log', 8);
const witness = testSigner('witness.example/w1', SIGNATURE_TYPE.cosignature);

function open(options: Partial<WitnessOptions> = {}): Promise<Witness> {
  return openWitness({
    store: openMemoryWitnessStore(),
    signer: witness,
    logs: [log.signer.vkey],
    now: () => NOW,
    ...options,
  });
}

/** The request that an honest log sends. */
function growth(oldSize: number, size: number, from = log): AddCheckpointRequest {
  const proof = oldSize === 0 ? [] : from.tree.proof(oldSize, size);
  return { oldSize, proof, checkpoint: from.checkpoint(size) };
}

/** The code and details of the refusal. */
async function refusal(answer: Promise<unknown>): Promise<unknown> {
  const error: unknown = await answer.then(
    (value) => value,
    (reason) => reason,
  );
  if (!(error instanceof AttestryError)) return error;
  return { code: error.code, ...error.details };
}

/** The time of the one cosignature that the line makes on the note. */
function timeOf(line: string, noteText: string): number {
  const note = parseNote(appendSignatures(noteText, [line]));
  const [cosignature, ...more] = verifyCosignatures(note, { witnesses: [witness.vkey] });
  expect(more).toEqual([]);
  return cosignature?.time ?? Number.NaN;
}

describe('openWitness', () => {
  it.each([
    ['a log key that is for cosignatures', { logs: [testSigner('x', 4).vkey] }],
    ['a witness key that is for logs', { signer: testSigner('witness.example/w1', 1) }],
    [
      'a log with the witness as its name',
      { logs: [testSigner(witness.vkey.name, 1, 'other').vkey] },
    ],
    [
      'one key for witness and log',
      { logs: [{ ...log.signer.vkey, publicKey: witness.vkey.publicKey }] },
    ],
  ] as const)('refuses %s', async (_, options) => {
    expect(await refusal(open(options))).toEqual({ code: 'CONFIG_INVALID' });
  });

  it('knows no log when none is listed', async () => {
    const nobody = await open({ logs: [] });
    expect(await refusal(nobody.addCheckpoint(growth(0, 3)))).toEqual({
      code: 'WITNESS_ORIGIN_UNKNOWN',
    });
  });

  it('does not start when the store cannot be read', async () => {
    const broken = new AttestryError('STORE_CORRUPT', 'broken');
    const store = { ...openMemoryWitnessStore(), readAll: () => Promise.reject(broken) };
    expect(await refusal(open({ store }))).toEqual({ code: 'STORE_CORRUPT' });
  });

  it('goes on from what the store holds', async () => {
    const store = openMemoryWitnessStore();
    await (await open({ store })).addCheckpoint(growth(0, 5));
    const again = await open({ store });
    expect(again.latestCheckpoint(originHash(log.origin))).toContain(log.checkpoint(5));
    expect(await refusal(again.addCheckpoint(growth(0, 7)))).toEqual({
      code: 'WITNESS_SIZE_CONFLICT',
      size: 5,
    });
    await again.addCheckpoint(growth(5, 7));
  });
});

describe('Witness.addCheckpoint', () => {
  it('cosigns the first checkpoint of any size without a proof', async () => {
    for (const size of [0, 1, 5, 64]) {
      const line = await (await open()).addCheckpoint(growth(0, size));
      expect(timeOf(line, log.checkpoint(size))).toBe(NOW);
    }
  });

  it('cosigns growth from every size to every size', async () => {
    for (let oldSize = 1; oldSize <= 20; oldSize++) {
      const one = await open();
      await one.addCheckpoint(growth(0, oldSize));
      for (const size of [oldSize, oldSize + 1, oldSize + 7, 40]) {
        const again = await open({ store: openMemoryWitnessStore(one.states()) });
        const line = await again.addCheckpoint(growth(oldSize, size));
        expect(timeOf(line, log.checkpoint(size))).toBe(NOW);
      }
    }
  });

  it('goes on from an empty log', async () => {
    const one = await open();
    await one.addCheckpoint(growth(0, 0));
    expect(one.states()).toMatchObject([{ size: 0, root: EMPTY_ROOT }]);
    await one.addCheckpoint(growth(0, 0));
    await one.addCheckpoint(growth(0, 3));
    expect(one.states()).toMatchObject([{ size: 3 }]);
  });

  const five = log.checkpoint(5);
  const otherRoot = fork.tree.root(5);
  const hash = new Uint8Array(32).fill(7);
  const proof = log.tree.proof(3, 5);
  const tampered = five.replace('\n5\n', '\n4\n');
  const byStranger = appendSignatures(stranger.checkpoint(5), []);
  const lineOf = (note: string) => note.slice(note.lastIndexOf('—'));
  // What the witness has cosigned by then is size 3. Rows stand in the order of the specification's checks.
  const refused: readonly (readonly [string, string, AddCheckpointRequest])[] = [
    ['text that is no note', 'NOTE_MALFORMED', { oldSize: 3, proof, checkpoint: 'log\n5\n' }],
    [
      'a note without a signature',
      'NOTE_MALFORMED',
      { oldSize: 3, proof, checkpoint: `${five.split('\n\n')[0]}\n\n` },
    ],
    [
      'CRLF line ends',
      'NOTE_MALFORMED',
      { oldSize: 3, proof, checkpoint: five.replaceAll('\n', '\r\n') },
    ],
    ['no newline at the end', 'NOTE_MALFORMED', { oldSize: 3, proof, checkpoint: five.trimEnd() }],
    ['a NUL byte', 'NOTE_MALFORMED', { oldSize: 3, proof, checkpoint: five.replace('eu', 'e\0') }],
    [
      'a size with a leading zero',
      'CHECKPOINT_MALFORMED',
      { oldSize: 3, proof, checkpoint: five.replace('\n5\n', '\n05\n') },
    ],
    [
      'a size of 2^53',
      'CHECKPOINT_MALFORMED',
      { oldSize: 3, proof, checkpoint: five.replace('\n5\n', '\n9007199254740992\n') },
    ],
    [
      'a root of 31 bytes',
      'CHECKPOINT_MALFORMED',
      { oldSize: 3, proof, checkpoint: log.checkpoint(5, hash.subarray(1)) },
    ],
    [
      'an extension line',
      'CHECKPOINT_EXTENSION_UNKNOWN',
      { oldSize: 3, proof, checkpoint: five.replace('\n\n', '\nextension\n\n') },
    ],
    ['an old size above the size', 'REQUEST_MALFORMED', { oldSize: 6, proof, checkpoint: five }],
    [
      'an old size above the size of a log unknown',
      'REQUEST_MALFORMED',
      { oldSize: 6, proof, checkpoint: byStranger },
    ],
    [
      'a log unknown',
      'WITNESS_ORIGIN_UNKNOWN',
      { oldSize: 0, proof: [], checkpoint: stranger.checkpoint(5) },
    ],
    [
      'a log unknown, signed by a known one',
      'WITNESS_ORIGIN_UNKNOWN',
      { oldSize: 0, proof: [], checkpoint: stranger.checkpoint(5).replace(/—.*$/s, lineOf(five)) },
    ],
    [
      'a signature of a stranger only',
      'CHECKPOINT_UNSIGNED',
      { oldSize: 3, proof, checkpoint: five.replace(/—.*$/s, lineOf(byStranger)) },
    ],
    [
      'a known name with another key ID',
      'CHECKPOINT_UNSIGNED',
      {
        oldSize: 3,
        proof,
        checkpoint: five.replace(/ ([A-Za-z0-9+/]{6})([^ ]*)\n$/, ' AAAAAA$2\n'),
      },
    ],
    [
      'a signature over another text',
      'CHECKPOINT_SIGNATURE_INVALID',
      { oldSize: 3, proof, checkpoint: tampered },
    ],
    [
      'a right signature beside a wrong one of the same key',
      'CHECKPOINT_SIGNATURE_INVALID',
      { oldSize: 3, proof, checkpoint: five + lineOf(log.checkpoint(4)) },
    ],
    [
      'an unsigned checkpoint with a wrong old size',
      'CHECKPOINT_UNSIGNED',
      { oldSize: 1, proof, checkpoint: five.replace(/—.*$/s, lineOf(byStranger)) },
    ],
    ['an old size of 0', 'WITNESS_SIZE_CONFLICT', { oldSize: 0, proof: [], checkpoint: five }],
    ['an old size too small', 'WITNESS_SIZE_CONFLICT', { oldSize: 2, proof, checkpoint: five }],
    ['an old size too large', 'WITNESS_SIZE_CONFLICT', { oldSize: 5, proof: [], checkpoint: five }],
    [
      'an empty log with a wrong root and an old size too small',
      'WITNESS_SIZE_CONFLICT',
      { oldSize: 0, proof: [], checkpoint: log.checkpoint(0, hash) },
    ],
    ['no proof', 'WITNESS_PROOF_INVALID', { oldSize: 3, proof: [], checkpoint: five }],
    [
      'a proof one hash too short',
      'WITNESS_PROOF_INVALID',
      { oldSize: 3, proof: proof.slice(0, -1), checkpoint: five },
    ],
    [
      'a proof one hash too long',
      'WITNESS_PROOF_INVALID',
      { oldSize: 3, proof: [...proof, hash], checkpoint: five },
    ],
    [
      'a proof with one bit flipped',
      'WITNESS_PROOF_INVALID',
      { oldSize: 3, proof: proof.with(0, flip(proof[0])), checkpoint: five },
    ],
    [
      'a proof of another history',
      'WITNESS_PROOF_INVALID',
      { oldSize: 3, proof: fork.tree.proof(3, 5), checkpoint: log.checkpoint(5, otherRoot) },
    ],
    [
      'another root of the size',
      'WITNESS_PROOF_INVALID',
      { oldSize: 3, proof: [], checkpoint: log.checkpoint(3, fork.tree.root(3)) },
    ],
    [
      'the same checkpoint with a proof',
      'WITNESS_PROOF_INVALID',
      { oldSize: 3, proof: [hash], checkpoint: log.checkpoint(3) },
    ],
  ];

  it.each(refused)('refuses %s with %s, and changes nothing', async (_, code, request) => {
    const one = await open();
    await one.addCheckpoint(growth(0, 3));
    const before = one.states();
    const size = code === 'WITNESS_SIZE_CONFLICT' ? { size: 3 } : {};
    expect(await refusal(one.addCheckpoint(request))).toEqual({ code, ...size });
    expect(one.states()).toEqual(before);
  });

  it('refuses a first checkpoint with a proof, and an empty log with a root', async () => {
    const one = await open();
    const withProof = { ...growth(0, 5), proof: [hash] };
    const wrongRoot = { oldSize: 0, proof: [], checkpoint: log.checkpoint(0, hash) };
    for (const request of [withProof, wrongRoot]) {
      expect(await refusal(one.addCheckpoint(request))).toEqual({ code: 'WITNESS_PROOF_INVALID' });
    }
    expect(one.states()).toEqual([]);
    expect(await refusal(one.addCheckpoint(growth(2, 5)))).toEqual({
      code: 'WITNESS_SIZE_CONFLICT',
      size: 0,
    });
  });

  it('ignores lines of unknown keys and keeps none of them', async () => {
    const one = await open();
    const grease = formatSignatureLine({
      name: 'grease.example',
      keyId: new Uint8Array(4),
      signature: new Uint8Array(3000).fill(9),
    });
    const forged = formatSignatureLine({
      name: witness.vkey.name,
      keyId: witness.vkey.keyId,
      signature: new Uint8Array(72).fill(1),
    });
    const line = await one.addCheckpoint({
      ...growth(0, 5),
      checkpoint: appendSignatures(five, [grease, forged]),
    });
    expect(one.latestCheckpoint(originHash(log.origin))).toBe(five + line);
  });

  it('keeps one line per key, however often it stands in the note', async () => {
    const store = openMemoryWitnessStore();
    const one = await open({ store });
    const line = await one.addCheckpoint({
      ...growth(0, 5),
      checkpoint: five + lineOf(five).repeat(99),
    });
    expect(one.latestCheckpoint(originHash(log.origin))).toBe(five + line);
  });

  it('takes the signature of any of the keys that a log has', async () => {
    const second = testSigner(log.origin, SIGNATURE_TYPE.ed25519, 'second key');
    const one = await open({ logs: [log.signer.vkey, second.vkey] });
    const extra = formatSignatureLine({
      ...second.vkey,
      signature: signEd25519(second.seed, encodeUtf8(`${five.split('\n\n')[0]}\n`)),
    });
    await one.addCheckpoint(growth(0, 3));
    await one.addCheckpoint({ ...growth(3, 5), checkpoint: five.replace(/—.*$/s, extra) });
    const both = { ...growth(5, 5), checkpoint: five + extra };
    await one.addCheckpoint(both);
    expect(one.latestCheckpoint(originHash(log.origin))).toContain(both.checkpoint);
  });

  it('finds the keys of a log whose origin is not the name of its key', async () => {
    const signer = testSigner('sum.example', 1);
    const origins = new Map([['sum.example', 'an origin with spaces']]);
    const one = await open({ logs: [signer.vkey], origins });
    const text = checkpointText('an origin with spaces', 3, log.tree.root(3));
    const signature = signEd25519(signer.seed, encodeUtf8(text));
    const checkpoint = `${text}\n${formatSignatureLine({ ...signer.vkey, signature })}`;
    const line = await one.addCheckpoint({ oldSize: 0, proof: [], checkpoint });
    expect(timeOf(line, checkpoint)).toBe(NOW);
  });

  it('refreshes the time of the same checkpoint', async () => {
    let now = NOW;
    const one = await open({ now: () => now });
    await one.addCheckpoint(growth(0, 5));
    now += 60;
    expect(timeOf(await one.addCheckpoint(growth(5, 5)), five)).toBe(NOW + 60);
    expect(one.states()).toMatchObject([{ size: 5, time: NOW + 60 }]);
  });

  it('never dates back, and never to zero', async () => {
    let now = 0.5;
    const one = await open({ now: () => now });
    expect(timeOf(await one.addCheckpoint(growth(0, 3)), log.checkpoint(3))).toBe(1);
    now = NOW + 0.9;
    expect(timeOf(await one.addCheckpoint(growth(3, 5)), five)).toBe(NOW);
    now = NOW - 3600;
    expect(timeOf(await one.addCheckpoint(growth(5, 5)), five)).toBe(NOW);
    const seven = await one.addCheckpoint(growth(5, 7));
    expect(timeOf(seven, log.checkpoint(7))).toBe(NOW);
  });

  it('writes nothing for a repeat within the same second', async () => {
    const writes: WitnessState[] = [];
    const store = watched((state) => writes.push(state));
    const one = await open({ store });
    const first = await one.addCheckpoint(growth(0, 5));
    expect(await one.addCheckpoint(growth(5, 5))).toBe(first);
    expect(writes).toHaveLength(1);
  });

  it('answers only after the store has the state', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const one = await open({ store: watched(() => gate) });
    let answered = false;
    const answer = one.addCheckpoint(growth(0, 5)).then(() => {
      answered = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    expect(one.latestCheckpoint(originHash(log.origin))).toBeUndefined();
    release();
    await answer;
    expect(one.latestCheckpoint(originHash(log.origin))).toBeDefined();
  });

  it('cosigns nothing any more once the store has failed', async () => {
    const failures: AttestryError[] = [];
    let broken = true;
    const store = watched(() => {
      if (broken) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    });
    const one = await open({ store, onStoreFailure: (failure) => failures.push(failure) });
    expect(await refusal(one.addCheckpoint(growth(0, 5)))).toEqual({ code: 'STORE_FAILED' });
    broken = false;
    expect(await refusal(one.addCheckpoint(growth(0, 5)))).toEqual({ code: 'STORE_FAILED' });
    expect(one.failure?.code).toBe('STORE_FAILED');
    expect(failures).toEqual([one.failure]);
    expect(one.states()).toEqual([]);
  });

  it('turns requests away when too many wait for one log', async () => {
    const one = await open({ store: watched(() => new Promise(() => {})) });
    const answers = Array.from({ length: 300 }, () => refusal(one.addCheckpoint(growth(0, 5))));
    expect(await Promise.any([...answers])).toEqual({ code: 'RATE_LIMITED', retryAfterSeconds: 1 });
  });

  it.each([1, 2, 3, 4, 5])('grows only forward when 64 requests race (%i)', async (round) => {
    const stored: WitnessState[] = [];
    const store = watched(async (state) => {
      await new Promise((resolve) => setImmediate(resolve));
      stored.push(state);
    });
    const one = await open({ store });
    await one.addCheckpoint(growth(0, 4));
    const sizes = Array.from({ length: 64 }, (_, i) => 1 + ((i * (2 * round + 1)) % 64));
    const results = await Promise.allSettled(
      sizes.map((size) => one.addCheckpoint(growth(Math.min(4, size), size))),
    );
    const accepted = results.filter(({ status }) => status === 'fulfilled').length;
    // One grows the log from 4; whoever came before it with size 4 only repeats what is stored.
    const grown = stored.slice(1);
    expect(grown).toHaveLength(1);
    expect(accepted - grown.length).toBeLessThanOrEqual(1);
    expect(one.states()).toEqual(grown);
    for (const result of results) {
      if (result.status === 'rejected') {
        expect(result.reason).toMatchObject({ code: 'WITNESS_SIZE_CONFLICT' });
      }
    }
  });

  it('lets racing chains of requests climb without ever a step back', async () => {
    const stored: number[] = [];
    const one = await open({ store: watched((state) => stored.push(state.size)) });
    const climb = async (step: number): Promise<void> => {
      let known = 0;
      for (let size = step; size <= 64; ) {
        const answer = await refusal(one.addCheckpoint(growth(known, Math.max(size, known))));
        if (typeof answer === 'string') {
          known = Math.max(size, known);
          size = known + step;
        } else known = (answer as { size: number }).size;
      }
    };
    await Promise.all([1, 2, 3, 5, 7].map(climb));
    expect(stored).toEqual([...new Set(stored)].sort((a, b) => a - b));
    expect(stored.at(-1)).toBe(64);
  });

  it('keeps logs apart', async () => {
    const one = await open({ logs: [log.signer.vkey, stranger.signer.vkey] });
    await one.addCheckpoint(growth(0, 5));
    await one.addCheckpoint(growth(0, 8, stranger));
    expect(one.states().map(({ origin, size }) => [origin, size])).toEqual([
      [log.origin, 5],
      [stranger.origin, 8],
    ]);
  });
});

describe('Witness.latestCheckpoint', () => {
  it('gives the note that both the log and the witness signed', async () => {
    const one = await open();
    expect(one.latestCheckpoint(originHash(log.origin))).toBeUndefined();
    await one.addCheckpoint(growth(0, 5));
    const note = one.latestCheckpoint(originHash(log.origin)) ?? '';
    verifyCheckpoint(note, { vkeys: [log.signer.vkey] });
    expect(verifyCosignatures(parseNote(note), { witnesses: [witness.vkey] })).toHaveLength(1);
    expect(parseCheckpoint(note).checkpoint.size).toBe(5);
    expect(one.latestCheckpoint(originHash(stranger.origin))).toBeUndefined();
  });
});

describe('Witness.close', () => {
  it('waits for requests under way and refuses those after it', async () => {
    const stored: number[] = [];
    const store = watched(async (state) => {
      await new Promise((resolve) => setImmediate(resolve));
      stored.push(state.size);
    });
    const one = await open({ store });
    const underWay = one.addCheckpoint(growth(0, 5));
    await new Promise((resolve) => setImmediate(resolve));
    await one.close();
    expect(stored).toEqual([5]);
    await underWay;
    expect(await refusal(one.addCheckpoint(growth(5, 7)))).toEqual({ code: 'NODE_STOPPING' });
  });
});

function flip(bytes: Uint8Array | undefined): Uint8Array {
  const copy = Uint8Array.from(bytes ?? []);
  copy[0] = (copy[0] ?? 0) ^ 1;
  return copy;
}

/** A memory store whose `put` first does what the test wants. */
function watched(before: (state: WitnessState) => unknown): WitnessStore {
  const store = openMemoryWitnessStore();
  return {
    ...store,
    put: async (state) => {
      await before(state);
      await store.put(state);
    },
  };
}
