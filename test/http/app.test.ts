import { Agent, type RequestOptions, request } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AttestryError } from '../../src/errors.ts';
import { type AppOptions, createApp } from '../../src/http/app.ts';
import type { App } from '../../src/http/app-type.ts';
import { bodyOf, takeAnyBody } from '../../src/http/body.ts';
import { Type } from '../../src/typebox.ts';
import { serving } from './raw-connection.ts';

const api = { title: 'Test', description: 'An app under test.', version: '1.2.3' };

async function testApp(options: Partial<AppOptions> = {}): Promise<App> {
  const app = await createApp({ api, log: false, ...options });
  app.post('/echo', async (request, reply) => reply.send(Buffer.from(bodyOf(request))));
  app.get(
    '/items/:name',
    {
      schema: {
        params: Type.Object({ name: Type.String({ pattern: '^[a-z]+$' }) }),
        querystring: Type.Object(
          { limit: Type.Optional(Type.String({ pattern: '^[0-9]+$' })) },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ name: Type.String() }) },
      },
    },
    async (request) => ({ name: request.params.name, beyondTheSchema: true }),
  );
  app.get('/tiles/*', async (request) => request.params);
  return app;
}

interface Answer {
  readonly statusCode: number;
  readonly headers: Record<string, unknown>;
  json(): unknown;
}

/** The code of an error answer, after checking that it has exactly the shape that every error has. */
function refusalOf(answer: Answer, statusCode: number): { code: string; message: string } {
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
  expect(answer.headers['cache-control']).toBe('no-store');
  const body = answer.json();
  expect(body).toEqual({
    error: {
      code: expect.stringMatching(/^[A-Z0-9_]+$/),
      message: expect.stringMatching(/\S/),
      details: expect.any(Object),
    },
  });
  const { error } = body as { error: { code: string; message: string } };
  expect(answer.statusCode, error.code).toBe(statusCode);
  return error;
}

describe('createApp', () => {
  it('hands bodies to routes as the bytes that came, duplicate keys and all', async () => {
    const app = await testApp();
    const payload = '{"n":9007199254740993,"n":1,"__proto__":{}}';
    for (const type of [
      'application/json',
      'application/json; charset=utf-8',
      'application/x-ndjson',
      'text/plain',
      'application/octet-stream',
    ]) {
      const answer = await app.inject({
        method: 'POST',
        url: '/echo',
        headers: { 'content-type': type },
        payload,
      });
      expect(answer.statusCode, type).toBe(200);
      expect(answer.body, type).toBe(payload);
    }
  });

  it('refuses every other content type, malformed ones and none at all', async () => {
    const app = await testApp();
    for (const type of [
      'application/xml',
      'application/x-www-form-urlencoded',
      'json',
      '\u00e9',
      '',
    ]) {
      const headers = { 'content-type': type };
      const answer = await app.inject({ method: 'POST', url: '/echo', headers, payload: '{}' });
      expect(refusalOf(answer, 415).code, type).toBe('MEDIA_TYPE_UNSUPPORTED');
    }
    const untyped = await app.inject({ method: 'POST', url: '/echo', payload: Buffer.from('{}') });
    expect(refusalOf(untyped, 415).code).toBe('MEDIA_TYPE_UNSUPPORTED');
  });

  it('refuses a missing body, and one that is too large by its own word', async () => {
    const app = await testApp({ limits: { bodyBytes: 10 } });
    const headers = { 'content-type': 'text/plain' };
    const empty = await app.inject({ method: 'POST', url: '/echo', headers });
    expect(refusalOf(empty, 400).code).toBe('REQUEST_MALFORMED');
    const large = await app.inject({
      method: 'POST',
      url: '/echo',
      headers,
      payload: 'x'.repeat(11),
    });
    expect(refusalOf(large, 413).code).toBe('INPUT_TOO_LARGE');
    const exact = await app.inject({
      method: 'POST',
      url: '/echo',
      headers,
      payload: 'x'.repeat(10),
    });
    expect(exact.statusCode).toBe(200);
  });

  it('checks path and query without converting, filling in or dropping anything', async () => {
    const app = await testApp();
    const good = await app.inject('/items/abc?limit=5');
    // The response schema documents; it does not drop what it does not name.
    expect(good.json()).toEqual({ name: 'abc', beyondTheSchema: true });
    for (const url of [
      '/items/ABC',
      '/items/abc?limit=x',
      '/items/abc?limit=1&limit=2',
      '/items/abc?other=1',
      '/items/abc?__proto__=1',
    ]) {
      const error = refusalOf(await app.inject(url), 400);
      expect(error.code, url).toBe('REQUEST_MALFORMED');
    }
    const unknown = refusalOf(await app.inject('/items/abc?other=1'), 400);
    expect(unknown.message).toContain('"other" is not known');
  });

  it('answers hostile URLs with a coded 4xx', async () => {
    const app = await testApp();
    const hostile = [
      '/%',
      '/%ff',
      '/items/%00',
      '/items/%c0%ae%c0%ae',
      `/items/${'a'.repeat(600)}`,
      '//',
      '/../../etc/passwd',
      '/nowhere?q=%',
      '/items/<script>',
      '/items/constructor/__proto__',
    ];
    for (const url of hostile) {
      const answer = await app.inject({ method: 'GET', url });
      expect(answer.statusCode, url).toBeGreaterThanOrEqual(400);
      refusalOf(answer, answer.statusCode === 404 ? 404 : 400);
      expect(answer.body, url).not.toContain('script');
    }
  });

  it('answers an unknown route, and a known one by another method, with ROUTE_UNKNOWN', async () => {
    const app = await testApp();
    expect(refusalOf(await app.inject('/nowhere'), 404).code).toBe('ROUTE_UNKNOWN');
    const answer = await app.inject({ method: 'DELETE', url: '/echo' });
    expect(refusalOf(answer, 404).code).toBe('ROUTE_UNKNOWN');
  });

  it('tells what an AttestryError says, with its status, details and Retry-After', async () => {
    const app = await testApp();
    app.get('/conflict', async (_request, reply) => {
      reply.header('cache-control', 'public, max-age=31536000, immutable');
      const details = { expectedSequence: 7, expectedPrevious: null };
      throw new AttestryError('STREAM_SEQUENCE_MISMATCH', 'Expected number 7, got 9.', { details });
    });
    app.get('/full', () => {
      throw new AttestryError('QUEUE_FULL', 'Full.', { details: { retryAfterSeconds: 1.2 } });
    });
    const conflict = await app.inject('/conflict');
    expect(refusalOf(conflict, 409)).toEqual({
      code: 'STREAM_SEQUENCE_MISMATCH',
      message: 'Expected number 7, got 9.',
      details: { expectedSequence: 7, expectedPrevious: null },
    });
    expect(conflict.headers['retry-after']).toBeUndefined();
    const full = await app.inject('/full');
    expect(refusalOf(full, 503).code).toBe('QUEUE_FULL');
    expect(full.headers['retry-after']).toBe('2');
  });

  it('tells strangers nothing about defects and about this machine, and logs them', async () => {
    const lines: string[] = [];
    const stream = { write: (line: string) => lines.push(line) };
    const app = await testApp({ log: { level: 'info', base: { role: 'log' }, stream } });
    const secret = '/var/lib/attestry/key';
    app.get('/bug', () => {
      throw new TypeError(secret);
    });
    app.get('/odd', () => {
      throw secret;
    });
    app.get('/claims-to-be-fine', () => {
      throw Object.assign(new Error(secret), { statusCode: 200 });
    });
    app.get('/disk', () => {
      throw new AttestryError('STORE_FAILED', secret, { details: { path: secret } });
    });
    for (const url of ['/bug', '/odd', '/claims-to-be-fine']) {
      const answer = await app.inject(url);
      expect(refusalOf(answer, 500).code).toBe('INTERNAL');
      expect(answer.body).not.toContain(secret);
    }
    const disk = await app.inject('/disk');
    expect(refusalOf(disk, 503).code).toBe('STORE_FAILED');
    expect(disk.body).not.toContain(secret);
    const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(logged.filter(({ msg }) => msg === 'failed')).toHaveLength(4);
    expect(logged[0]).toMatchObject({ role: 'log', code: 'INTERNAL', err: { message: secret } });
  });

  it('logs a request as its route, never as its URL', async () => {
    const lines: string[] = [];
    const stream = { write: (line: string) => lines.push(line) };
    const app = await testApp({ log: { level: 'info', stream } });
    const answer = await app.inject('/items/abc?limit=x');
    await app.inject('/elsewhere/abc');
    const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(logged).toEqual([
      expect.objectContaining({
        msg: 'request',
        method: 'GET',
        route: '/items/:name',
        status: 400,
        code: 'REQUEST_MALFORMED',
        reqId: answer.headers['x-request-id'],
      }),
      expect.objectContaining({ route: null, status: 404, code: 'ROUTE_UNKNOWN' }),
    ]);
    expect(lines.join('')).not.toContain('abc');
  });

  it('lets every origin read and none script it', async () => {
    const app = await testApp();
    const answer = await app.inject({
      url: '/items/abc',
      headers: { origin: 'https://other.example' },
    });
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    expect(answer.headers['content-security-policy']).toBe(
      "default-src 'none';frame-ancestors 'none'",
    );
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['strict-transport-security']).toBeUndefined();
    expect(answer.headers['x-ratelimit-remaining']).toBeUndefined();
    const preflight = await app.inject({
      method: 'OPTIONS',
      url: '/items/abc',
      headers: { origin: 'https://other.example', 'access-control-request-method': 'GET' },
    });
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers['access-control-allow-methods']).toBe('GET, HEAD');
  });

  it('limits each address, on known and unknown routes, and says when to come back', async () => {
    const app = await testApp({ limits: { requestsPerWindow: 3, rateWindowMs: 30_000 } });
    for (const url of ['/items/abc', '/items/abc', '/nowhere']) await app.inject(url);
    for (const url of ['/items/abc', '/nowhere', '/docs/json']) {
      const answer = await app.inject(url);
      expect(refusalOf(answer, 429).code, url).toBe('RATE_LIMITED');
      const seconds = Number(answer.headers['retry-after']);
      expect(seconds).toBeGreaterThanOrEqual(1);
      expect(seconds).toBeLessThanOrEqual(30);
    }
    const other = await app.inject({ url: '/items/abc', remoteAddress: '192.0.2.7' });
    expect(other.statusCode).toBe(200);
  });

  it('believes X-Forwarded-For from trusted proxies only', async () => {
    const limits = { requestsPerWindow: 1, rateWindowMs: 30_000 };
    const ask = (app: App, client: string): Promise<{ statusCode: number }> =>
      app.inject({
        url: '/items/abc',
        remoteAddress: '127.0.0.1',
        headers: { 'x-forwarded-for': client },
      });
    const open = await testApp({ limits });
    await ask(open, '192.0.2.1');
    expect((await ask(open, '192.0.2.2')).statusCode).toBe(429);
    const behind = await testApp({ limits, trustedProxies: ['127.0.0.1'] });
    await ask(behind, '192.0.2.1');
    expect((await ask(behind, '192.0.2.2')).statusCode).toBe(200);
    expect((await ask(behind, '192.0.2.1')).statusCode).toBe(429);
  });

  it('sheds load when the process is overloaded', async () => {
    const app = await testApp({ limits: { maxHeapUsedBytes: 1 } });
    await app.ready();
    const deadline = performance.now() + 5_000;
    let answer = await app.inject('/items/abc');
    // The load is measured once a second.
    while (answer.statusCode === 200 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      answer = await app.inject('/items/abc');
    }
    expect(refusalOf(answer, 503).code).toBe('QUEUE_FULL');
    expect(answer.headers['retry-after']).toBe('5');
  });

  it('publishes OpenAPI 3.1 with its routes, bodies and the shape of errors', async () => {
    const app = await testApp();
    app.post(
      '/v1/entries',
      {
        schema: {
          body: {
            content: {
              'application/json': { schema: Type.Object({ payload: Type.String() }) },
              'application/x-ndjson': { schema: Type.String() },
            },
          },
        },
      },
      async (request, reply) => reply.send(Buffer.from(bodyOf(request))),
    );
    const document = (await app.inject('/docs/json')).json();
    expect(document.openapi).toBe('3.1.0');
    expect(document.info).toMatchObject({ title: 'Test', version: '1.2.3' });
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/echo', '/items/{name}', '/v1/entries']),
    );
    const post = document.paths['/v1/entries'].post;
    expect(Object.keys(post.requestBody.content)).toEqual([
      'application/json',
      'application/x-ndjson',
    ]);
    expect(
      post.responses.default.content['application/json'].schema.properties.error,
    ).toBeDefined();
    // The schema of a body documents it; the route still gets bytes that do not match it.
    const headers = { 'content-type': 'application/json' };
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/entries',
      headers,
      payload: '[1]',
    });
    expect(answer.body).toBe('[1]');
  });

  it('serves the page of the document with scripts of its own only', async () => {
    const app = await testApp();
    const page = await app.inject('/docs/');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("script-src 'self';");
    expect(page.body).not.toMatch(/<script(?![^>]*src=)/);
    const [, script] = /src="\.(\/static\/[^"]+bundle\.js)"/.exec(page.body) ?? [];
    expect((await app.inject(`/docs${script}`)).statusCode).toBe(200);
    expect(refusalOf(await app.inject('/docs/static/%2e%2e/%2e%2e/package.json'), 404).code).toBe(
      'ROUTE_UNKNOWN',
    );
  });
});

describe('any request', () => {
  it('is answered without a 5xx, and every refusal has its shape', async () => {
    const visible = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
    const odd = fc.oneof(
      fc.string({ unit: visible, maxLength: 40 }),
      fc.constantFrom('%', '%00', '%2e%2e', '%ff', '..', '*', 'constructor', '__proto__', 'x'),
    );
    const requests = fc.record({
      method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'LINK'),
      path: fc.array(odd, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`),
      route: fc.constantFrom('', '/echo', '/items', '/tiles', '/docs', '/docs/static'),
      query: fc.option(odd, { nil: '' }),
      type: fc.constantFrom('application/json', 'text/plain', 'a/b', 'x', undefined),
      payload: fc.uint8Array({ maxLength: 100 }),
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const app = await testApp({ limits: { bodyBytes: 64, requestsPerWindow: 0 } });
    await serving(app, async (url) => {
      const property = fc.asyncProperty(requests, async (parts) => {
        const { method, route, path, query, type, payload } = parts;
        const answer = await ask(url, {
          agent,
          method,
          path: `${route}${path}?${query}`,
          headers: {
            'content-length': payload.length,
            ...(type === undefined ? {} : { 'content-type': type }),
          },
          payload,
        });
        if (answer.statusCode < 400 || method === 'HEAD') return;
        expect(answer.statusCode).toBeLessThan(500);
        refusalOf(answer, answer.statusCode);
      });
      await fc.assert(property, { numRuns: 500 });
    });
    agent.destroy();
  });
});

interface RawRequest extends RequestOptions {
  readonly payload: Uint8Array;
}

/** A request whose path goes out as it is; fetch and inject would tidy it up first. */
function ask(url: string, { payload, ...options }: RawRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 0, headers } = response;
        resolve({ statusCode, headers, json: () => JSON.parse(Buffer.concat(chunks).toString()) });
      });
    });
    sent.on('error', reject);
    sent.end(payload);
  });
}

describe('takeAnyBody', () => {
  it('takes untyped and unknown types in its scope only', async () => {
    const app = await testApp();
    await app.register(async (scope: App) => {
      takeAnyBody(scope);
      scope.post('/any', async (request, reply) => reply.send(Buffer.from(bodyOf(request))));
    });
    for (const headers of [{}, { 'content-type': 'application/x-www-form-urlencoded' }]) {
      const payload = Buffer.from('old 1\n');
      const any = await app.inject({ method: 'POST', url: '/any', headers, payload });
      expect(any.body).toBe('old 1\n');
      const echo = await app.inject({ method: 'POST', url: '/echo', headers, payload });
      expect(refusalOf(echo, 415).code).toBe('MEDIA_TYPE_UNSUPPORTED');
    }
  });
});
