import { describe, expect, it } from 'vitest';
import {
  latestSeenBy,
  requestCosignature,
  type WitnessClientOptions,
  type WitnessEndpoint,
} from '../../src/client/witness-client.ts';
import { parseAddCheckpoint } from '../../src/core/note/add-checkpoint.ts';
import {
  appendSignatures,
  signCosignature,
  verifyCosignatures,
} from '../../src/core/note/cosignature.ts';
import { formatSignatureLine, parseNote } from '../../src/core/note/note.ts';
import { originHash } from '../../src/core/note/origin-hash.ts';
import { SIGNATURE_TYPE } from '../../src/core/note/vkey.ts';
import { AttestryError } from '../../src/errors.ts';
import { createWitnessApp } from '../../src/http/witness-app.ts';
import { openWitness, type Witness } from '../../src/witness/witness.ts';
import { openMemoryWitnessStore } from '../../src/witness/witness-store.ts';
import { makeSignedLog, type SignedLog, testSigner } from '../helpers/signed-log.ts';
import { serving } from '../http/raw-connection.ts';
import { bodyText, startPeer } from './peer-server.ts';

const NOW = 1_790_000_000;
const log = makeSignedLog('log.example/eu', 64);
const fork = makeSignedLog('log.example/eu', 64, 1);
const key = testSigner('witness.example/w1', SIGNATURE_TYPE.cosignature);
const stranger = testSigner('witness.example/w2', SIGNATURE_TYPE.cosignature);
const GREASE = formatSignatureLine({
  name: 'grease.example',
  keyId: new Uint8Array(4),
  signature: new Uint8Array(2428).fill(7),
});

function endpoint(url: string): WitnessEndpoint {
  return { name: key.vkey.name, vkey: key.vkey, url };
}

interface Asked {
  readonly url?: string;
  readonly size: number;
  readonly oldSize?: number;
  readonly from?: SignedLog;
  readonly checkpoint?: string;
  readonly options?: WitnessClientOptions;
}

function ask({ url = '', size, oldSize = 0, from = log, checkpoint, options }: Asked) {
  return requestCosignature(
    endpoint(url),
    {
      checkpoint: checkpoint ?? from.checkpoint(size),
      oldSize,
      proveConsistency: (old) => from.tree.proof(old, size),
    },
    options,
  );
}

/** The code and details of the refusal. */
async function refusal(answer: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await answer;
  } catch (error) {
    if (error instanceof AttestryError) return { code: error.code, ...error.details };
    throw error;
  }
  return { code: 'nothing thrown' };
}

interface Scripted {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

/** A witness that gives the scripted answers in turn, the last one for ever, and keeps what it was asked. */
async function scripted(...answers: readonly Scripted[]) {
  const asked: string[] = [];
  const peer = await startPeer(async (request, response) => {
    asked.push(await bodyText(request));
    const {
      status,
      body = '',
      headers = {},
    } = answers[asked.length - 1] ?? answers.at(-1) ?? { status: 500 };
    response.writeHead(status, headers).end(body);
  });
  const oldSizes = () => asked.map((body) => parseAddCheckpoint(body).oldSize);
  return { url: peer.url, asked, oldSizes };
}

function cosignature(size: number, time = NOW, signer = key): string {
  return signCosignature(parseNote(log.checkpoint(size)).text, time, signer);
}

async function withWitness(act: (url: string, witness: Witness) => Promise<void>): Promise<void> {
  const witness = await openWitness({
    store: openMemoryWitnessStore(),
    signer: key,
    logs: [log.signer.vkey],
    now: () => NOW,
  });
  const app = await createWitnessApp(witness, { log: false });
  await serving(app, (url) => act(url, witness));
}

describe('requestCosignature', () => {
  it('gives a cosignature that verifies on the checkpoint', async () => {
    await withWitness(async (url) => {
      const { lines, time } = await ask({ url, size: 5 });
      expect(time).toBe(NOW);
      const note = parseNote(appendSignatures(log.checkpoint(5), [lines]));
      expect(verifyCosignatures(note, { witnesses: [key.vkey] })).toHaveLength(1);
      expect((await ask({ url: `${url}/`, size: 7, oldSize: 5 })).time).toBe(NOW);
    });
  });

  it('learns the size from a conflict, forward and backward, and asks once more', async () => {
    await withWitness(async (url, witness) => {
      await ask({ url, size: 5 });
      await ask({ url, size: 20, oldSize: 0 });
      await ask({ url, size: 30, oldSize: 25 });
      await ask({ url, size: 30, oldSize: 3 });
      expect(witness.states()).toMatchObject([{ size: 30 }]);
    });
    const late = await scripted(
      { status: 409, body: '0\n' },
      { status: 200, body: cosignature(30) },
    );
    await ask({ url: late.url, size: 30, oldSize: 20 });
    expect(late.oldSizes()).toEqual([20, 0]);
    expect(parseAddCheckpoint(late.asked[1] ?? '').proof).toEqual([]);
  });

  it('says when the witness has cosigned more than the checkpoint holds', async () => {
    await withWitness(async (url) => {
      await ask({ url, size: 20 });
      expect(await refusal(ask({ url, size: 5 }))).toEqual({
        code: 'WITNESS_AHEAD',
        witness: key.vkey.name,
        size: 20,
        checkpointSize: 5,
      });
    });
  });

  it('does not ask for ever when every size is denied', async () => {
    const fickle = await scripted({ status: 409, body: '3\n' }, { status: 409, body: '4\n' });
    expect(await refusal(ask({ url: fickle.url, size: 5 }))).toMatchObject({
      code: 'WITNESS_SIZE_CONFLICT',
      size: 4,
    });
    expect(fickle.asked).toHaveLength(2);
    const same = await scripted({ status: 409, body: '3\n' });
    expect(await refusal(ask({ url: same.url, size: 5, oldSize: 3 }))).toMatchObject({
      code: 'RESPONSE_INVALID',
    });
    expect(same.asked).toHaveLength(1);
  });

  it('hears of a fork, from this witness and from one that answers 409 without a size', async () => {
    await withWitness(async (url) => {
      await ask({ url, size: 5 });
      expect(await refusal(ask({ url, size: 5, from: fork }))).toMatchObject({
        code: 'WITNESS_PROOF_INVALID',
        status: 422,
      });
      expect(await refusal(ask({ url, size: 9, oldSize: 5, from: fork }))).toMatchObject({
        code: 'WITNESS_PROOF_INVALID',
      });
    });
    const deviant = await scripted({ status: 409, body: '5\n' }, { status: 409 });
    expect(await refusal(ask({ url: deviant.url, size: 5 }))).toMatchObject({
      code: 'WITNESS_PROOF_INVALID',
      status: 409,
    });
    expect(deviant.oldSizes()).toEqual([0, 5]);
  });

  it.each<[string, Scripted, Record<string, unknown>]>([
    ['400', { status: 400 }, { code: 'REQUEST_MALFORMED' }],
    ['413', { status: 413 }, { code: 'REQUEST_MALFORMED' }],
    [
      '403, as older witnesses say of a log unknown',
      { status: 403 },
      { code: 'WITNESS_ORIGIN_UNKNOWN' },
    ],
    ['404', { status: 404, body: 'unknown log' }, { code: 'WITNESS_ORIGIN_UNKNOWN' }],
    ['422', { status: 422 }, { code: 'WITNESS_PROOF_INVALID' }],
    ['429', { status: 429 }, { code: 'RATE_LIMITED' }],
    [
      '429 with a time',
      { status: 429, headers: { 'retry-after': '7' } },
      { code: 'RATE_LIMITED', retryAfterSeconds: 7 },
    ],
    [
      '429 with a date',
      { status: 429, headers: { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT' } },
      { code: 'RATE_LIMITED' },
    ],
    [
      '503 with a time',
      { status: 503, headers: { 'retry-after': '7' } },
      { code: 'PEER_UNAVAILABLE', retryAfterSeconds: 7 },
    ],
    ['500', { status: 500 }, { code: 'PEER_UNAVAILABLE' }],
    [
      'a redirect',
      { status: 307, headers: { location: 'http://127.0.0.1:1/' } },
      { code: 'RESPONSE_INVALID' },
    ],
    ['204', { status: 204 }, { code: 'RESPONSE_INVALID' }],
    ['a conflict without a size', { status: 409 }, { code: 'RESPONSE_INVALID' }],
    ['a conflict with a size in hex', { status: 409, body: '0x5\n' }, { code: 'RESPONSE_INVALID' }],
    [
      'a conflict with a size and a space',
      { status: 409, body: '5 \n' },
      { code: 'RESPONSE_INVALID' },
    ],
    [
      'a conflict with a negative size',
      { status: 409, body: '-1\n' },
      { code: 'RESPONSE_INVALID' },
    ],
    ['a conflict with a page', { status: 409, body: '<html>' }, { code: 'RESPONSE_INVALID' }],
    ['nothing', { status: 200 }, { code: 'RESPONSE_INVALID' }],
    ['a page', { status: 200, body: '<html>\n' }, { code: 'RESPONSE_INVALID' }],
    [
      'a line without its newline',
      { status: 200, body: cosignature(5).trimEnd() },
      { code: 'RESPONSE_INVALID' },
    ],
    [
      'lines of strangers only',
      { status: 200, body: GREASE + cosignature(5, NOW, stranger) },
      { code: 'RESPONSE_INVALID' },
    ],
    [
      'its cosignature of another checkpoint',
      { status: 200, body: cosignature(6) },
      { code: 'COSIGNATURE_INVALID' },
    ],
    [
      'its line beside a forged one of its own',
      { status: 200, body: cosignature(5) + cosignature(6) },
      { code: 'COSIGNATURE_INVALID' },
    ],
    [
      'a cosignature of time zero',
      { status: 200, body: cosignature(5, 0) },
      { code: 'COSIGNATURE_TIME_INVALID' },
    ],
    [
      'a cosignature from the future',
      { status: 200, body: cosignature(5, NOW + 301) },
      { code: 'COSIGNATURE_TIME_FUTURE' },
    ],
    ['too many bytes', { status: 200, body: GREASE.repeat(40) }, { code: 'RESPONSE_TOO_LARGE' }],
    [
      'more than 100 lines',
      { status: 200, body: '— a AAAAAAA=\n'.repeat(101) },
      { code: 'RESPONSE_INVALID' },
    ],
  ])('has a code for the answer %s', async (_, answer, expected) => {
    const { url, asked } = await scripted(answer);
    const options = { now: () => NOW };
    const found = await refusal(ask({ url, size: 5, oldSize: 3, options }));
    expect(found).toMatchObject(expected);
    if (!('retryAfterSeconds' in expected)) expect(found).not.toHaveProperty('retryAfterSeconds');
    expect(asked).toHaveLength(1);
  });

  it('picks its witness out of the lines of others', async () => {
    const body = GREASE + cosignature(5) + cosignature(5, NOW, stranger);
    const { url } = await scripted({ status: 200, body });
    const { lines } = await ask({ url, size: 5, options: { now: () => NOW - 300 } });
    expect(lines).toBe(cosignature(5));
  });

  it('sends the log’s own signature only, and never more than 16 KiB', async () => {
    const { url, asked } = await scripted({ status: 200, body: cosignature(5) });
    const crowded = log.checkpoint(5) + GREASE.repeat(6) + cosignature(5, NOW, stranger);
    await ask({ url, size: 5, oldSize: 3, checkpoint: crowded });
    expect(asked[0]).toMatch(/^old 3\n/);
    expect(parseAddCheckpoint(asked[0] ?? '').checkpoint).toBe(log.checkpoint(5));
    const ownGrease = GREASE.replace('grease.example', log.origin).repeat(6);
    const large = ask({ url, size: 5, checkpoint: log.checkpoint(5) + ownGrease });
    expect(await refusal(large)).toMatchObject({ code: 'INPUT_TOO_LARGE' });
    expect(asked).toHaveLength(1);
  });

  it('sends every signature of a log whose key does not have its name', async () => {
    const odd = log.checkpoint(5).replace('— log.example/eu', '— sum.example');
    const { url, asked } = await scripted({ status: 200, body: cosignature(5) });
    await ask({ url, size: 5, checkpoint: odd });
    expect(parseAddCheckpoint(asked[0] ?? '').checkpoint).toBe(odd);
  });

  it('gives up on a witness that is silent, gone, or no longer wanted', async () => {
    const silent = await startPeer(() => {});
    expect(
      await refusal(ask({ url: silent.url, size: 5, options: { timeoutMs: 50 } })),
    ).toMatchObject({
      code: 'PEER_UNAVAILABLE',
    });
    const signal = AbortSignal.abort();
    expect(await refusal(ask({ url: silent.url, size: 5, options: { signal } }))).toMatchObject({
      code: 'PEER_UNAVAILABLE',
    });
    await new Promise((resolve) => silent.server.close(resolve));
    expect(await refusal(ask({ url: silent.url, size: 5 }))).toMatchObject({
      code: 'PEER_UNAVAILABLE',
    });
  });

  it('throws RangeError for an old size above the checkpoint', async () => {
    await expect(ask({ size: 5, oldSize: 6 })).rejects.toThrow(RangeError);
  });
});

describe('latestSeenBy', () => {
  it('gives what the witness cosigned last, or nothing', async () => {
    await withWitness(async (url) => {
      expect(await latestSeenBy(endpoint(url), log.origin)).toBeUndefined();
      const { lines } = await ask({ url, size: 5 });
      expect(await latestSeenBy(endpoint(url), log.origin)).toMatchObject({
        checkpoint: { origin: log.origin, size: 5, root: log.tree.root(5) },
        noteText: log.checkpoint(5) + lines,
        time: NOW,
      });
    });
  });

  it('asks under the hash of the origin', async () => {
    const paths: (string | undefined)[] = [];
    const peer = await startPeer((request, response) => {
      paths.push(request.url);
      response.writeHead(404).end();
    });
    await latestSeenBy(endpoint(`${peer.url}/prefix/`), log.origin);
    expect(paths).toEqual([`/prefix/${originHash(log.origin)}/checkpoint`]);
  });

  const five = log.checkpoint(5);
  it.each<[string, Scripted, string]>([
    ['500', { status: 500 }, 'PEER_UNAVAILABLE'],
    ['a page', { status: 200, body: '<html>' }, 'RESPONSE_INVALID'],
    ['no cosignature of its own', { status: 200, body: five }, 'RESPONSE_INVALID'],
    [
      'another log',
      { status: 200, body: makeSignedLog('other', 5).checkpoint(5) + cosignature(5) },
      'RESPONSE_INVALID',
    ],
    [
      'a cosignature of another checkpoint',
      { status: 200, body: five + cosignature(6) },
      'COSIGNATURE_INVALID',
    ],
    ['too many bytes', { status: 200, body: five + GREASE.repeat(80) }, 'RESPONSE_TOO_LARGE'],
  ])('refuses %s', async (_, answer, code) => {
    const { url } = await scripted(answer);
    expect(await refusal(latestSeenBy(endpoint(url), log.origin))).toMatchObject({ code });
  });
});
