import { describe, expect, it, vi } from 'vitest';
import { readCheckpoint, readLog, readReceipt } from '../../scripts/kill-cycles/outsider.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { leafHash } from '../../src/core/merkle/hash.ts';
import { parseReceipt } from '../../src/core/receipt/receipt.ts';
import { verifyReceipt } from '../../src/core/receipt/verify.ts';
import type { Statement } from '../../src/core/statement/statement.ts';
import type { App } from '../../src/http/app.ts';
import { getterOf } from '../helpers/check-log.ts';
import { LogBed } from '../helpers/log-bed.ts';
import { type Accepted, type LogSite, linesOf, openLogSite, post } from '../helpers/log-site.ts';
import { NaiveTree, naiveLeafHash } from '../helpers/naive-tree.ts';
import { sampleStatement, sampleStream } from '../helpers/statements.ts';
import { Gate, wrapStore } from '../helpers/wrapped-store.ts';

const hashText = (entry: Uint8Array): string => encodeHex(leafHash(entry));
const entriesOf = ({ bed }: Pick<LogSite, 'bed'>, count: number, from = 0): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => bed.entry(from + i));
const bytesOf = (receipt: object): Uint8Array => new TextEncoder().encode(JSON.stringify(receipt));

describe('POST /v1/entries with one envelope', () => {
  it('answers 201 with index, hash and a committed receipt', async () => {
    const site = await openLogSite();
    const answer = await post(site.app, site.bed.entry(0));
    expect(answer.statusCode).toBe(201);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    const accepted = answer.json() as Accepted;
    expect(Object.keys(accepted)).toEqual(['entryHash', 'index', 'receipt', 'state']);
    expect(accepted).toMatchObject({
      entryHash: hashText(site.bed.entry(0)),
      index: 0,
      state: 'committed',
    });
    const receipt = readReceipt(JSON.stringify(accepted.receipt), site.bed.outsiderTrust);
    expect(receipt).toMatchObject({ index: 0, checkpoint: { size: 1, cosignedBy: [] } });
  });

  it('answers the same bytes again with 200 and the same receipt, and adds nothing', async () => {
    const site = await openLogSite();
    const first = await post(site.app, site.bed.entry(0));
    await post(site.app, site.bed.entry(1));
    const again = await post(site.app, site.bed.entry(0));
    expect(again.statusCode).toBe(200);
    expect(again.body).toBe(first.body);
    expect(site.log.size).toBe(2);
  });

  it('waits for the witnesses when asked to', async () => {
    const site = await openLogSite();
    const answer = await post(site.app, site.bed.entry(0), '?wait=witnessed');
    expect(answer.statusCode).toBe(201);
    const { receipt, state } = answer.json() as Accepted;
    expect(state).toBe('witnessed');
    const parsed = parseReceipt(bytesOf(receipt));
    expect(verifyReceipt(parsed, site.bed.network.rules)).toMatchObject({ index: 0 });
    const again = await post(site.app, site.bed.entry(0), '?wait=witnessed');
    expect([again.statusCode, again.body]).toEqual([200, answer.body]);
  });

  it('answers 202 when the witnesses do not come in time', async () => {
    const site = await openLogSite({ bed: new LogBed(), app: { witnessWaitMs: 20 } });
    const answer = await post(site.app, site.bed.entry(0), '?wait=witnessed');
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toMatchObject({ index: 0, state: 'committed' });
    expect(site.log.size).toBe(1);
  });

  it('answers a missing number of a meter with 409 and what it expects', async () => {
    const site = await openLogSite();
    const [zero, , two] = sampleStream(3, { context: site.bed.eu.context }).map((statement) =>
      site.bed.entryOf(statement),
    ) as [Uint8Array, Uint8Array, Uint8Array];
    await post(site.app, zero);
    const { payload } = parseEnvelopeJson(zero);
    const digest = Buffer.from(
      await crypto.subtle.digest('SHA-256', Buffer.from(payload, 'base64')),
    );
    const answer = await post(site.app, two);
    expect(answer.statusCode).toBe(409);
    expect(answer.json()).toMatchObject({
      error: {
        code: 'STREAM_SEQUENCE_MISMATCH',
        details: { expectedSequence: 1, expectedPrevious: digest.toString('hex') },
      },
    });
  });

  it('answers an operator that sends too much with 429 and Retry-After', async () => {
    const limits = { operatorEntriesPerSecond: 0.01, operatorBurst: 1 };
    const site = await openLogSite({ log: { limits } });
    await post(site.app, site.bed.entry(0));
    const answer = await post(site.app, site.bed.entry(1));
    expect(answer.statusCode).toBe(429);
    expect(answer.json()).toMatchObject({ error: { code: 'RATE_LIMITED' } });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(50);
  });

  it('answers a full queue with 503 and Retry-After, before it promises anything', async () => {
    const gate = new Gate();
    const bed = await LogBed.make();
    const { store } = await bed.open();
    bed.disk.held = false;
    const commit: typeof store.commit = async (batch) => {
      await gate.pass();
      await store.commit(batch);
    };
    const site = await openLogSite({
      bed,
      log: { store: wrapStore(store, { commit }), limits: { queuedEntries: 1 } },
    });
    const first = post(site.app, bed.entry(0));
    await vi.waitFor(() => expect(gate.arrived).toBe(1));
    const second = post(site.app, bed.entry(1));
    await vi.waitFor(() => expect(site.log.status().queued).toBe(1));
    const third = await post(site.app, bed.entry(2));
    expect(third.statusCode).toBe(503);
    expect(third.headers['retry-after']).toBe('1');
    expect(third.json()).toMatchObject({ error: { code: 'QUEUE_FULL' } });
    gate.open();
    expect([(await first).statusCode, (await second).statusCode]).toEqual([201, 201]);
    expect(site.log.size).toBe(2);
  });

  it('answers with 503 and without a word of the disk when that fails', async () => {
    const bed = new LogBed();
    const { store } = await bed.open();
    const commit = (): Promise<never> => Promise.reject(new Error('EIO on /secret/path'));
    const site = await openLogSite({ bed, log: { store: wrapStore(store, { commit }) } });
    const answer = await post(site.app, bed.entry(0));
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ error: { code: 'STORE_FAILED', details: {} } });
    expect(answer.body).not.toContain('secret');
    expect(site.fatal).toHaveLength(1);
  });
});

function parseEnvelopeJson(entry: Uint8Array): { payload: string } {
  return JSON.parse(new TextDecoder().decode(entry)) as { payload: string };
}

describe('POST /v1/entries with many envelopes', () => {
  it('gives each line its result, in order', async () => {
    const site = await openLogSite();
    const { bed } = site;
    const { context } = bed.eu;
    const stream = sampleStream(3, { context }).map((statement) => bed.entryOf(statement));
    const elsewhere = { ...context, log: 'us.log.example' };
    const lines = [
      bed.entry(0),
      new TextEncoder().encode('{'),
      stream[0],
      stream[2],
      bed.entry(0),
      stream[1],
      bed.entryOf(sampleStatement('deployment', { context: elsewhere }) as Statement),
      new Uint8Array(),
      stream[2],
    ] as Uint8Array[];
    // The fourth and the last are the same entry: refused where its time has not come, taken where it has.
    const answer = await post(site.app, lines);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/x-ndjson/);
    const results = linesOf(answer).map(({ index, error }) => index ?? error?.code);
    expect(results).toEqual([
      0,
      'JSON_MALFORMED',
      1,
      'STREAM_SEQUENCE_MISMATCH',
      0,
      2,
      'STATEMENT_LOG_MISMATCH',
      'JSON_MALFORMED',
      3,
    ]);
    expect(site.log.size).toBe(4);
    for (const { receipt } of linesOf(answer)) {
      if (receipt !== undefined) readReceipt(JSON.stringify(receipt), bed.outsiderTrust);
    }
  });

  it('takes 1,000 lines and refuses one more, whole', async () => {
    const site = await openLogSite();
    const entries = entriesOf(site, 1_001);
    const refused = await post(site.app, entries);
    expect(refused.statusCode).toBe(413);
    expect(refused.json()).toMatchObject({ error: { code: 'BATCH_TOO_LARGE' } });
    expect(site.log.size).toBe(0);
    const taken = await post(site.app, entries.slice(0, 1_000));
    expect(linesOf(taken).map(({ index }) => index)).toEqual(
      Array.from({ length: 1_000 }, (_, i) => i),
    );
    expect(site.log.status().counters.batches).toBeLessThan(10);
    const again = await post(site.app, entries.slice(0, 1_000));
    expect(again.body).toBe(taken.body);
    expect(site.log.size).toBe(1_000);
  });

  it('survives a refusal in the first of many lines', async () => {
    const site = await openLogSite();
    const lines = [new TextEncoder().encode('{'), ...entriesOf(site, 100)];
    const results = linesOf(await post(site.app, lines));
    expect(results[0]).toMatchObject({ error: { code: 'JSON_MALFORMED' } });
    expect(results.slice(1).map(({ index }) => index)).toEqual(
      entriesOf(site, 100).map((_, i) => i),
    );
  });

  it('takes a last line without a newline', async () => {
    const site = await openLogSite();
    const payload = Buffer.concat([site.bed.entry(0), Buffer.from('\n'), site.bed.entry(1)]);
    const headers = { 'content-type': 'Application/X-NDJSON; charset=utf-8' };
    const answer = await site.app.inject({ method: 'POST', url: '/v1/entries', headers, payload });
    expect(linesOf(answer).map(({ index }) => index)).toEqual([0, 1]);
  });

  it('waits for the witnesses of all lines at once', async () => {
    const site = await openLogSite();
    const answer = await post(site.app, entriesOf(site, 50), '?wait=witnessed');
    for (const { receipt, state } of linesOf(answer)) {
      expect(state).toBe('witnessed');
      verifyReceipt(parseReceipt(bytesOf(receipt ?? {})), site.bed.network.rules);
    }
    const alone = await openLogSite({ bed: new LogBed(), app: { witnessWaitMs: 100 } });
    const started = performance.now();
    const late = linesOf(await post(alone.app, entriesOf(alone, 50), '?wait=witnessed'));
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(late.map(({ state }) => state)).toEqual(Array(50).fill('committed'));
  });
});

describe('GET /v1/entries/{index}', () => {
  it('gives the very bytes that were sent, to be kept for good', async () => {
    const site = await openLogSite();
    await post(site.app, entriesOf(site, 3));
    const answer = await site.app.inject('/v1/entries/2');
    expect(answer.statusCode).toBe(200);
    expect(new Uint8Array(answer.rawPayload)).toEqual(site.bed.entry(2));
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'public, max-age=31536000, immutable',
      'access-control-allow-origin': '*',
    });
  });

  it('answers with a code where there is no such entry', async () => {
    const site = await openLogSite({ bed: new LogBed() });
    await post(site.app, site.bed.entry(0));
    for (const [index, status, code] of [
      ['1', 404, 'ENTRY_UNKNOWN'],
      ['9007199254740991', 404, 'ENTRY_UNKNOWN'],
      ['9007199254740992', 400, 'DECIMAL_MALFORMED'],
      ['-1', 400, 'DECIMAL_MALFORMED'],
      ['01', 400, 'DECIMAL_MALFORMED'],
      ['0x0', 400, 'DECIMAL_MALFORMED'],
      ['1e0', 400, 'DECIMAL_MALFORMED'],
      ['%00', 400, 'DECIMAL_MALFORMED'],
      ['__proto__', 400, 'DECIMAL_MALFORMED'],
    ] as const) {
      const answer = await site.app.inject(`/v1/entries/${index}`);
      expect([answer.statusCode, answer.json().error.code], index).toEqual([status, code]);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
  });
});

describe('GET /v1/receipts/{entryHash}', () => {
  it('gives the witnessed receipt if there is one, else the committed one', async () => {
    const bed = await LogBed.make();
    const { witnesses } = bed;
    bed.witnesses = [];
    const site = await openLogSite({ bed });
    const { receipt } = (await post(site.app, bed.entry(0))).json() as Accepted;
    const url = `/v1/receipts/${hashText(bed.entry(0))}`;
    const committed = await site.app.inject(url);
    expect(committed.headers).toMatchObject({
      'attestry-state': 'committed',
      'cache-control': 'no-store',
      'content-type': 'application/json',
    });
    expect(committed.json()).toEqual(receipt);
    const missing = await site.app.inject(`${url}?state=witnessed`);
    expect([missing.statusCode, missing.json().error.code]).toEqual([404, 'ENTRY_UNKNOWN']);

    bed.witnesses = witnesses;
    const other = await openLogSite({ bed });
    await post(other.app, bed.entry(0), '?wait=witnessed');
    const witnessed = await other.app.inject(url);
    expect(witnessed.headers['attestry-state']).toBe('witnessed');
    verifyReceipt(parseReceipt(witnessed.rawPayload), bed.network.rules);
    for (const state of ['committed', 'witnessed']) {
      const answer = await other.app.inject(`${url}?state=${state}`);
      expect(answer.headers).toMatchObject({
        'attestry-state': state,
        'cache-control': 'public, max-age=31536000, immutable',
      });
    }
    expect((await other.app.inject(`${url}?state=committed`)).json()).toEqual(receipt);
  });

  it('answers with a code where there is no such receipt', async () => {
    const site = await openLogSite({ bed: new LogBed() });
    const hash = 'ab'.repeat(32);
    for (const [path, status, code] of [
      [hash, 404, 'ENTRY_UNKNOWN'],
      [hash.slice(2), 400, 'HEX_MALFORMED'],
      [hash.toUpperCase(), 400, 'HEX_MALFORMED'],
      ['%00', 400, 'HEX_MALFORMED'],
      [`${hash}?state=done`, 400, 'REQUEST_MALFORMED'],
      [`${hash}?state=committed&state=witnessed`, 400, 'REQUEST_MALFORMED'],
      [`${hash}?index=1`, 400, 'REQUEST_MALFORMED'],
    ] as const) {
      const answer = await site.app.inject(`/v1/receipts/${path}`);
      expect([answer.statusCode, answer.json().error.code], path).toEqual([status, code]);
    }
  });
});

describe('c2sp.org/tlog-tiles', () => {
  it('has no checkpoint before the quorum, and the newest from then on', async () => {
    const alone = await openLogSite({ bed: new LogBed() });
    const missing = await alone.app.inject('/checkpoint');
    expect([missing.statusCode, missing.json().error.code]).toEqual([
      404,
      'CHECKPOINT_UNPUBLISHED',
    ]);
    expect(missing.headers['cache-control']).toBe('no-store');
    const site = await openLogSite();
    await post(site.app, entriesOf(site, 3), '?wait=witnessed');
    const answer = await site.app.inject('/checkpoint');
    expect(answer.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'access-control-allow-origin': '*',
    });
    expect(answer.headers['cache-control']).toMatch(/max-age=[0-5]$/);
    const { size, cosignedBy } = readCheckpoint(answer.body, site.bed.outsiderTrust);
    expect(size).toBe(3);
    expect(cosignedBy.length).toBeGreaterThanOrEqual(3);
  });

  it('lets a stranger derive the whole log from checkpoint, tiles and bundles alone', async () => {
    const site = await openLogSite();
    const entries = entriesOf(site, 600);
    const get = getterOf(site.app);
    for (const [from, to] of [
      [0, 1],
      [1, 256],
      [256, 257],
      [257, 512],
      [512, 600],
    ] as const) {
      await post(site.app, entries.slice(from, to), '?wait=witnessed');
      const note = (await site.app.inject('/checkpoint')).body;
      const copy = await readLog(get, note, site.bed.outsiderTrust);
      expect(copy.entries).toHaveLength(to);
      expect(copy.entries.at(-1)).toEqual(entries[to - 1]);
    }
  });

  it('serves every width of a tile and a bundle up to its size, and nothing beyond', async () => {
    const site = await openLogSite();
    const entries = entriesOf(site, 300);
    await post(site.app, entries);
    const tree = new NaiveTree(entries.map(naiveLeafHash));
    const status = async (path: string): Promise<number> =>
      (await site.app.inject(path)).statusCode;
    for (const [path, expected] of [
      ['/tile/0/000', tree.tile(0, 0)],
      ['/tile/0/000.p/1', tree.tile(0, 0, 1)],
      ['/tile/0/000.p/255', tree.tile(0, 0, 255)],
      ['/tile/0/001.p/44', tree.tile(0, 1)],
      ['/tile/1/000.p/1', tree.tile(1, 0)],
    ] as const) {
      const answer = await site.app.inject(path);
      expect(answer.headers).toMatchObject({
        'content-type': 'application/octet-stream',
        'cache-control': 'public, max-age=31536000, immutable',
        'access-control-allow-origin': '*',
      });
      expect(answer.rawPayload.equals(expected), path).toBe(true);
    }
    for (const kind of ['0', 'entries']) {
      expect(await status(`/tile/${kind}/000`)).toBe(200);
      expect(await status(`/tile/${kind}/001.p/44`)).toBe(200);
      expect(await status(`/tile/${kind}/001.p/45`)).toBe(404);
      expect(await status(`/tile/${kind}/001`)).toBe(404);
      expect(await status(`/tile/${kind}/002.p/1`)).toBe(404);
      expect(await status(`/tile/${kind}/x001/000`)).toBe(404);
    }
    expect(await status('/tile/1/000')).toBe(404);
    expect(await status('/tile/2/000.p/1')).toBe(404);
    expect(await status('/tile/63/000')).toBe(404);
    expect((await site.app.inject('/tile/0/001')).headers['cache-control']).toBe('no-store');
  });

  it('answers HEAD as GET', async () => {
    const site = await openLogSite();
    await post(site.app, site.bed.entry(0), '?wait=witnessed');
    for (const url of ['/checkpoint', '/tile/0/000.p/1', '/tile/entries/000.p/1']) {
      const [head, get] = [
        await site.app.inject({ method: 'HEAD', url }),
        await site.app.inject(url),
      ];
      expect(head.statusCode).toBe(200);
      expect(head.headers['content-length']).toBe(get.headers['content-length']);
      expect(head.body).toBe('');
    }
  });
});

describe('createLogApp', () => {
  it('says how the log stands', async () => {
    const site = await openLogSite();
    await post(site.app, entriesOf(site, 3), '?wait=witnessed');
    const status = (await site.app.inject('/v1/log')).json();
    const { root } = site.log.status().head;
    expect(status).toMatchObject({
      origin: 'eu.log.example',
      vkey: site.bed.outsiderTrust.log,
      operator: 'operator-eu',
      region: 'eu',
      size: 3,
      root: encodeHex(root),
      witnessedSize: 3,
      queued: 0,
    });
    expect(status.witnesses).toHaveLength(4);
    expect(status.witnesses[0]).toEqual({
      name: 'witness1.example',
      url: 'https://witness1.example',
      size: 3,
      lastCosignedAt: site.bed.now,
      lastError: null,
    });
  });

  it('is healthy as long as the quorum has cosigned lately', async () => {
    const site = await openLogSite();
    const health = async (app: App = site.app): Promise<number> =>
      (await app.inject('/healthz')).statusCode;
    await vi.waitFor(async () => expect(await health()).toBe(200));
    site.bed.now += 60;
    expect(await health()).toBe(200);
    site.bed.now += 1;
    expect(await health()).toBe(503);
    const alone = await openLogSite({ bed: new LogBed() });
    expect(await health(alone.app)).toBe(503);
  });

  it('counts', async () => {
    const site = await openLogSite();
    await post(site.app, entriesOf(site, 3), '?wait=witnessed');
    await post(site.app, site.bed.entry(0));
    const { body } = await site.app.inject('/metrics');
    for (const line of [
      'attestry_log_size{origin="eu.log.example"} 3',
      'attestry_log_published_size{origin="eu.log.example"} 3',
      'attestry_log_queued_entries{origin="eu.log.example"} 0',
      'attestry_log_accepted_total{origin="eu.log.example"} 3',
      'attestry_log_repeated_total{origin="eu.log.example"} 1',
      'attestry_log_witness_age_seconds{witness="witness1.example",origin="eu.log.example"} 0',
    ]) {
      expect(body).toContain(line);
    }
  });

  it('documents its routes', async () => {
    const site = await openLogSite({ bed: new LogBed() });
    const document = (await site.app.inject('/docs/json')).json();
    expect(document.openapi).toMatch(/^3\.1/);
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/v1/entries',
        '/v1/entries/{index}',
        '/v1/receipts/{entryHash}',
        '/v1/log',
        '/checkpoint',
        '/healthz',
        '/metrics',
      ]),
    );
    const { requestBody, responses } = document.paths['/v1/entries'].post;
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['200', '201', '202']));
    expect(requestBody === undefined || typeof requestBody).not.toBe('string');
  });

  it('serves nothing that the disk changed', async () => {
    const bed = new LogBed();
    const { store } = await bed.open();
    const site = await openLogSite({ bed, log: { store } });
    await post(site.app, entriesOf(site, 3));
    bed.disk.entries.set(1, bed.entry(99));
    for (const url of [
      '/v1/entries/1',
      '/tile/entries/000.p/3',
      `/v1/receipts/${hashText(bed.entry(1))}`,
    ]) {
      const answer = await site.app.inject(url);
      expect([answer.statusCode, answer.json().error.code], url).toEqual([503, 'STORE_CORRUPT']);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
    expect((await site.app.inject('/v1/entries/0')).statusCode).toBe(200);
    expect(site.fatal).toHaveLength(1);
  });
});
