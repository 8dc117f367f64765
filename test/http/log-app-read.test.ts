import { describe, expect, it } from 'vitest';
import { readCheckpoint, readLog } from '../../scripts/kill-cycles/outsider.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { leafHash } from '../../src/core/merkle/hash.ts';
import { parseReceipt } from '../../src/core/receipt/receipt.ts';
import { verifyReceipt } from '../../src/core/receipt/verify.ts';
import type { App } from '../../src/http/app-type.ts';
import { getterOf } from '../helpers/check-log.ts';
import { eventually } from '../helpers/eventually.ts';
import { LogBed } from '../helpers/log-bed.ts';
import { type Accepted, type LogSite, openLogSite, post } from '../helpers/log-site.ts';
import { NaiveTree, naiveLeafHash } from '../helpers/naive-tree.ts';

const hashText = (entry: Uint8Array): string => encodeHex(leafHash(entry));
const entriesOf = ({ bed }: Pick<LogSite, 'bed'>, count: number, from = 0): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => bed.entry(from + i));

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
    await eventually(async () => expect(await health()).toBe(200));
    site.bed.now += 60;
    expect(await health()).toBe(200);
    site.bed.now += 1;
    expect(await health()).toBe(503);
    const few = await LogBed.make();
    few.witnesses = few.witnesses.slice(0, 2);
    const short = await openLogSite({ bed: few });
    const sizes = () => short.log.status().witnesses.map(({ lastCosignedAt }) => lastCosignedAt);
    await eventually(() => expect(sizes()).toEqual([few.now, few.now]));
    expect(await health(short.app)).toBe(503);
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
