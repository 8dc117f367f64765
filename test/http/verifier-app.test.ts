import { describe, expect, it, onTestFinished } from 'vitest';
import { parseDossier } from '../../src/core/dossier/dossier.ts';
import { parseFinding } from '../../src/core/finding/finding.ts';
import { verifyFinding } from '../../src/core/finding/verify.ts';
import { formatReceipt } from '../../src/core/receipt/receipt.ts';
import { judge } from '../../src/core/report/judge.ts';
import { AttestryError } from '../../src/errors.ts';
import type { App } from '../../src/http/app-type.ts';
import { createVerifierApp } from '../../src/http/verifier-app.ts';
import { openMemoryLogStore } from '../../src/store/memory-log-store.ts';
import { Value } from '../../src/typebox.ts';
import type { Verifier } from '../../src/verifier/verifier.ts';
import { TestLog } from '../helpers/fixtures.ts';
import { signTrust } from '../helpers/signed-trust.ts';
import { digestOf, MODEL } from '../helpers/statements.ts';
import { VerifierBed } from '../helpers/verifier-bed.ts';
import { wrapStore } from '../helpers/wrapped-store.ts';
import { openRaw, serving, until } from './raw-connection.ts';

interface Site {
  readonly bed: VerifierBed;
  readonly verifier: Verifier;
  readonly app: App;
}

async function site(): Promise<Site> {
  const bed = await VerifierBed.make();
  for (const served of bed.served) {
    served.log.state('training');
    served.log.state('evaluation');
    served.log.state('usage');
    served.publish();
  }
  const verifier = await bed.openAndLook();
  return { bed, verifier, app: await appOf(verifier) };
}

async function appOf(verifier: Verifier): Promise<App> {
  const app = await createVerifierApp(verifier, {
    log: false,
    limits: { requestsPerWindow: 0, maxEventLoopDelayMs: 0 },
  });
  onTestFinished(() => app.close());
  return app;
}

/** Publishes a history of the log that contradicts the one before. */
function rewrite(bed: VerifierBed): void {
  const fork = new TestLog('us', bed.network.witnesses.slice(0, 3));
  fork.state('training', { model: digestOf('another') });
  bed.us.log = fork;
  bed.us.publish();
}

async function getJson(app: App, url: string): Promise<Record<string, unknown>> {
  const answer = await app.inject(url);
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json();
}

describe('createVerifierApp', () => {
  it('lists models page by page', async () => {
    const { app, bed } = await site();
    bed.us.log.state('deployment', { model: digestOf('another') });
    expect(await getJson(app, '/v1/models')).toEqual({
      models: [
        {
          model: MODEL,
          names: ['model.bin'],
          statements: 6,
          kinds: { training: 2, evaluation: 2, usage: 2 },
          origins: bed.served.map(({ log }) => log.origin),
        },
      ],
      next: null,
    });
    expect(await getJson(app, `/v1/models?after=${MODEL}&limit=1000`)).toEqual({
      models: [],
      next: null,
    });
  });

  it('says how a model stands, with the report on its dossier', async () => {
    const { app, bed } = await site();
    const status = await getJson(app, `/v1/models/${MODEL}`);
    expect(status).toMatchObject({
      model: MODEL,
      status: 'attested',
      outcome: 'VALID',
      problems: [],
    });
    expect(status['statements']).toHaveLength(6);
    expect(status['logs']).toMatchObject([
      { origin: bed.eu.log.origin, state: 'followed', size: 3, problem: null },
      { origin: bed.us.log.origin, state: 'followed', size: 3, problem: null },
    ]);
    expect(await getJson(app, `/v1/models/${digestOf('nobody')}`)).toMatchObject({
      status: 'unknown',
      outcome: 'INCONCLUSIVE',
      problems: [{ code: 'MODEL_UNKNOWN' }],
    });
  });

  it('says that a model was withdrawn', async () => {
    const { app, bed, verifier } = await site();
    bed.us.log.state('revocation');
    bed.us.publish();
    await verifier.round();
    expect(await getJson(app, `/v1/models/${MODEL}`)).toMatchObject({
      status: 'withdrawn',
      outcome: 'INVALID',
    });
  });

  it('names a log that it cannot reach, and what that makes of its answers', async () => {
    const { app, bed, verifier } = await site();
    bed.us.damage = () => {
      throw new AttestryError('PEER_UNAVAILABLE', 'us.log.example did not answer.');
    };
    bed.now += 301;
    bed.eu.publish({ time: bed.now });
    await verifier.round();
    const status = await getJson(app, `/v1/models/${MODEL}`);
    expect(status).toMatchObject({ status: 'attested', outcome: 'INCONCLUSIVE' });
    expect(status['problems']).toMatchObject([
      { code: 'DOSSIER_LOG_MISSING', origin: bed.us.log.origin },
    ]);
    expect(status['logs']).toMatchObject([
      { state: 'followed' },
      { state: 'unreachable', problem: { code: 'PEER_UNAVAILABLE' } },
    ]);
  });

  it('serves dossiers and receipts that verify offline', async () => {
    const { app, bed } = await site();
    const dossier = await app.inject(`/v1/models/${MODEL}/dossier`);
    expect(dossier.headers['content-type']).toMatch(/^application\/json/);
    expect(dossier.headers['cache-control']).toBe('no-cache');
    expect(parseDossier(dossier.rawPayload).model).toBe(MODEL);
    expect(judge(dossier.rawPayload, bed.network.rules).outcome).toBe('VALID');
    const path = `/v1/entries/${encodeURIComponent(bed.us.log.origin)}/1/receipt`;
    const receipt = await app.inject(path);
    expect(receipt.headers['cache-control']).toContain('immutable');
    expect(judge(receipt.rawPayload, bed.network.rules).outcome).toBe('VALID');
  });

  it('finds logs whose origin has slashes in it', async () => {
    const { app } = await site();
    const answer = await app.inject(`/v1/entries/${encodeURIComponent('a/b/c')}/0/receipt`);
    expect(answer.json()).toMatchObject({ error: { code: 'CHECKPOINT_ORIGIN_UNKNOWN' } });
  });

  it('judges what it is sent as the pure function does', async () => {
    const { app, bed } = await site();
    const receipt = formatReceipt(bed.eu.log.receipt(1));
    for (const payload of [receipt, receipt.subarray(0, 100), new TextEncoder().encode('{}')]) {
      const answer = await app.inject({
        method: 'POST',
        url: '/v1/verify',
        headers: { 'content-type': 'application/json' },
        payload: Buffer.from(payload),
      });
      expect(answer.statusCode).toBe(200);
      expect(answer.json()).toEqual(judge(payload, bed.network.rules));
    }
  });

  it('shows nodes, witnesses, findings with their evidence, and its trust root', async () => {
    const { app, bed, verifier } = await site();
    rewrite(bed);
    bed.silent.add(bed.witness(0).vkey.name);
    await verifier.round();
    const { nodes, witnesses } = await getJson(app, '/v1/nodes');
    expect(nodes).toMatchObject([
      { origin: bed.eu.log.origin, state: 'followed', size: 3, mirroredSize: 3, problem: null },
      { origin: bed.us.log.origin, state: 'contradicted', size: 3 },
    ]);
    expect(witnesses).toMatchObject([
      { problem: { code: 'PEER_UNAVAILABLE' } },
      { problem: null },
      { problem: null },
      { problem: null },
    ]);
    const { findings } = await getJson(app, '/v1/findings');
    // The three witnesses that cosigned both histories stand accused beside the log.
    const accused = bed.network.witnesses.slice(0, 3).map(({ vkey }) => vkey.name);
    expect(findings).toMatchObject([
      ...accused.toReversed().map((name) => ({ code: 'WITNESS_CONTRADICTION', accused: [name] })),
      { origin: bed.us.log.origin, code: 'CHECKPOINT_CONTRADICTION', foundBy: null },
    ]);
    expect(await getJson(app, '/v1/findings?limit=1')).toMatchObject({ findings: { length: 1 } });
    const { id } = (findings as { id: string }[]).at(-1) as { id: string };
    const finding = await app.inject(`/v1/findings/${id}`);
    expect(verifyFinding(parseFinding(finding.rawPayload), bed.network.rules).code).toBe(
      'CHECKPOINT_CONTRADICTION',
    );
    const trust = await app.inject('/v1/trust');
    expect(trust.rawPayload).toEqual(Buffer.from(signTrust(bed.network.file)));
  });

  it('streams what happens, and repeats what was missed', async () => {
    const { app, bed, verifier } = await site();
    await serving(app, async (url) => {
      const head = 'GET /v1/events HTTP/1.1\r\nHost: a\r\n';
      const raw = await openRaw(url, `${head}\r\n`);
      await until(() => raw.heard().includes('text/event-stream'));
      rewrite(bed);
      await verifier.round();
      await until(() => raw.heard().includes('event: node'));
      expect(raw.heard()).toMatch(/event: finding\ndata: .*CHECKPOINT_CONTRADICTION/);
      const again = await openRaw(url, `${head}Last-Event-ID: 0\r\n\r\n`);
      await until(() => again.heard().includes('"contradicted"'));
      expect(again.heard()).toMatch(/id: 1\nevent: node\ndata: .*"starting"/);
      expect(again.heard()).toMatch(/id: [0-9]+\nevent: checkpoint\ndata: .*"size":3/);
      const confused = await openRaw(url, `${head}Last-Event-ID: 1e9\r\n\r\n`);
      await until(() => confused.heard().includes('text/event-stream'));
      for (const { socket } of [raw, again, confused]) socket.destroy();
    });
  });

  it('is healthy while it reaches a log and its mirrors can be used', async () => {
    const bed = await VerifierBed.make();
    bed.eu.publish();
    const verifier = await bed.open();
    const app = await appOf(verifier);
    expect((await app.inject('/healthz')).json()).toMatchObject({
      ok: false,
      checks: { logs: { ok: false, detail: '0 of 2 logs answer' } },
    });
    await verifier.round();
    expect((await app.inject('/healthz')).statusCode).toBe(200);
    for (const served of bed.served) {
      served.damage = () => {
        throw new AttestryError('PEER_UNAVAILABLE', 'no answer');
      };
    }
    await verifier.round();
    expect((await app.inject('/healthz')).statusCode).toBe(503);
  });

  it('is not healthy once a mirror has failed, and answers for the others', async () => {
    const bed = await VerifierBed.make();
    for (const served of bed.served) {
      served.log.state('training');
      served.publish();
    }
    const broken = (): never => {
      throw new AttestryError('STORE_FAILED', 'The disk in /secret/place is gone.');
    };
    const verifier = await bed.openAndLook({
      openMirror: async ({ origin }) => {
        const store = openMemoryLogStore();
        if (origin === bed.eu.log.origin) return store;
        return wrapStore(store, { commit: broken, models: broken, mentions: broken });
      },
    });
    const app = await appOf(verifier);
    const health = await app.inject('/healthz');
    expect([health.statusCode, health.json().checks.store.ok]).toEqual([503, false]);
    expect(await getJson(app, '/v1/models')).toMatchObject({ models: [{ statements: 1 }] });
    const status = await app.inject(`/v1/models/${MODEL}`);
    expect(status.json()).toMatchObject({ outcome: 'INCONCLUSIVE' });
    const nodes = await app.inject('/v1/nodes');
    expect(nodes.json()).toMatchObject({ nodes: [{ state: 'followed' }, { state: 'failed' }] });
    for (const { body } of [health, status, nodes, await app.inject('/v1/models')]) {
      expect(body).not.toContain('/secret/place');
    }
  });

  it('measures every log', async () => {
    const { app, bed } = await site();
    bed.now += 30;
    const { body } = await app.inject('/metrics');
    const { origin } = bed.eu.log;
    for (const line of [
      `attestry_verifier_log_size{origin="${origin}"} 3`,
      `attestry_verifier_lag_seconds{origin="${origin}"} 90`,
      `attestry_verifier_entries_verified_total{origin="${origin}"} 3`,
      `attestry_verifier_findings{origin="${origin}",kind="entry-inadmissible"} 0`,
      `attestry_verifier_log_followed{origin="${origin}"} 1`,
    ]) {
      expect(body.split('\n')).toContain(line);
    }
  });

  it('answers as its API document says', async () => {
    const { app, bed, verifier } = await site();
    rewrite(bed);
    await verifier.round();
    const { paths } = (await getJson(app, '/docs/json')) as { paths: Record<string, unknown> };
    for (const [path, url] of [
      ['/v1/models', '/v1/models'],
      ['/v1/models/{sha256}', `/v1/models/${MODEL}`],
      ['/v1/nodes', '/v1/nodes'],
      ['/v1/findings', '/v1/findings'],
    ] as const) {
      const schema = answerSchema(paths[path]);
      const errors = [...Value.Errors(schema, await getJson(app, url))];
      expect(
        errors.map(({ instancePath, message }) => `${instancePath} ${message}`),
        path,
      ).toEqual([]);
    }
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/v1/verify', '/v1/events', '/v1/trust', '/healthz', '/metrics']),
    );
  });

  it('takes files up to 16 MiB to judge, of a type that it knows', async () => {
    const { app } = await site();
    const post = (payload: Buffer, type = 'application/json') =>
      app.inject({ method: 'POST', url: '/v1/verify', headers: { 'content-type': type }, payload });
    const large = await post(Buffer.alloc(16 * 1024 * 1024 + 1, '['));
    expect([large.statusCode, large.json().error.code]).toEqual([413, 'INPUT_TOO_LARGE']);
    const deep = await post(Buffer.alloc(16 * 1024 * 1024, '['));
    expect([deep.statusCode, deep.json().problems[0].code]).toEqual([200, 'JSON_TOO_DEEP']);
    const wrong = await post(Buffer.from('{}'), 'application/xml');
    expect([wrong.statusCode, wrong.json().error.code]).toEqual([415, 'MEDIA_TYPE_UNSUPPORTED']);
  });
});

function answerSchema(path: unknown): object {
  const { get } = path as {
    get: { responses: { 200: { content: { 'application/json': { schema: object } } } } };
  };
  return get.responses[200].content['application/json'].schema;
}
