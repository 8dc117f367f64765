import { createServer } from 'node:net';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type BoundedRequest, boundedFetch } from '../../src/client/bounded-fetch.ts';
import { AttestryError } from '../../src/errors.ts';
import { bodyText, startPeer } from './peer-server.ts';

const BOUNDS = { timeoutMs: 5_000, maxBytes: 1_000 };

async function codeOf(url: string, request: Partial<BoundedRequest> = {}): Promise<unknown> {
  try {
    await boundedFetch(url, { ...BOUNDS, ...request });
  } catch (error) {
    return error instanceof AttestryError ? error.code : error;
  }
  return 'nothing thrown';
}

function quickBrotli(bytes: Buffer): Buffer {
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
}

/** How long it takes, in milliseconds. */
async function duration(action: Promise<unknown>): Promise<number> {
  const started = performance.now();
  await action;
  return performance.now() - started;
}

describe('boundedFetch', () => {
  it('gives status, headers and body of whatever was answered', async () => {
    const peer = await startPeer((request, response) => {
      response.writeHead(request.url === '/there' ? 200 : 404, { 'x-found': 'yes' });
      response.end('body');
    });
    for (const [path, status] of [
      ['there', 200],
      ['not', 404],
    ] as const) {
      const answer = await boundedFetch(`${peer.url}/${path}`, BOUNDS);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('x-found')).toBe('yes');
      expect(Buffer.from(answer.body).toString()).toBe('body');
    }
  });

  it('keeps its connection for the next request', async () => {
    const peer = await startPeer((_, response) => response.end('body'));
    for (let i = 0; i < 10; i++) await boundedFetch(peer.url, BOUNDS);
    expect(peer.connections()).toBeLessThan(5);
  });

  it('sends method, headers and body', async () => {
    const peer = await startPeer(async (request, response) => {
      const { method, headers } = request;
      response.end(`${method} ${headers['content-type']} ${await bodyText(request)}`);
    });
    for (const body of ['text', new TextEncoder().encode('text')]) {
      const { body: echo } = await boundedFetch(peer.url, {
        ...BOUNDS,
        method: 'POST',
        headers: { 'content-type': 'text/x' },
        body,
      });
      expect(Buffer.from(echo).toString()).toBe('POST text/x text');
    }
  });

  it('reads a body of exactly the cap, in many pieces, and none longer', async () => {
    const peer = await startPeer(async (request, response) => {
      const length = Number(request.url?.slice(1));
      for (let i = 0; i < length; i++) response.write(String(i % 10));
      response.end();
    });
    const { body } = await boundedFetch(`${peer.url}/1000`, BOUNDS);
    expect(Buffer.from(body).toString()).toBe('0123456789'.repeat(100));
    expect(await codeOf(`${peer.url}/1001`)).toBe('RESPONSE_TOO_LARGE');
    expect((await boundedFetch(`${peer.url}/0`, { ...BOUNDS, maxBytes: 0 })).body).toHaveLength(0);
  });

  it('refuses a body that says it is too long, before it comes', async () => {
    const peer = await startPeer((_, response) => {
      response.writeHead(200, { 'content-length': '1001' });
      response.write('only the beginning');
    });
    expect(await codeOf(peer.url)).toBe('RESPONSE_TOO_LARGE');
  });

  it('ends an endless body at the cap and its connection with it', async () => {
    let closed = false;
    const peer = await startPeer((_, response) => {
      const chunk = Buffer.alloc(16_384);
      const more = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', more).on('close', () => {
        closed = true;
      });
      more();
    });
    expect(await codeOf(peer.url, { maxBytes: 100_000 })).toBe('RESPONSE_TOO_LARGE');
    await expect.poll(() => closed).toBe(true);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', quickBrotli],
  ] as const)('unpacks %s up to the cap and no further', async (encoding, compress) => {
    const bomb = compress(Buffer.alloc(200_000_000));
    const small = compress(Buffer.from('x'.repeat(1_000)));
    const peer = await startPeer((request, response) => {
      response.writeHead(200, { 'content-encoding': encoding });
      response.end(request.url === '/bomb' ? bomb : small);
    });
    expect((await boundedFetch(peer.url, BOUNDS)).body).toHaveLength(1_000);
    expect(bomb.length).toBeLessThan(200_000);
    const before = process.memoryUsage().rss;
    expect(await codeOf(`${peer.url}/bomb`, { maxBytes: 300_000 })).toBe('RESPONSE_TOO_LARGE');
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
  });

  it('gives up in time on a peer that drips, stalls, or never answers', async () => {
    const peer = await startPeer((request, response) => {
      if (request.url === '/silent') return;
      response.write('.');
      if (request.url === '/stall') return;
      const drip = setInterval(() => response.write('.'), 10);
      response.on('close', () => clearInterval(drip));
    });
    for (const path of ['drip', 'stall', 'silent']) {
      let code: unknown;
      const ms = await duration(
        codeOf(`${peer.url}/${path}`, { timeoutMs: 100 }).then((found) => {
          code = found;
        }),
      );
      expect([path, code]).toEqual([path, 'PEER_UNAVAILABLE']);
      // A timer counts from the last turn of the event loop, which may lie some milliseconds back.
      expect(ms).toBeGreaterThan(50);
      expect(ms).toBeLessThan(2_000);
    }
  });

  it('gives up in time with a fetch that does not listen to its signal', async () => {
    const deaf = () => new Promise<Response>(() => {});
    expect(await codeOf('http://peer.example', { timeoutMs: 20, fetch: deaf })).toBe(
      'PEER_UNAVAILABLE',
    );
  });

  it('ends when the caller gives up, before or during the exchange', async () => {
    const peer = await startPeer(() => {});
    const early = AbortSignal.abort();
    expect(await codeOf(peer.url, { signal: early })).toBe('PEER_UNAVAILABLE');
    expect(peer.connections()).toBe(0);
    const later = new AbortController();
    const answer = codeOf(peer.url, { signal: later.signal });
    await expect.poll(() => peer.connections()).toBe(1);
    later.abort();
    expect(await answer).toBe('PEER_UNAVAILABLE');
  });

  it.each([300, 301, 302, 303, 307, 308])('does not follow a redirect (%i)', async (status) => {
    let asked = 0;
    const inside = await startPeer((_, response) => {
      asked += 1;
      response.end('secret');
    });
    const peer = await startPeer((_, response) => {
      response.writeHead(status, { location: inside.url }).end();
    });
    expect(await codeOf(peer.url)).toBe('RESPONSE_INVALID');
    expect(asked).toBe(0);
  });

  it('does not follow a redirect in browsers either, which hide it', async () => {
    const hidden = { type: 'opaqueredirect', status: 0, headers: new Headers(), body: null };
    const fetch = async () => Object.assign(new Response(), {}) && (hidden as Response);
    expect(await codeOf('http://peer.example', { fetch })).toBe('RESPONSE_INVALID');
  });

  it('tells a refused connection and one that breaks from an answer', async () => {
    const peer = await startPeer((request, response) => {
      const hangUp = () => request.socket.destroy();
      if (request.url === '/early') hangUp();
      else response.writeHead(200, { 'content-length': '100' }).write('half', hangUp);
    });
    expect(await codeOf(`${peer.url}/early`)).toBe('PEER_UNAVAILABLE');
    expect(await codeOf(`${peer.url}/late`)).toBe('PEER_UNAVAILABLE');
    await new Promise((resolve) => peer.server.close(resolve));
    expect(await codeOf(peer.url)).toBe('PEER_UNAVAILABLE');
    expect(await codeOf('http://no-such-host.invalid')).toBe('PEER_UNAVAILABLE');
  });

  it.each([
    ['text that is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'RESPONSE_INVALID'],
    [
      'two lengths',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      'RESPONSE_INVALID',
    ],
    [
      'a chunk without a size',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      'RESPONSE_INVALID',
    ],
    [
      'gzip that is none',
      'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd',
      'RESPONSE_INVALID',
    ],
    ['endless headers', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(20_000)}`, 'RESPONSE_TOO_LARGE'],
  ])('refuses %s', async (_, answer, code) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => socket.end(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    try {
      expect(await codeOf(`http://127.0.0.1:${port}`)).toBe(code);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it.each([
    'no url',
    'file:///etc/passwd',
    'ftp://peer.example',
    'data:text/plain,x',
    'http://user:word@peer.example',
    'http://user@peer.example',
    'http://:word@peer.example',
    'http://',
  ])('refuses the URL %s', async (url) => {
    expect(await codeOf(url)).toBe('CONFIG_INVALID');
  });
});
