import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createApp } from '../../src/http/app.ts';
import type { App } from '../../src/http/app-type.ts';
import { addHealthRoutes, type Health } from '../../src/http/health.ts';
import type { AppLimits } from '../../src/http/limits.ts';

const api = { title: 'Test', description: 'An app under test.', version: '1.2.3' };

async function testApp(health: () => Health, limits: Partial<AppLimits> = {}): Promise<App> {
  const app = await createApp({ api, log: false, limits });
  addHealthRoutes(app, { health, registry: new Registry() });
  app.get('/items/:name', async () => 'item');
  return app;
}

const well: Health = { ok: true, checks: { checkpoint: { ok: true, detail: '3 s old' } } };
const ill: Health = { ok: false, checks: { checkpoint: { ok: false, detail: '900 s old' } } };

describe('addHealthRoutes', () => {
  it('says 200 when every check is well and 503 with the failed one when not', async () => {
    let health = well;
    const app = await testApp(() => health);
    const good = await app.inject('/healthz');
    expect(good.statusCode).toBe(200);
    expect(good.json()).toEqual(well);
    expect(good.headers['cache-control']).toBe('no-store');
    health = ill;
    const bad = await app.inject('/healthz');
    expect(bad.statusCode).toBe(503);
    expect(bad.json()).toEqual(ill);
  });

  it('is not well when the check itself fails', async () => {
    const app = await testApp(() => {
      throw new Error('secret');
    });
    const answer = await app.inject('/healthz');
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('secret');
  });

  it('counts requests by route, with labels that no client can invent', async () => {
    const app = await testApp(() => well);
    await app.inject('/items/one');
    await app.inject('/items/two');
    await app.inject({ method: 'PROPFIND', url: '/nowhere/one' });
    await app.inject({ method: 'DELETE', url: '/items/one' });
    await app.inject({ method: 'OPTIONS', url: '/items/one' });
    const answer = await app.inject('/metrics');
    expect(answer.headers['content-type']).toMatch(/^text\/plain/);
    const counts = answer.body
      .split('\n')
      .filter((line) => line.startsWith('attestry_http_request_seconds_count'));
    expect(counts).toEqual([
      'attestry_http_request_seconds_count{method="GET",route="/items/:name",status="200"} 2',
      'attestry_http_request_seconds_count{method="none",route="none",status="404"} 2',
      'attestry_http_request_seconds_count{method="OPTIONS",route="*",status="204"} 1',
    ]);
    expect(answer.body).toContain('process_cpu_seconds_total');
  });

  it('answers health and metrics to an address over its limit and under load', async () => {
    const app = await testApp(() => well, { requestsPerWindow: 1, rateWindowMs: 30_000 });
    await app.inject('/items/one');
    expect((await app.inject('/items/one')).statusCode).toBe(429);
    expect((await app.inject('/healthz')).statusCode).toBe(200);
    expect((await app.inject('/metrics')).statusCode).toBe(200);

    const loaded = await testApp(() => well, { maxHeapUsedBytes: 1 });
    await loaded.ready();
    const deadline = performance.now() + 5_000;
    while ((await loaded.inject('/items/one')).statusCode === 200) {
      expect(performance.now()).toBeLessThan(deadline);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect((await loaded.inject('/healthz')).statusCode).toBe(200);
    expect((await loaded.inject('/metrics')).statusCode).toBe(200);
  });
});
