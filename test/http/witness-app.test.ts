import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { decodeHex } from '../../src/core/bytes/hex.ts';
import { formatAddCheckpoint } from '../../src/core/note/add-checkpoint.ts';
import { appendSignatures, verifyCosignatures } from '../../src/core/note/cosignature.ts';
import { formatNote, parseNote } from '../../src/core/note/note.ts';
import { originHash } from '../../src/core/note/origin-hash.ts';
import { makeVkey, parseVkey, SIGNATURE_TYPE, type VerifierKey } from '../../src/core/note/vkey.ts';
import type { App } from '../../src/http/app-type.ts';
import { createWitnessApp } from '../../src/http/witness-app.ts';
import { openWitness, type Witness, type WitnessOptions } from '../../src/witness/witness.ts';
import { openMemoryWitnessStore } from '../../src/witness/witness-store.ts';
import { withLargeScalar } from '../helpers/forgeries.ts';
import { makeSignedLog, type SignedLog, testSigner } from '../helpers/signed-log.ts';
import { readJson, sharedVectors } from '../helpers/vectors.ts';
import { openRaw, serving, until } from './raw-connection.ts';

const NOW = 1_790_000_000;
const log = makeSignedLog('log.example/eu', 64);
const stranger = makeSignedLog('stranger.example/log', 8, 1);
const witnessKey = testSigner('example.com/witness', SIGNATURE_TYPE.cosignature);
const TEXT = 'text/plain; charset=utf-8';

interface Running {
  readonly app: App;
  readonly witness: Witness;
}

async function start(options: Partial<WitnessOptions> = {}): Promise<Running> {
  const witness = await openWitness({
    store: openMemoryWitnessStore(),
    signer: witnessKey,
    logs: [log.signer.vkey],
    now: () => NOW,
    ...options,
  });
  const limits = { requestsPerWindow: 0, maxEventLoopDelayMs: 0 };
  return { witness, app: await createWitnessApp(witness, { log: false, limits }) };
}

function growth(oldSize: number, size: number, from: SignedLog = log): string {
  const proof = oldSize === 0 ? [] : from.tree.proof(oldSize, size);
  return formatAddCheckpoint({ oldSize, proof, checkpoint: from.checkpoint(size) });
}

/** The note with S + L for S in its one signature. */
function withLargeSignature(note: string): string {
  const { text, signatures } = parseNote(note);
  const [line] = signatures;
  if (line === undefined) throw new TypeError('a signature');
  return formatNote({
    text,
    signatures: [{ ...line, signature: withLargeScalar(line.signature) }],
  });
}

interface Answer {
  readonly statusCode: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

function post(app: App, payload: string | Buffer, headers = {}): Promise<Answer> {
  return app.inject({ method: 'POST', url: '/add-checkpoint', payload, headers });
}

describe('POST /add-checkpoint', () => {
  it('answers 200 with the signature line alone', async () => {
    const { app } = await start();
    const { statusCode, headers, body } = await post(app, growth(0, 5));
    expect(statusCode).toBe(200);
    expect(headers['content-type']).toBe(TEXT);
    expect(headers['access-control-allow-origin']).toBe('*');
    expect(body).toMatch(/^— example\.com\/witness [A-Za-z0-9+/=]+\n$/);
    const note = parseNote(appendSignatures(log.checkpoint(5), [body]));
    expect(verifyCosignatures(note, { witnesses: [witnessKey.vkey] })).toMatchObject([
      { time: NOW },
    ]);
  });

  it('answers 409 with the size alone', async () => {
    const { app } = await start();
    expect(await post(app, growth(2, 5))).toMatchObject({ statusCode: 409, body: '0\n' });
    await post(app, growth(0, 5));
    const { statusCode, headers, body } = await post(app, growth(0, 7));
    expect(statusCode).toBe(409);
    expect(headers['content-type']).toBe('text/x.tlog.size');
    expect(body).toBe('5\n');
  });

  const hash = 'A'.repeat(43).concat('=\n');
  const five = log.checkpoint(5);
  const proof = growth(3, 5).slice('old 3\n'.length, growth(3, 5).indexOf('\n\n') + 1);
  const rows: readonly (readonly [string, number, string])[] = [
    ['an empty body', 400, ''],
    ['no old size', 400, `\n${five}`],
    ['an old size with a sign', 400, `old +3\n${proof}\n${five}`],
    ['an old size with a leading zero', 400, `old 03\n${proof}\n${five}`],
    ['an old size of 2^64', 400, `old 18446744073709551616\n${proof}\n${five}`],
    ['two spaces', 400, `old  3\n${proof}\n${five}`],
    ['no blank line', 400, `old 3\n${proof}${five}`],
    ['CRLF line ends', 400, growth(3, 5).replaceAll('\n', '\r\n')],
    ['a checkpoint without its last newline', 400, growth(3, 5).trimEnd()],
    ['a hash of 31 bytes', 400, `old 3\n${'A'.repeat(42)}==\n\n${five}`],
    ['a hash in base64 for URLs', 400, `old 3\n${'_'.repeat(43)}=\n\n${five}`],
    ['64 hashes', 400, `old 3\n${hash.repeat(64)}\n${five}`],
    ['63 hashes, which is no malformed request', 422, `old 3\n${hash.repeat(63)}\n${five}`],
    ['an extension line', 400, `old 3\n${proof}\n${five.replace('\n\n', '\nmore\n\n')}`],
    ['an old size above the size', 400, `old 6\n${proof}\n${five}`],
    ['a log unknown', 404, growth(0, 5, stranger)],
    [
      'a checkpoint without its log’s signature',
      403,
      `old 3\n${proof}\n${five.replace('— log', '— lug')}`,
    ],
    ['a signature over another text', 403, growth(3, 5).replace('\n5\n', '\n6\n')],
    ['an old size too small', 409, `old 2\n${proof}\n${five}`],
    ['no proof', 422, `old 3\n\n${five}`],
    ['a proof one hash too long', 422, `old 3\n${proof}${hash}\n${five}`],
    ['a NUL byte in the checkpoint', 400, growth(3, 5).replace('\n5\n', '\n5\0\n')],
    ['NUL bytes', 400, '\0'.repeat(64)],
    ['a log’s signature with S + L', 403, `old 3\n${proof}\n${withLargeSignature(five)}`],
    ['a hash with trailing bits', 400, `old 3\n${'A'.repeat(42)}B=\n\n${five}`],
    ['another root of the size', 422, `old 3\n\n${log.checkpoint(3, stranger.tree.root(3))}`],
  ];

  it.each(rows)('answers %s with %i', async (_, status, body) => {
    const { app, witness } = await start();
    await post(app, growth(0, 3));
    const before = witness.states();
    const answer = await post(app, body);
    expect(answer.statusCode, answer.body).toBe(status);
    expect(witness.states()).toEqual(before);
    if (status !== 409) expect(JSON.parse(answer.body).error.code).toMatch(/^[A-Z_]+$/);
  });

  it('answers an old size of 0 with a proof, and an empty log with a root, with 422', async () => {
    const { app } = await start();
    for (const body of [
      `old 0\n${hash}\n${five}`,
      `old 0\n\n${log.checkpoint(0, stranger.tree.root(1))}`,
    ]) {
      expect((await post(app, body)).statusCode).toBe(422);
    }
    expect((await post(app, growth(0, 0))).statusCode).toBe(200);
  });

  it('takes any content type, or none', async () => {
    const { app } = await start();
    for (const headers of [
      {},
      { 'content-type': 'application/octet-stream' },
      { 'content-type': 'x/y' },
    ]) {
      const answer = await post(app, growth(0, 5), headers);
      expect([200, 409]).toContain(answer.statusCode);
    }
  });

  it('refuses bytes that are no UTF-8, and a body above 128 KiB', async () => {
    const { app } = await start();
    expect((await post(app, Buffer.from([0x6f, 0xff]))).statusCode).toBe(400);
    expect((await post(app, growth(0, 5).padEnd(128 * 1024 + 1, 'x'))).statusCode).toBe(413);
  });

  it('stops reading a body without end at the limit', async () => {
    const { app, witness } = await start();
    await serving(app, async (url) => {
      const raw = await openRaw(
        url,
        'POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\n',
      );
      const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
      let chunks = 0;
      const pour = (): void => {
        while (!raw.socket.destroyed && chunks++ < 1000 && raw.socket.write(chunk));
      };
      raw.socket.on('drain', pour);
      pour();
      await until(() => raw.heard() !== '', 15_000);
      raw.socket.destroy();
      await raw.closed;
      expect(raw.heard()).toMatch(/^HTTP\/1\.1 413 /);
      expect(chunks).toBeLessThan(1000);
      expect(witness.states()).toEqual([]);
    });
  });

  it('takes a checkpoint with many signatures of others', async () => {
    const { app } = await start();
    const line = `— grease.example ${Buffer.alloc(900, 7).toString('base64')}\n`;
    expect((await post(app, `old 0\n\n${five}${line.repeat(99)}`)).statusCode).toBe(200);
    expect((await post(app, `old 5\n\n${five}${line.repeat(100)}`)).statusCode).toBe(400);
  });

  it('never fails on mutated requests, and keeps its state when it refuses', async () => {
    const { app, witness } = await start();
    await post(app, growth(0, 3));
    const valid = Buffer.from(growth(3, 5));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 1, max: 255 })), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.nat(valid.length),
        async (flips, cut) => {
          const bytes = Buffer.from(valid);
          for (const [at, mask] of flips) bytes[at] = (bytes[at] ?? 0) ^ mask;
          const sent = bytes.subarray(0, cut % 3 === 0 ? cut : undefined);
          // Two flips may undo each other: what is left is the valid request, which would be taken.
          fc.pre(!sent.equals(valid));
          const { statusCode, body } = await post(app, sent);
          expect([400, 403, 404, 409, 422], body).toContain(statusCode);
          expect(witness.states()).toMatchObject([{ size: 3 }]);
        },
      ),
      { numRuns: 300 },
    );
    expect((await post(app, valid)).statusCode).toBe(200);
  });

  it('serves 64 racing requests over two connections: only sizes that grow, one cosignature each', async () => {
    const { app, witness } = await start();
    await serving(app, async (url) => {
      const cosigned: number[] = [];
      const submit = async (size: number): Promise<void> => {
        let known = 0;
        for (;;) {
          const body = growth(known, size);
          const answer = await fetch(`${url}/add-checkpoint`, { method: 'POST', body });
          const text = await answer.text();
          if (answer.status === 200) {
            cosigned.push(size);
            return;
          }
          expect(answer.status, text).toBe(409);
          known = Number(text);
          if (known >= size) return;
        }
      };
      await Promise.all(Array.from({ length: 64 }, (_, i) => submit(1 + ((i * 37) % 64))));
      expect(witness.states()).toMatchObject([{ size: 64 }]);
      expect(new Set(cosigned).size).toBe(cosigned.length);
    });
  });
});

describe('GET /:originHash/checkpoint', () => {
  const path = `/${originHash(log.origin)}/checkpoint`;

  it('serves the note that log and witness signed', async () => {
    const { app } = await start();
    const { body: line } = await post(app, growth(0, 5));
    const { statusCode, headers, body } = await app.inject(path);
    expect(statusCode).toBe(200);
    expect(headers['content-type']).toBe(TEXT);
    expect(headers['access-control-allow-origin']).toBe('*');
    expect(headers['cache-control']).toBe('public, max-age=2');
    expect(body).toBe(log.checkpoint(5) + line);
  });

  it.each([
    path,
    `/${originHash('elsewhere')}/checkpoint`,
    `/${encodeURIComponent(log.origin)}/checkpoint`,
    `${path.toUpperCase().replace('CHECKPOINT', 'checkpoint')}`,
    '/__proto__/checkpoint',
    '/%00/checkpoint',
  ])('answers 404 where it has cosigned nothing (%s)', async (place) => {
    const { app } = await start();
    const answer = await app.inject(place);
    expect(answer.statusCode).toBe(404);
    expect(answer.headers['cache-control']).toBe('no-store');
  });
});

describe('createWitnessApp', () => {
  it('counts answers by result and shows the size per log', async () => {
    const { app } = await start();
    await post(app, growth(0, 5));
    await post(app, growth(0, 7));
    await post(app, '');
    const { body } = await app.inject('/metrics');
    expect(body).toContain('attestry_witness_add_checkpoint_total{result="COSIGNED"} 1');
    expect(body).toContain(
      'attestry_witness_add_checkpoint_total{result="WITNESS_SIZE_CONFLICT"} 1',
    );
    expect(body).toContain('attestry_witness_add_checkpoint_total{result="REQUEST_MALFORMED"} 1');
    expect(body).toContain('attestry_witness_log_size{origin="log.example/eu"} 5');
    expect(body).toContain(`attestry_witness_cosigned_seconds{origin="log.example/eu"} ${NOW}`);
  });

  it('is healthy until its store fails', async () => {
    const store = openMemoryWitnessStore();
    let broken = false;
    const { app } = await start({
      store: {
        ...store,
        put: async (state) => {
          if (broken) throw new Error('EIO');
          await store.put(state);
        },
      },
    });
    await post(app, growth(0, 3));
    expect((await app.inject('/healthz')).statusCode).toBe(200);
    broken = true;
    const answer = await post(app, growth(3, 5));
    expect(answer.statusCode).toBe(503);
    expect(answer.body).not.toContain('EIO');
    expect((await app.inject('/healthz')).statusCode).toBe(503);
  });

  it('documents its routes', async () => {
    const { app } = await start();
    const document = (await app.inject('/docs/json')).json();
    expect(document.openapi).toMatch(/^3\.1/);
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/add-checkpoint',
        '/{originHash}/checkpoint',
        '/healthz',
        '/metrics',
      ]),
    );
    expect(document.paths['/add-checkpoint'].post.responses['409'].content).toHaveProperty(
      'text/x.tlog.size',
    );
  });
});

const STATUS_HERE: ReadonlyMap<string, number> = new Map([
  // Older than the specification, which has 404 for it.
  ['unknown log', 404],
  // Its base64 has bits after the last byte: to a strict reader no wrong signature, but no signed note at all.
  ['invalid signature', 400],
]);

interface VectorFile {
  readonly sigsumLogKeyHex?: string;
  readonly origin?: string;
  readonly logVkey?: string;
  readonly sequence: readonly {
    readonly body: string;
    readonly wantStatus: number;
    readonly wantBody?: string;
    readonly wantBodyContains?: string;
  }[];
}

describe.each(['litewitness-add-checkpoint.json', 'litewitness-sumdb.json'])('%s', (name) => {
  const folder = sharedVectors('witness');

  test.skipIf(folder === undefined)('gives the wanted answers in order', async () => {
    const file = readJson<VectorFile>(join(folder ?? '', name));
    const { app } = await start(logsOf(file));
    for (const step of file.sequence) {
      const answer = await post(app, step.body);
      const status = STATUS_HERE.get(step.wantBodyContains ?? '') ?? step.wantStatus;
      expect(answer.statusCode, answer.body).toBe(status);
      if (step.wantBody !== undefined) expect(answer.body).toBe(step.wantBody);
      if (status === 200) expect(answer.body).toContain(step.wantBodyContains);
    }
  });
});

function logsOf(file: VectorFile): Partial<WitnessOptions> {
  if (file.logVkey !== undefined) {
    const key = parseVkey(file.logVkey);
    return { logs: [key], origins: new Map([[key.name, file.origin ?? '']]) };
  }
  return { logs: [sigsumKey(file)] };
}

// A Sigsum log's origin is made of the hash of its key; the checkpoints of the file say it.
function sigsumKey(file: VectorFile): VerifierKey {
  const origin = /^sigsum.*$/m.exec(file.sequence[0]?.body ?? '')?.[0] ?? '';
  return makeVkey(origin, SIGNATURE_TYPE.ed25519, decodeHex(file.sigsumLogKeyHex ?? ''));
}
