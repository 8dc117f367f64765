import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Level } from 'level';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { leafHash } from '../../src/core/merkle/hash.ts';
import { parseBundlePath, parseTilePath } from '../../src/core/merkle/tile-path.ts';
import { parseReceipt } from '../../src/core/receipt/receipt.ts';
import { parseTrustRoot } from '../../src/core/trust/trust-root.ts';
import { openLog } from '../../src/log/log.ts';
import { openHeadLock } from '../../src/store/head-lock.ts';
import { openLevelLogStore } from '../../src/store/level-log-store.ts';
import { FakeLog } from '../client/fake-log.ts';
import { bodyText, type Peer, startPeer } from '../client/peer-server.ts';
import { refusal } from '../client/scripted-fetch.ts';
import { ServedLog } from '../helpers/verifier-bed.ts';
import { flipBit } from '../helpers/wrapped-store.ts';
import { attestry } from './command-line.ts';
import { Stage } from './stage.ts';

const TRUST = ['--trust', 'trust.json'];

let stage: Stage;
let entries: readonly Uint8Array[] = [];
beforeAll(async () => {
  stage = await Stage.make();
  entries = [
    await stage.state('model.bin', '--purpose', 'one'),
    await stage.state('model.bin', '--purpose', 'two'),
  ];
  await stage.write('one.json', entries[0] as Uint8Array);
  await stage.write('two.json', entries[1] as Uint8Array);
  return () => stage.remove();
});

/** The stage's log behind a real port. */
async function startLog(): Promise<{ readonly fake: FakeLog; readonly peer: Peer }> {
  stage.log.entries.length = 0;
  const fake = new FakeLog(stage.log);
  fake.time = stage.now;
  const peer = await startPeer(async (request, response) => {
    const answer = fake.answer({
      url: `http://log${request.url}`,
      method: request.method ?? 'GET',
      headers: new Headers({ 'content-type': request.headers['content-type'] ?? '' }),
      body: await bodyText(request),
    });
    response.writeHead(answer.status).end(await answer.text());
  });
  return { fake, peer };
}

describe('attestry submit', () => {
  test('keeps a receipt that attestry verify calls VALID', async () => {
    const { peer } = await startLog();
    const args = ['submit', 'one.json', ...TRUST, '--log', peer.url, '--wait', 'witnessed'];
    const stdout = await stage.do(...args, '--out', 'receipt.json');
    const entryHash = encodeHex(leafHash(entries[0] as Uint8Array));
    expect(stdout).toContain(`witnessed, ${entryHash}`);
    expect(parseReceipt(await stage.read('receipt.json')).envelope.entry).toEqual(entries[0]);
    expect(await stage.do('verify', 'receipt.json', ...TRUST)).toMatch(/^VALID/);
  });

  test('takes many from files and standard input, and keeps a receipt of each', async () => {
    const { peer } = await startLog();
    const { code, stdout } = await attestry(
      ['submit', 'one.json', '-', ...TRUST, '--log', peer.url, '--out', 'kept', '--json'],
      {
        cwd: stage.folder,
        input: Buffer.concat([entries[1] ?? Buffer.alloc(0), Buffer.from('\n')]),
      },
    );
    expect(code).toBe(0);
    const hashes = entries.map((entry) => encodeHex(leafHash(entry)));
    expect(JSON.parse(stdout)).toEqual(
      hashes.map((entryHash, index) => ({ entryHash, index, state: 'committed' })),
    );
    const kept = await readdir(stage.path('kept'));
    expect(kept.sort()).toEqual(hashes.map((hash) => `${hash}.json`).sort());
  });

  test('ends with 2 when the witnesses do not come in time, and keeps what there is', async () => {
    const { peer, fake } = await startLog();
    fake.isWitnessed = false;
    const args = ['submit', 'one.json', ...TRUST, '--log', peer.url, '--wait', 'witnessed'];
    const { code, stdout } = await stage.run(...args, '--timeout', '1', '--out', 'short.json');
    expect(stdout).toContain('committed');
    expect(code).toBe(2);
    expect((await stage.run('verify', 'short.json', ...TRUST)).code).toBe(2);
  });

  test('believes no log that lies, and keeps nothing of it', async () => {
    const { peer, fake } = await startLog();
    fake.log.append(entries[1] as Uint8Array);
    fake.lie = (answer) => ({ ...answer, receipt: fake.log.receipt(0, { witnesses: [] }) });
    const args = ['submit', 'one.json', ...TRUST, '--log', peer.url, '--out', 'lie.json'];
    expect(await stage.run(...args)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error RESPONSE_INVALID: /m),
    });
    await expect(stage.read('lie.json')).rejects.toThrow();
  });

  test('says why a log refuses, and which envelopes it took', async () => {
    const answer = refusal('STREAM_SEQUENCE_MISMATCH', 409);
    const peer = await startPeer(async (_, response) => {
      response.writeHead(409).end(await answer.clone().text());
    });
    const { code, stderr } = await stage.run('submit', 'one.json', ...TRUST, '--log', peer.url);
    expect(stderr).toMatch(/^error STREAM_SEQUENCE_MISMATCH: 127\.0\.0\.1:\d+ answers: /m);
    expect(code).toBe(1);
  });

  test('refuses files that hold no envelope', async () => {
    await stage.write('empty', '');
    await stage.write('noise', 'noise\n');
    for (const [file, code] of [
      ['empty', 'ENVELOPE_MALFORMED'],
      ['noise', 'JSON_MALFORMED'],
      ['.', 'FILE_UNREADABLE'],
    ]) {
      const { stderr } = await stage.run('submit', file as string, ...TRUST);
      expect(stderr).toMatch(new RegExp(`^error ${code}: `, 'm'));
    }
  });
});

describe('attestry receipt', () => {
  test('fetches, verifies and writes a receipt', async () => {
    const { peer } = await startLog();
    stage.log.append(entries[0] as Uint8Array);
    const hash = encodeHex(leafHash(entries[0] as Uint8Array));
    const args = ['receipt', hash, '--log', peer.url, ...TRUST];
    await stage.do(...args, '--out', 'fetched.json');
    expect(parseReceipt(await stage.read('fetched.json')).proof.index).toBe(0);
    const unknown = ['receipt', 'ab'.repeat(32), '--log', peer.url, ...TRUST];
    expect((await stage.run(...unknown)).stderr).toMatch(/^error ENTRY_UNKNOWN: /m);
    expect((await stage.run('receipt', 'x', '--log', peer.url, ...TRUST)).stderr).toMatch(
      /^error HEX_MALFORMED: /m,
    );
  });
});

describe('attestry audit', () => {
  async function startTiles(served: ServedLog): Promise<Peer> {
    const answer = async (path: string): Promise<string | Uint8Array | undefined> => {
      if (path === 'checkpoint') return await served.readCheckpoint();
      return path.startsWith('tile/entries/')
        ? await served.readBundle(parseBundlePath(path))
        : await served.readTile(parseTilePath(path));
    };
    const listener: RequestListener = (request, response) => {
      void answer((request.url ?? '').slice(1)).then((body) =>
        response.writeHead(body === undefined ? 404 : 200).end(body),
      );
    };
    return await startPeer(listener);
  }

  function servedLog(): ServedLog {
    stage.log.entries.length = 0;
    for (const entry of entries) stage.log.append(entry);
    const served = new ServedLog(stage.log);
    served.publish({ time: stage.now });
    return served;
  }

  test('replays an honest log, for people and for machines', async () => {
    const peer = await startTiles(servedLog());
    const stdout = await stage.do('audit', peer.url, ...TRUST);
    expect(stdout).toMatch(/^VALID: eu\.log\.example at size 2, /);
    expect(stdout).toContain('Not checked');
    const json: unknown = JSON.parse(await stage.do('audit', peer.url, ...TRUST, '--json'));
    expect(json).toMatchObject({
      type: 'attestry/audit',
      outcome: 'VALID',
      size: 2,
      signaturesVerified: 2,
      problems: [],
    });
    expect(await stage.do('audit', peer.url, ...TRUST, '--no-signatures')).toContain('left out on');
  });

  test('says INVALID of a log that was changed, INCONCLUSIVE of one that is not there', async () => {
    const served = servedLog();
    served.damage = (path, bytes) =>
      path.startsWith('tile/entries/') && bytes !== undefined ? flipBit(bytes, 8 * 40) : bytes;
    const { code, stdout } = await stage.run('audit', (await startTiles(served)).url, ...TRUST);
    expect(stdout).toMatch(/^INVALID: [^\n]*\n {2}ENTRY_HASH_MISMATCH: /);
    expect(code).toBe(1);
    const gone = await stage.run('audit', 'http://127.0.0.1:1', ...TRUST);
    expect(gone).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error PEER_UNAVAILABLE: /m),
    });
    const unknown = await stage.run('audit', 'ftp://example', ...TRUST);
    expect(unknown.stderr).toMatch(/^error CONFIG_INVALID: /m);
  });
});

describe('attestry fsck', () => {
  async function writeLog(name: string): Promise<void> {
    const store = await openLevelLogStore(stage.path(`${name}/db`));
    const headLock = await openHeadLock(stage.path(`${name}/lock`));
    const log = await openLog({
      signer: stage.log.signer,
      trust: parseTrustRoot(await stage.read('trust.json')),
      store,
      headLock,
      witnesses: [],
      now: () => stage.now,
      clockMs: () => performance.now(),
      onFatal: (error) => {
        throw error;
      },
    });
    for (const entry of entries) await log.commit(await log.admit(entry));
    await log.close();
    await store.close();
    await headLock.close();
  }

  test('says VALID of a whole data folder and INVALID of a damaged one', async () => {
    await writeLog('data');
    const sound = await stage.run('fsck', 'data', ...TRUST, '--json');
    expect(JSON.parse(sound.stdout)).toMatchObject({
      type: 'attestry/fsck',
      outcome: 'VALID',
      origin: 'eu.log.example',
      size: 2,
    });
    expect(sound.code).toBe(0);
    await flipStoredEntry(stage.path('data/db'), entries[0] as Uint8Array);
    const damaged = await stage.run('fsck', 'data', ...TRUST);
    expect(damaged.stdout).toMatch(
      /^INVALID: eu\.log\.example, 2 entries\n {2}ENTRY_HASH_MISMATCH/,
    );
    expect(damaged.code).toBe(1);
  });

  test('makes no data folder where there is none', async () => {
    const { code, stderr } = await stage.run('fsck', 'nowhere', ...TRUST);
    expect(stderr).toMatch(/^error FILE_UNREADABLE: /m);
    expect(code).toBe(1);
    expect(await readdir(stage.folder)).not.toContain('nowhere');
  });
});

async function flipStoredEntry(folder: string, entry: Uint8Array): Promise<void> {
  const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const;
  const db = new Level<Uint8Array, Uint8Array>(folder, encodings);
  for await (const [key, value] of db.iterator()) {
    if (Buffer.from(value).includes(Buffer.from(entry))) await db.put(key, flipBit(value, 8 * 100));
  }
  await db.close();
}

type RoleProcess = ChildProcessByStdio<Writable, Readable, null>;

/** A witness of a new log, once it listens: in a process of its own, which `attestry witness` starts. */
async function startWitness(
  name: string,
  env: Readonly<Record<string, string>> = {},
): Promise<RoleProcess> {
  const making = (type: string, of: string, key: string): string[] => [
    ...['keygen', '--type', type, '--name', of, '--out', key, '--no-passphrase', '--json'],
  ];
  const made = await stage.do(...making('log', 'log.example', `${name}.log.key`));
  const { vkey } = JSON.parse(made) as { readonly vkey: string };
  await stage.do(...making('witness', 'w', `${name}.key`));
  const program = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
  const [key, data] = [stage.path(`${name}.key`), stage.path(`data of ${name}`)];
  const flags = ['--key', key, '--data', data, '--logs', vkey, '--port', '0'];
  const child = spawn(process.execPath, [program, 'witness', ...flags], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('listening')) return child;
  }
  throw new Error('The witness ended before it listened.');
}

describe('attestry witness', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'passes %s on, and ends as the role ends',
    async (signal) => {
      const child = await startWitness(signal);
      const exit = once(child, 'exit');
      child.kill(signal);
      expect(await exit).toEqual([0, null]);
    },
  );
  test.each([
    ['it is killed', {}, (child: RoleProcess): unknown => child.kill('SIGKILL')],
    [
      'the one who started it is gone, where that is asked for',
      { ATTESTRY_EXIT_WITH_PARENT: '1' },
      (child: RoleProcess): unknown => child.stdin.end(),
    ],
  ])('leaves no role behind when %s', async (what, env, end) => {
    const child = await startWitness(what, env);
    // The role holds the other end for as long as it lives.
    const closed = once(child.stdout.resume(), 'close');
    end(child);
    await closed;
  });

  test("ends with the role's own exit code", async () => {
    expect((await stage.run('witness', '--frobnicate')).code).toBe(64);
  });
});
