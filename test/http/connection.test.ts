import { describe, expect, it } from 'vitest';
import { createApp } from '../../src/http/app.ts';
import type { App } from '../../src/http/app-type.ts';
import { bodyOf } from '../../src/http/body.ts';
import type { AppLimits } from '../../src/http/limits.ts';
import { connectionsOf, openRaw, serving, until } from './raw-connection.ts';

const api = { title: 'Test', description: 'An app under test.', version: '1.2.3' };
const POST = 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n';

async function testApp(limits: Partial<AppLimits> = {}): Promise<App> {
  const app = await createApp({ api, log: false, limits: { checkIntervalMs: 20, ...limits } });
  app.post('/echo', async (request, reply) => reply.send(Buffer.from(bodyOf(request))));
  app.get('/big', async (_request, reply) => reply.send(Buffer.alloc(64 * 1024 * 1024)));
  app.get('/small', async () => 'small');
  return app;
}

/** The code in the last answer heard, after checking its status line. */
function codeIn(heard: string, status: number): string | undefined {
  expect(heard).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `, 'm'));
  return /\{"error":\{"code":"([A-Z_]+)"/.exec(heard)?.[1];
}

describe('time-outs', () => {
  it('closes a connection whose headers do not end', async () => {
    await serving(await testApp({ headersTimeoutMs: 150 }), async (url) => {
      const raw = await openRaw(url, 'GET / HTTP/1.1\r\nHost: a\r\n');
      const drip = setInterval(() => raw.socket.write('X-Drip: 1\r\n'), 20);
      const { heard, ms } = await raw.closed;
      clearInterval(drip);
      expect(codeIn(heard, 408)).toBe('REQUEST_TIMEOUT');
      expect(ms).toBeLessThan(1_500);
    });
  });

  it('closes a connection whose body does not end', async () => {
    const limits = { headersTimeoutMs: 150, requestTimeoutMs: 250 };
    await serving(await testApp(limits), async (url) => {
      const raw = await openRaw(url, `${POST}Content-Length: 1000\r\n\r\n`);
      const drip = setInterval(() => raw.socket.write('x'), 20);
      const { heard, ms } = await raw.closed;
      clearInterval(drip);
      expect(codeIn(heard, 408)).toBe('REQUEST_TIMEOUT');
      expect(ms).toBeLessThan(1_500);
    });
  });

  it('closes a connection that says nothing at all', async () => {
    await serving(await testApp({ headersTimeoutMs: 150 }), async (url) => {
      const { ms } = await (await openRaw(url, '')).closed;
      expect(ms).toBeLessThan(1_500);
    });
  });

  it('closes a connection that idles after its answer', async () => {
    await serving(await testApp({ keepAliveTimeoutMs: 100 }), async (url) => {
      const { heard, ms } = await (await openRaw(url, 'GET /small HTTP/1.1\r\nHost: a\r\n\r\n'))
        .closed;
      expect(heard).toMatch(/^HTTP\/1\.1 200 /);
      expect(ms).toBeLessThan(2_500);
    });
  });

  it('closes a connection whose client does not read its answer', async () => {
    const app = await testApp({ inactivityTimeoutMs: 200 });
    await serving(app, async (url) => {
      const raw = await openRaw(url, 'GET /big HTTP/1.1\r\nHost: a\r\n\r\n');
      raw.socket.pause();
      await until(async () => (await connectionsOf(app)) === 0);
      raw.socket.resume();
      const { heard } = await raw.closed;
      expect(heard.length).toBeLessThan(64 * 1024 * 1024);
    });
  });

  it('takes no connections beyond the limit, and no more requests on one than its share', async () => {
    const app = await testApp({ maxConnections: 1, maxRequestsPerSocket: 2 });
    await serving(app, async (url) => {
      const get = 'GET /small HTTP/1.1\r\nHost: a\r\n\r\n';
      const first = await openRaw(url, get);
      await until(() => first.heard().endsWith('small'));
      expect(first.heard().toLowerCase()).toContain('connection: keep-alive');
      const second = await (await openRaw(url, get)).closed;
      expect(second.heard).toBe('');
      first.socket.write(get);
      await until(() => first.heard().toLowerCase().includes('connection: close'));
    });
  });
});

describe('bodies', () => {
  it('refuses an endless body once it is over the limit', async () => {
    await serving(await testApp({ bodyBytes: 1_000 }), async (url) => {
      const raw = await openRaw(url, `${POST}Transfer-Encoding: chunked\r\n\r\n`);
      const chunk = `100\r\n${'x'.repeat(256)}\r\n`;
      let sent = 0;
      const pour = setInterval(() => {
        sent += 256;
        raw.socket.write(chunk);
      }, 2);
      const { heard, ms } = await raw.closed;
      clearInterval(pour);
      expect(codeIn(heard, 413)).toBe('INPUT_TOO_LARGE');
      expect(ms).toBeLessThan(1_500);
      expect(sent).toBeLessThan(100_000);
    });
  });

  it('refuses a body that announces more than the limit before reading any of it', async () => {
    await serving(await testApp({ bodyBytes: 1_000 }), async (url) => {
      const raw = await openRaw(url, `${POST}Content-Length: 1001\r\n\r\n`);
      expect(codeIn((await raw.closed).heard, 413)).toBe('INPUT_TOO_LARGE');
    });
  });

  it('survives a client that leaves in the middle of a body', async () => {
    await serving(await testApp(), async (url) => {
      const raw = await openRaw(url, `${POST}Content-Length: 1000\r\n\r\nabc`);
      raw.socket.destroy();
      await raw.closed;
      const next = await fetch(`${url}/small`);
      expect(next.status).toBe(200);
    });
  });
});

describe('malformed HTTP', () => {
  // What an attacker needs to make two HTTP parsers disagree about where a request ends.
  const malformed: Readonly<Record<string, string>> = {
    'length and chunked': `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'chunked and length': `${POST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
    'two lengths': `${POST}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
    'two equal lengths': `${POST}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
    'a list of lengths': `${POST}Content-Length: 3, 3\r\n\r\nabc`,
    'a signed length': `${POST}Content-Length: +3\r\n\r\nabc`,
    'a hexadecimal length': `${POST}Content-Length: 0x3\r\n\r\nabc`,
    'a space before the colon': `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
    'an unknown transfer coding': `${POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    'a bad chunk size': `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n`,
    'a chunk without its end': `${POST}Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n`,
    'a bare LF in the chunk extension': `${POST}Transfer-Encoding: chunked\r\n\r\n3;a\nabc\r\n0\r\n\r\n`,
    'bare LFs between headers': 'GET /small HTTP/1.1\nHost: a\nX: b\n\n',
    'a bare CR in a header': 'GET /small HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n',
    'a folded header': 'GET /small HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n',
    'a NUL in a header': 'GET /small HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n',
    'a NUL in the path': 'GET /sm\0all HTTP/1.1\r\nHost: a\r\n\r\n',
    'a space in the path': 'GET /sm all HTTP/1.1\r\nHost: a\r\n\r\n',
    'an unknown method': 'BREW /small HTTP/1.1\r\nHost: a\r\n\r\n',
    'another protocol': 'SSH-2.0-OpenSSH_9.9\r\n',
    'HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'a TLS handshake': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'no host': 'GET /small HTTP/1.1\r\n\r\n',
  };

  it.each(Object.entries(malformed))('answers %s with 400 and closes', async (_name, bytes) => {
    await serving(await testApp({ requestTimeoutMs: 1_000 }), async (url) => {
      const { heard, ms } = await (await openRaw(url, bytes)).closed;
      expect(heard).toMatch(/^HTTP\/1\.1 400 /);
      expect(heard).not.toMatch(/^HTTP\/1\.1 (?:2|5)\d\d /m);
      expect(ms).toBeLessThan(1_500);
    });
  });

  it('gives its answers the shape of every error', async () => {
    await serving(await testApp(), async (url) => {
      const { heard } = await (await openRaw(url, 'nonsense\r\n\r\n')).closed;
      const [head, body] = heard.split('\r\n\r\n');
      expect(head).toContain('Content-Type: application/json');
      expect(JSON.parse(body ?? '')).toEqual({
        error: { code: 'REQUEST_MALFORMED', message: expect.any(String), details: {} },
      });
    });
  });

  it('refuses a head that is too long with 431', async () => {
    await serving(await testApp({ headerBytes: 1_024 }), async (url) => {
      const long = `GET /small HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(2_000)}\r\n\r\n`;
      const { heard } = await (await openRaw(url, long)).closed;
      expect(codeIn(heard, 431)).toBe('INPUT_TOO_LARGE');
    });
  });

  it('writes nothing into the middle of another answer', async () => {
    const app = await testApp();
    await serving(app, async (url) => {
      const raw = await openRaw(url, 'GET /big HTTP/1.1\r\nHost: a\r\n\r\n');
      await until(() => raw.heard().length > 0);
      raw.socket.pause();
      raw.socket.write('nonsense\r\n\r\n');
      await until(async () => (await connectionsOf(app)) === 0);
      raw.socket.resume();
      const { heard } = await raw.closed;
      expect(heard).not.toContain('REQUEST_MALFORMED');
    });
  });

  it('gives no answer of its own to a request that was in order', async () => {
    await serving(await testApp(), async (url) => {
      const raw = await openRaw(url, 'GET /small HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n');
      expect((await raw.closed).heard).not.toContain('400');
    });
  });

  it('answers strange but legal requests without a 5xx', async () => {
    const legal = [
      'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      'GET http://elsewhere.example/small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      'GET ?? HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      'PROPFIND /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      'TRACE /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      'CONNECT a:443 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      'GET /small HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade, close\r\n\r\n',
      `${POST}Expect: miracles\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      'GET /small HTTP/1.1\r\nHost: a\r\nAccept-Version: 9\r\nConnection: close\r\n\r\n',
    ];
    await serving(await testApp({ requestTimeoutMs: 1_000 }), async (url) => {
      for (const request of legal) {
        const { heard, ms } = await (await openRaw(url, request)).closed;
        expect(heard, request).not.toMatch(/^HTTP\/1\.1 5\d\d /m);
        expect(ms, request).toBeLessThan(1_500);
      }
    });
  });
});
