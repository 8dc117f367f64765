import { describe, expect, it } from 'vitest';
import { createApp } from '../../src/http/app.ts';
import type { App } from '../../src/http/app-type.ts';
import { addEventRoute, type EventRouteOptions, type ServerEvent } from '../../src/http/events.ts';
import { listen } from '../../src/http/listen.ts';
import { openRaw, serving, until } from './raw-connection.ts';

const api = { title: 'Test', description: 'An app under test.', version: '1.2.3' };
const GET = 'GET /v1/events HTTP/1.1\r\nHost: a\r\n';

interface Source {
  readonly listeners: Set<(event: ServerEvent) => void>;
  readonly lastEventIds: (string | undefined)[];
}

async function testApp(options: Partial<EventRouteOptions> = {}): Promise<Source & { app: App }> {
  const app = await createApp({ api, log: false });
  const listeners: Source['listeners'] = new Set();
  const lastEventIds: Source['lastEventIds'] = [];
  addEventRoute(app, '/v1/events', {
    summary: 'What happens.',
    subscribe: (listener, lastEventId) => {
      listeners.add(listener);
      lastEventIds.push(lastEventId);
      return () => listeners.delete(listener);
    },
    ...options,
  });
  return { app, listeners, lastEventIds };
}

describe('addEventRoute', () => {
  it('streams events in their wire form, with the headers of every answer', async () => {
    const { app, listeners, lastEventIds } = await testApp();
    await serving(app, async (url) => {
      const raw = await openRaw(url, `${GET}Last-Event-ID: 41\r\n\r\n`);
      await until(() => listeners.size === 1);
      expect(lastEventIds).toEqual(['41']);
      for (const listener of listeners) {
        listener({ id: '42', event: 'checkpoint', data: { origin: 'a\nb', size: 7 } });
        listener({ event: 'finding', data: null });
      }
      await until(() => raw.heard().includes('finding'));
      const heard = raw.heard();
      expect(heard).toMatch(/^HTTP\/1\.1 200 /);
      expect(heard).toMatch(/^content-type: text\/event-stream\r$/m);
      expect(heard).toMatch(/^access-control-allow-origin: \*\r$/m);
      expect(heard).toMatch(/^x-content-type-options: nosniff\r$/m);
      expect(heard).toContain('id: 42\nevent: checkpoint\ndata: {"origin":"a\\nb","size":7}\n\n');
      expect(heard).toContain('event: finding\ndata: null\n\n');
      raw.socket.destroy();
      await until(() => listeners.size === 0);
    });
  });

  it('says that it is alive while nothing happens', async () => {
    const { app } = await testApp({ heartbeatMs: 20 });
    await serving(app, async (url) => {
      const raw = await openRaw(url, `${GET}\r\n`);
      await until(() => (raw.heard().match(/: alive\n\n/g) ?? []).length >= 2);
    });
  });

  it('refuses subscribers beyond the bound and takes new ones when one has left', async () => {
    const { app, listeners } = await testApp({ maxSubscribers: 2 });
    await serving(app, async (url) => {
      const first = await openRaw(url, `${GET}\r\n`);
      await openRaw(url, `${GET}\r\n`);
      await until(() => listeners.size === 2);
      const refused = await fetch(`${url}/v1/events`);
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).toBe('10');
      expect(await refused.json()).toMatchObject({ error: { code: 'QUEUE_FULL' } });
      first.socket.destroy();
      await until(() => listeners.size === 1);
      const third = await openRaw(url, `${GET}\r\n`);
      await until(() => listeners.size === 2 && third.heard().startsWith('HTTP/1.1 200'));
    });
  });

  it('drops a subscriber that does not read', async () => {
    const { app, listeners } = await testApp({ maxBufferedBytes: 10_000 });
    await serving(app, async (url) => {
      const slow = await openRaw(url, `${GET}\r\n`);
      await until(() => listeners.size === 1);
      slow.socket.pause();
      const event = { event: 'big', data: 'x'.repeat(200_000) };
      await until(() => {
        for (const listener of listeners) listener(event);
        return listeners.size === 0;
      });
      slow.socket.destroy();
    });
  });

  it('ends the stream of a subscription that fails', async () => {
    const { app } = await testApp({
      subscribe: () => {
        throw new Error('no such place');
      },
    });
    await serving(app, async (url) => {
      const { heard } = await (await openRaw(url, `${GET}\r\n`)).closed;
      expect(heard).not.toContain('no such place');
    });
  });

  it('ends its streams when the app closes', async () => {
    const { app, listeners } = await testApp();
    const server = await listen(app, { host: '127.0.0.1', port: 0 });
    const raw = await openRaw(server.url, `${GET}\r\n`);
    await until(() => listeners.size === 1);
    const started = performance.now();
    await server.close();
    await raw.closed;
    expect(performance.now() - started).toBeLessThan(1_500);
    expect(listeners.size).toBe(0);
  });
});
