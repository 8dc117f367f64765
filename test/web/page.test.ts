/** The page as it is built and served, without a browser. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readPage } from '../../src/http/page-files.ts';
import { parsePin, parseRoute } from '../../src/web/state/route.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { PageBed } from './page-bed.ts';

const MOST_GZIPPED = 150_000;
const FILES = ['index.html', 'page.js', 'worker.js', 'page.css', 'icon.svg'];

describe('the built page', () => {
  it('is small, whole, and speaks of no other host', async () => {
    const files = await readPage('dist/page');
    expect(files.map(({ name }) => name)).toEqual(FILES);
    expect(readdirSync('dist/page').toSorted()).toEqual(FILES.toSorted());
    expect(files.reduce((sum, { gzipped }) => sum + gzipped.length, 0)).toBeLessThan(MOST_GZIPPED);
    const html = files[0]?.bytes.toString() ?? '';
    // Relative addresses only, so that any folder of any host will do; nothing inline.
    for (const [, address = ''] of html.matchAll(/(?:src|href)="([^"]*)"/g)) {
      expect(address).toMatch(/^\.\//);
    }
    expect(html).not.toMatch(/<style|style=|<script>|\son[a-z]+=/);
  });

  it('is refused where the build has not made it', async () => {
    await expect(readPage(await temporaryFolder())).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
    });
  });
});

describe('the served page', () => {
  it('comes under a policy that runs nothing but its own files', async () => {
    const { url } = await PageBed.make();
    const paths = ['/', ...FILES.map((name) => `/${name}`)];
    for (const path of paths) {
      const answer = await fetch(url + path);
      expect(answer.status, path).toBe(200);
      const policy = answer.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).not.toContain('unsafe');
      const etag = answer.headers.get('etag') ?? '';
      const again = await fetch(url + path, { headers: { 'if-none-match': etag } });
      expect(again.status).toBe(304);
    }
  });

  it('comes compressed to those who take that', async () => {
    const { url } = await PageBed.make();
    const plain = await fetch(`${url}/page.css`, { headers: { 'accept-encoding': 'identity' } });
    const { bytes, gzipped } = (await readPage('dist/page'))[3] ?? {};
    expect(Buffer.from(await plain.arrayBuffer())).toEqual(bytes);
    expect(gunzipSync(gzipped ?? Buffer.alloc(0))).toEqual(bytes);
    const small = await fetch(`${url}/page.css`, { headers: { 'accept-encoding': 'gzip' } });
    expect(small.headers.get('content-encoding')).toBe('gzip');
  });
});

describe('the words', () => {
  it('stand in one file: no view or part has any of its own', () => {
    const sources = readdirSync('src/web', { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.tsx'))
      .map((name) => ({ name, text: readFileSync(join('src/web', name), 'utf8') }));
    expect(sources.length).toBeGreaterThan(20);
    const own = sources.flatMap(({ name, text }) =>
      [...text.matchAll(/>\s*([A-Za-z][a-z]+[A-Za-z ,.]*)\s*</g)].map(
        ([, word]) => `${name}: ${word}`,
      ),
    );
    expect(own).toEqual([]);
  });
});

describe('addresses in the page', () => {
  const digest = 'ab'.repeat(32);

  it('name a view and a model, or the start', () => {
    expect(parseRoute(`#/model/${digest}`)).toEqual({ view: 'model', subject: digest });
    expect(parseRoute('#/network')).toEqual({ view: 'network', subject: '' });
    for (const hash of ['', '#/', '#/nowhere', `#/model/${digest}x`, '#/model/<b>']) {
      expect(parseRoute(hash)).toEqual({ view: 'ask', subject: '' });
    }
  });

  it('pin a digest and nothing else', () => {
    expect(parsePin(`#trust=${digest}`)).toBe(digest);
    for (const hash of ['#trust=', '#trust=AB', `#trust=${digest}0`, `#/trust=${digest}`]) {
      expect(parsePin(hash)).toBeUndefined();
    }
  });
});
