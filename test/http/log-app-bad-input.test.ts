import { describe, expect, it } from 'vitest';
import { formatCanonicalJson } from '../../src/core/bytes/json.ts';
import type { Statement } from '../../src/core/statement/statement.ts';
import { parseTrustRoot } from '../../src/core/trust/trust-root.ts';
import { LogBed } from '../helpers/log-bed.ts';
import {
  type Answer,
  codeIn,
  headOf,
  type LogSite,
  linesOf,
  openLogSite,
  post,
} from '../helpers/log-site.ts';
import { trustOf } from '../helpers/signed-trust.ts';
import { sampleStatement, sampleStream } from '../helpers/statements.ts';
import { BAD_ENTRIES, MIXED_ORDER, SMALL_ORDER } from './bad-entries.ts';
import { pourBody, serving } from './raw-connection.ts';
import { rawGet } from './raw-get.ts';

const bed = new LogBed();
const { context } = bed.eu;

/** A small log without witnesses. */
async function openSite(): Promise<LogSite> {
  const site = await openLogSite({ bed: new LogBed() });
  await post(site.app, [site.bed.entry(0), site.bed.entry(1)]);
  return site;
}

describe('POST /v1/entries with bad input', () => {
  it('answers each with its code, and the log stays as it is', async () => {
    const site = await openSite();
    const before = headOf(site);
    for (const [what, status, code, body] of BAD_ENTRIES) {
      const answer = await post(site.app, body);
      expect([answer.statusCode, codeIn(answer)], `${what}: ${answer.body}`).toEqual([
        status,
        code,
      ]);
      expect(headOf(site), what).toBe(before);
    }
    expect(site.log.status().counters.accepted).toBe(2);
    // Refusals left no trace in the meter either: its first reading is still its first.
    const [reading] = sampleStream(1, { context });
    expect((await post(site.app, bed.entryOf(reading as Statement))).statusCode).toBe(201);
  });

  it('gives each the same code as a line of many, and takes the good lines between', async () => {
    const site = await openSite();
    const lines = BAD_ENTRIES.filter(([, , , body]) => !body.includes(0x0a));
    const answer = await post(
      site.app,
      lines.flatMap(([, , , body], i) => [body, bed.entry(100 + i)]),
    );
    const results = linesOf(answer);
    expect(results.filter((_, i) => i % 2 === 0).map(({ error }) => error?.code)).toEqual(
      lines.map(([, , code]) => code),
    );
    expect(results.filter((_, i) => i % 2 === 1).map(({ index }) => index)).toEqual(
      lines.map((_, i) => 2 + i),
    );
  });

  it('takes the largest entry and refuses the next', async () => {
    const site = await openSite();
    const sized = (bytes: number): Uint8Array => {
      const materials = Array.from({ length: Math.ceil(bytes / 2_000) }, (_, i) => ({
        name: `material ${i}`,
        digest: { sha256: 'ab'.repeat(32) },
        uri: 'u'.repeat(Math.min(2_000, bytes - i * 2_000)),
      }));
      const statement = sampleStatement('deployment', { context, predicate: { materials } });
      return bed.entryOf(statement as Statement);
    };
    let low = 1;
    for (let step = 32_768; step >= 1; step /= 2) {
      if (sized(low + step).length <= 65_535) low += step;
    }
    const [largest, next] = [sized(low), sized(low + 4)];
    expect(largest.length).toBeGreaterThan(65_531);
    expect((await post(site.app, largest)).statusCode).toBe(201);
    const refused = await post(site.app, next);
    expect([refused.statusCode, codeIn(refused)]).toEqual([413, 'ENTRY_TOO_LARGE']);
    const bundle = await site.app.inject('/tile/entries/000.p/3');
    expect(bundle.rawPayload.subarray(-largest.length).equals(largest)).toBe(true);
  });

  it('refuses bodies that are empty, too many, or of another type, and unknown queries', async () => {
    const site = await openSite();
    const before = headOf(site);
    const good = Buffer.from(bed.entry(7));
    const send = (type: string, payload: Buffer, query = ''): Promise<Answer> =>
      site.app.inject({
        method: 'POST',
        url: `/v1/entries${query}`,
        headers: type === '' ? {} : { 'content-type': type },
        payload,
      });
    const json = 'application/json';
    const many = 'application/x-ndjson';
    for (const [status, code, type, payload, query] of [
      [400, 'REQUEST_MALFORMED', json, Buffer.alloc(0)],
      [400, 'REQUEST_MALFORMED', many, Buffer.alloc(0)],
      [415, 'MEDIA_TYPE_UNSUPPORTED', 'text/plain', good],
      [415, 'MEDIA_TYPE_UNSUPPORTED', 'application/octet-stream', good],
      [415, 'MEDIA_TYPE_UNSUPPORTED', 'application/x-www-form-urlencoded', good],
      [415, 'MEDIA_TYPE_UNSUPPORTED', 'application/json-seq', good],
      [415, 'MEDIA_TYPE_UNSUPPORTED', '', good],
      [413, 'INPUT_TOO_LARGE', many, Buffer.alloc(16 * 1024 * 1024 + 1)],
      [413, 'BATCH_TOO_LARGE', many, Buffer.alloc(100_000, '\n')],
      [400, 'REQUEST_MALFORMED', json, good, '?wait=forever'],
      [400, 'REQUEST_MALFORMED', json, good, '?wait=committed&wait=witnessed'],
      [400, 'REQUEST_MALFORMED', json, good, '?force=1'],
    ] as const) {
      const answer = await send(type, payload, query);
      expect([answer.statusCode, codeIn(answer)], `${type} ${query}`).toEqual([status, code]);
    }
    expect(headOf(site)).toBe(before);
  });
});

describe('POST /v1/entries with a body without end', () => {
  it('stops reading at the limit', async () => {
    const site = await openSite();
    await serving(site.app, async (url) => {
      const body = { path: '/v1/entries', type: 'application/x-ndjson', filler: 'x' };
      const { heard, poured } = await pourBody(url, body);
      expect(heard).toMatch(/^HTTP\/1\.1 413 /);
      expect(heard).toContain('INPUT_TOO_LARGE');
      expect(poured).toBeLessThan(40);
    });
    expect(site.log.size).toBe(2);
  });
});

describe('createLogApp', () => {
  it('has no other methods', async () => {
    const site = await openSite();
    for (const method of ['PUT', 'PATCH', 'DELETE'] as const) {
      for (const url of ['/v1/entries', '/v1/entries/0', '/checkpoint', '/tile/0/000.p/1']) {
        const answer = await site.app.inject({ method, url });
        expect([answer.statusCode, codeIn(answer)]).toEqual([404, 'ROUTE_UNKNOWN']);
      }
    }
  });
});

describe('parseTrustRoot for a log', () => {
  it.each([
    ['small order', SMALL_ORDER],
    ['mixed order', MIXED_ORDER],
    ['no point', 'ff'.repeat(32)],
  ])('refuses an operator key of %s', (_, key) => {
    const { file } = bed.network;
    const operators = file.operators.map((one, i) => (i === 0 ? { ...one, keys: [key] } : one));
    const bytes = formatCanonicalJson({ ...file, operators });
    expect(() => parseTrustRoot(bytes)).toThrow(
      expect.objectContaining({ code: 'TRUST_MALFORMED' }),
    );
    expect(trustOf(file).file).toEqual(file);
  });
});

const TRICKS = [
  '/tile/../../../etc/passwd',
  '/tile/%2e%2e/%2e%2e/etc/passwd',
  '/tile/..%2f..%2fetc%2fpasswd',
  '/tile/0/..%5c..%5cpasswd',
  '/tile/0/000%00',
  '/tile/0/000%00.p/1',
  '/tile/%30/000.p/2',
  '/tile/0/000.p%2f2',
  '/tile/0/000%2ep/2',
  '/%74ile/0/000.p/2?x',
  '/tile/0/%30%30%30',
  '/tile//0/000',
  '//tile/0/000',
  '/tile/0/000/',
  '/tile/0/000.p/',
  '/tile/0/000.p/0',
  '/tile/0/000.p/01',
  '/tile/0/000.p/256',
  '/tile/0/000.p/-1',
  '/tile/0/000.p/1e0',
  '/tile/0/000.p/1/..',
  '/tile/0/0',
  '/tile/0/00',
  '/tile/0/0000',
  '/tile/0/x000/000',
  '/tile/0/x001',
  '/tile/0/X001/000',
  '/tile/00/000',
  '/tile/-0/000',
  '/tile/64/000',
  '/tile/0/x999/x999/x999/x999/x999/999',
  '/tile/0/x009/x007/x199/x254/x740/992',
  '/tile/0/000?width=1',
  '/tile/0/000#1',
  '/tile/0/000;1',
  '/tile/data/000',
  '/tile/entries/../0/000',
  '/tile/entries/000.p/1%0a',
  '/tile/entries/000.p/1?x',
  '/tile/',
  '/tile',
  '/tile/0',
  `/tile/0/${encodeURIComponent('٠٠٠')}`,
  '/TILE/0/000.p/1',
  '/checkpoint/',
  '/checkpoint%00',
  `/tile/0/${'x001/'.repeat(100)}000`,
];

describe('GET /tile/… with tricks in the path', () => {
  it('answers 400 or 404 with a code', async () => {
    const site = await openSite();
    const codes = ['TILE_PATH_MALFORMED', 'TILE_MISSING', 'ROUTE_UNKNOWN', 'REQUEST_MALFORMED'];
    await serving(site.app, async (url) => {
      const before = headOf(site);
      for (const path of TRICKS) {
        const answer = await rawGet(url, path);
        expect([400, 404], `${path}: ${answer.statusCode}`).toContain(answer.statusCode);
        expect(codes, path).toContain(codeIn(answer));
      }
      expect(headOf(site)).toBe(before);
      expect((await rawGet(url, '/tile/0/000.p/2')).statusCode).toBe(200);
    });
  });
});
