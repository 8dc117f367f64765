import { describe, expect, it } from 'vitest';
import { createApp } from '../../src/http/app.ts';
import type { App } from '../../src/http/app-type.ts';
import { listen } from '../../src/http/listen.ts';
import { connectionsOf, openRaw, until } from './raw-connection.ts';

const api = { title: 'Test', description: 'An app under test.', version: '1.2.3' };
const GET = 'GET /small HTTP/1.1\r\nHost: a\r\n\r\n';

interface HeldApp {
  readonly app: App;
  /** How many requests for /held have arrived. */
  arrived(): number;
  /** Lets them be answered. */
  release(): void;
}

async function heldApp(): Promise<HeldApp> {
  const app = await createApp({ api, log: false });
  let arrived = 0;
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  app.get('/small', async () => 'small');
  app.get('/held', async () => {
    arrived++;
    await held;
    return 'done';
  });
  return { app, arrived: () => arrived, release };
}

describe('listen', () => {
  it('gives the address on which the app answers', async () => {
    const { app } = await heldApp();
    const server = await listen(app, { host: '127.0.0.1', port: 0 });
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await (await fetch(`${server.url}/small`)).text()).toBe('small');
    await server.close();
    await expect(fetch(`${server.url}/small`)).rejects.toThrow();
  });

  it('names the setting when the port is taken or the host is not here', async () => {
    const first = await listen((await heldApp()).app, { host: '127.0.0.1', port: 0 });
    const port = Number(new URL(first.url).port);
    await expect(listen((await heldApp()).app, { host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: { host: '127.0.0.1', port },
    });
    await expect(
      listen((await heldApp()).app, { host: '192.0.2.1', port: 0 }),
    ).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await first.close();
  });
});

describe('close', () => {
  it('does not wait for idle connections', async () => {
    const { app } = await heldApp();
    const server = await listen(app, { host: '127.0.0.1', port: 0 });
    const idle = await openRaw(server.url, GET);
    const silent = await openRaw(server.url, '');
    await until(() => idle.heard().endsWith('small'));
    const started = performance.now();
    silent.socket.end();
    await server.close();
    expect(performance.now() - started).toBeLessThan(1_500);
    await idle.closed;
  });

  it('finishes requests under way and ends their connections', async () => {
    const { app, arrived, release } = await heldApp();
    const server = await listen(app, { host: '127.0.0.1', port: 0 });
    const raw = await openRaw(server.url, GET.replace('small', 'held'));
    await until(() => arrived() === 1);
    const closing = server.close();
    expect(server.close()).toBe(closing);
    await until(() => !app.server.listening);
    release();
    await closing;
    const { heard } = await raw.closed;
    expect(heard).toMatch(/^HTTP\/1\.1 200 /);
    expect(heard).toMatch(/done$/);
    expect(heard.toLowerCase()).toContain('connection: close');
  });

  it('refuses a request that comes on an open connection while closing', async () => {
    const { app, arrived, release } = await heldApp();
    const server = await listen(app, { host: '127.0.0.1', port: 0 });
    // The second request waits behind the first on one connection, and starts when the app is closing.
    const half = 'GET /small HTTP/1.1\r\nHost: a\r\n';
    const late = await openRaw(server.url, half);
    const held = await openRaw(server.url, GET.replace('small', 'held'));
    await until(() => arrived() === 1);
    await until(async () => (await connectionsOf(app)) === 2);
    const closing = server.close();
    await until(() => !app.server.listening);
    late.socket.write('\r\n');
    const { heard } = await late.closed;
    expect(heard).toMatch(/^HTTP\/1\.1 503 /);
    expect(heard).toContain('"code":"NODE_STOPPING"');
    expect(heard.toLowerCase()).toContain('retry-after: 5');
    release();
    await closing;
    expect((await held.closed).heard).toMatch(/done$/);
  });

  it('cuts what is left at the deadline', async () => {
    const { app, arrived } = await heldApp();
    const server = await listen(app, { host: '127.0.0.1', port: 0, closeDeadlineMs: 100 });
    const stuck = await openRaw(server.url, GET.replace('small', 'held'));
    const slow = await openRaw(server.url, 'GET /small HTTP/1.1\r\nHost');
    await until(() => arrived() === 1);
    const started = performance.now();
    await server.close();
    expect(performance.now() - started).toBeLessThan(1_500);
    expect((await stuck.closed).heard).toBe('');
    expect((await slow.closed).heard).toBe('');
  });
});
