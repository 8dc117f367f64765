import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import { fastify } from 'fastify';
import { expect, it } from 'vitest';
import { createApp } from '../../src/http/app.ts';
import { READERS, SECURITY } from '../../src/http/constant-headers.ts';

const api = { title: 'Test', description: 'An app under test.', version: '1.2.3' };
/** What depends on the answer itself. */
const OWN = /^(?:content-type|content-length|date|connection)$/;

it('sets what the two libraries set when they are asked for each request', async () => {
  const plain = fastify();
  await plain.register(helmet, SECURITY);
  await plain.register(cors, READERS);
  const app = await createApp({ api, log: false });
  for (const one of [plain, app]) one.get('/there', async () => 'here');
  const origin = 'https://other.example';
  const headers = { origin, 'access-control-request-headers': 'x-a' };
  for (const request of [
    { method: 'GET', url: '/there' },
    { method: 'GET', url: '/there', headers },
    { method: 'HEAD', url: '/there' },
    { method: 'GET', url: '/nowhere' },
    { method: 'POST', url: '/there', headers },
    { method: 'OPTIONS', url: '/there', headers },
    { method: 'OPTIONS', url: '/nowhere' },
  ] as const) {
    const [expected, answer] = await Promise.all([plain.inject(request), app.inject(request)]);
    const shared = Object.entries(expected.headers).filter(([name]) => !OWN.test(name));
    expect(shared.length).toBeGreaterThan(10);
    expect(answer.statusCode).toBe(expected.statusCode);
    expect(answer.headers).toMatchObject(Object.fromEntries(shared));
  }
});
