import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { VerifierClient } from '../../src/client/verifier-client.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { parseBundlePath, parseTilePath } from '../../src/core/merkle/tile-path.ts';
import { judge } from '../../src/core/report/judge.ts';
import type { Statement } from '../../src/core/statement/statement.ts';
import { opensslEngine } from '../../src/keys/openssl-engine.ts';
import { startPeer } from '../client/peer-server.ts';
import { makeNetwork, type TestLog } from '../helpers/fixtures.ts';
import { quickEntry } from '../helpers/quick-entry.ts';
import { signTrust, trustOf } from '../helpers/signed-trust.ts';
import { MODEL, sampleStatement } from '../helpers/statements.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { ServedLog } from '../helpers/verifier-bed.ts';

const program = fileURLToPath(new URL('../../dist/nodes/verifier.js', import.meta.url));

beforeAll(() => {
  // A real process runs compiled code; npm test builds it first.
  expect(existsSync(program), 'npm run build').toBe(true);
});

interface VerifierProcess {
  readonly child: ChildProcess;
  /** Where it listens; rejects with what it wrote to standard error if it ends before. */
  readonly url: Promise<string>;
  /** Exit code, and what it wrote to standard error. */
  readonly ended: Promise<{ code: number | null; err: string }>;
}

function start(folder: string, ...flags: string[]): VerifierProcess {
  const settings = ['--trust', join(folder, 'trust.json'), '--data', join(folder, 'data')];
  const quick = ['--poll-interval-ms', '50', '--log-level', 'warn'];
  const args = [program, ...settings, ...quick, '--requests-per-second', '0', ...flags];
  const env = { PATH: process.env['PATH'], ATTESTRY_EXIT_WITH_PARENT: '1' };
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, err }));
  const url = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { msg, url: place } = JSON.parse(line);
      if (msg === 'listening') resolve(place);
    });
    void ended.then(() => reject(new Error(err)));
  });
  // Not every test asks where it listens.
  url.catch(() => undefined);
  return { child, url, ended };
}

/** Serves the log over HTTP until the test ends; gives its URL. */
async function serve(log: ServedLog): Promise<string> {
  const answer = async (path: string): Promise<Uint8Array | undefined> => {
    if (path === 'checkpoint') {
      const note = await log.readCheckpoint();
      return note === undefined ? undefined : encodeUtf8(note);
    }
    if (path.startsWith('tile/entries/')) return await log.readBundle(parseBundlePath(path));
    return path.startsWith('tile/') ? await log.readTile(parseTilePath(path)) : undefined;
  };
  const { url } = await startPeer(async (request, response) => {
    const body = await answer((request.url ?? '/').slice(1));
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  return url;
}

function grow(log: TestLog, size: number): void {
  while (log.entries.length < size) {
    const predicate = { deploymentId: `deployment-${log.entries.length}` };
    const { context } = log;
    log.append(quickEntry(sampleStatement('deployment', { context, predicate }) as Statement));
  }
}

describe('nodes/verifier', () => {
  it('goes on after each kill -9 from where it was, and ends with all of the log', {
    timeout: 180_000,
  }, async () => {
    const { logs, file, rules } = makeNetwork({ regions: ['eu'] });
    const [log] = logs.map((one) => new ServedLog(one));
    const [trusted] = file.logs;
    if (log === undefined || trusted === undefined) throw new TypeError('a log');
    const folder = await temporaryFolder();
    const own = { ...file, logs: [{ ...trusted, url: await serve(log) }] };
    await writeFile(join(folder, 'trust.json'), signTrust(own));
    let mirrored = 0;
    for (const size of [1_100, 2_200]) {
      grow(log.log, size);
      log.publish({ time: Math.floor(Date.now() / 1000) });
      const verifier = start(folder);
      const client = new VerifierClient({ url: await verifier.url });
      // Killed as soon as anything of this growth is there, which is most often in the middle of it.
      await expect
        .poll(async () => mirroredSize(client), { interval: 2, timeout: 20_000 })
        .toBeGreaterThan(mirrored);
      verifier.child.kill('SIGKILL');
      await verifier.ended;
      mirrored = size;
    }
    const verifier = start(folder);
    const client = new VerifierClient({ url: await verifier.url });
    await expect
      .poll(async () => (await client.nodes()).nodes, { timeout: 20_000 })
      .toMatchObject([{ state: 'followed', size: 2200, problem: null }]);
    const now = Math.floor(Date.now() / 1000);
    const trust = trustOf(own);
    const dossier = await client.dossier(MODEL);
    const report = judge(dossier, { ...rules, trust, now, engine: opensslEngine });
    expect([report.outcome, report.statements.length]).toEqual(['VALID', 2200]);
    const answer = await fetch(`${await verifier.url}/v1/verify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: dossier,
    });
    expect(await answer.json()).toMatchObject({ of: 'dossier', outcome: 'VALID', problems: [] });
    expect((await client.findings()).findings).toEqual([]);
    verifier.child.kill('SIGTERM');
    expect(await verifier.ended).toEqual({ code: 0, err: '' });
  });

  it('does not start on a folder that another verifier holds, nor without a trust root', async () => {
    const { file } = makeNetwork({ regions: ['eu'] });
    const folder = await temporaryFolder();
    const missing = await start(folder).ended;
    expect([missing.code, missing.err]).toEqual([1, expect.stringContaining('FILE_UNREADABLE')]);
    await writeFile(join(folder, 'trust.json'), signTrust(file));
    const first = start(folder, '--request-timeout-ms', '50');
    await first.url;
    const second = await start(folder).ended;
    expect([second.code, second.err]).toEqual([1, expect.stringContaining('STORE_LOCKED')]);
  });
});

async function mirroredSize(client: VerifierClient): Promise<number> {
  const { nodes } = await client.nodes();
  const [node] = nodes as readonly { readonly mirroredSize?: number }[];
  return node?.mirroredSize ?? 0;
}
