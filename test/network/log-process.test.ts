import { existsSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { fsckFolder } from '../../scripts/kill-cycles/campaign.ts';
import { checkAftermath } from '../../scripts/kill-cycles/checks.ts';
import { Journal } from '../../scripts/kill-cycles/journal.ts';
import { type Ended, NodeProcess, StartRefused } from '../../scripts/kill-cycles/node-process.ts';
import { SeededRandom } from '../../scripts/kill-cycles/random.ts';
import { StatementMaker } from '../../scripts/kill-cycles/statements.ts';
import { Submitter } from '../../scripts/kill-cycles/submitter.ts';
import { makeWorld, type World } from '../../scripts/kill-cycles/world.ts';
import { encodeBundle } from '../../src/core/merkle/bundle.ts';
import { ENTRIES_PER_ROW, entriesOfRow } from '../../src/store/entry-rows.ts';
import { openLevelFolder } from '../../src/store/level-folder.ts';
import { entryRowKey } from '../../src/store/level-keys.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { openRaw, until } from '../http/raw-connection.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/nodes/log.js', import.meta.url));

beforeAll(() => {
  expect(existsSync(PROGRAM), 'npm run build').toBe(true);
});

type Flags = Readonly<Record<string, string | number>>;

/** A node's surroundings; its processes are gone when the test ends. */
class Site {
  readonly world: World;
  readonly data: string;
  readonly statements: StatementMaker;

  private constructor(world: World, folder: string) {
    this.world = world;
    this.data = join(folder, 'data');
    this.statements = new StatementMaker(world, 'meter');
  }

  static async make(): Promise<Site> {
    const folder = await temporaryFolder();
    const world = await makeWorld({ folder, name: 'site' });
    onTestFinished(() => world.close());
    return new Site(world, folder);
  }

  async start(flags: Flags = {}): Promise<NodeProcess> {
    const settings = { ...this.world.settings(this.data), ...flags };
    const node = new NodeProcess({ program: PROGRAM, settings });
    onTestFinished(async () => void (await node.kill()));
    await node.listening;
    return node;
  }

  /** How a start ends that is refused. */
  async refusal(flags: Flags = {}): Promise<Ended> {
    const started = this.start(flags);
    const refused = await started.then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refused instanceof StartRefused) return refused.ended;
    throw new Error(`expected a refusal, got ${refused}`);
  }

  /** Adds entries and waits for the witnesses. */
  async grow(node: NodeProcess, count: number): Promise<void> {
    const url = `${await node.listening}/v1/entries?wait=witnessed`;
    for (let i = 0; i < count; i++) {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: this.statements.reading(),
      });
      expect(await answer.json()).toMatchObject({ state: 'witnessed' });
    }
  }
}

// Every test starts several processes, on a machine that may be busy.
describe('the log process', { timeout: 90_000 }, () => {
  it('keeps a second process off its data and off its lock', async () => {
    const site = await Site.make();
    await site.start({ lock: `${site.data}.lock` });
    const refused = { code: 1, errors: expect.stringContaining('STORE_LOCKED') };
    expect(await site.refusal({ lock: `${site.data}.other` })).toMatchObject(refused);
    const data = `${site.data}.other`;
    expect(await site.refusal({ data, lock: `${site.data}.lock` })).toMatchObject(refused);
  });

  it('refuses a restored backup, by its lock', async () => {
    const site = await Site.make();
    const flags = { lock: `${site.data}.lock` };
    const first = await site.start(flags);
    await site.grow(first, 3);
    await first.stop();
    await cp(site.data, `${site.data}.backup`, { recursive: true });
    const second = await site.start(flags);
    await site.grow(second, 2);
    await second.stop();
    await rm(site.data, { recursive: true });
    await cp(`${site.data}.backup`, site.data, { recursive: true });
    const { code, errors } = await site.refusal(flags);
    expect(code).toBe(1);
    expect(errors).toContain('HEAD_ROLLBACK');
    // Once more: a refusal must not make the next start pass.
    expect((await site.refusal(flags)).errors).toContain('HEAD_ROLLBACK');
  });

  it('refuses a restored backup, lock and all, because a witness knows more', async () => {
    const site = await Site.make();
    const first = await site.start();
    await site.grow(first, 3);
    await first.stop();
    await cp(site.data, `${site.data}.backup`, { recursive: true });
    const second = await site.start();
    await site.grow(second, 2);
    await second.stop();
    await rm(site.data, { recursive: true });
    await cp(`${site.data}.backup`, site.data, { recursive: true });
    const { code, errors } = await site.refusal();
    expect(code).toBe(1);
    expect(errors).toContain('WITNESS_AHEAD');
  });

  it('refuses a rewritten entry, which fsck names', async () => {
    const site = await Site.make();
    const node = await site.start();
    await site.grow(node, 5);
    await node.stop();
    await rewriteEntry(site.data, 3, (entry) => entry.replace('"sig":"', '"sig":"A'));
    const { code, errors } = await site.refusal();
    expect(code).toBe(1);
    expect(errors).toContain('ENTRY_HASH_MISMATCH');
    const { problems } = await fsckFolder(site.data, site.world);
    expect(problems).toMatchObject([
      { code: 'ENTRY_HASH_MISMATCH', message: expect.stringContaining('Entry 3 ') },
    ]);
  });

  it('refuses a key that its trust root does not name', async () => {
    const site = await Site.make();
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'other'));
    const other = await makeWorld({ folder: join(folder, 'other'), name: 'other' });
    onTestFinished(() => other.close());
    const key = other.settings(site.data)['key'] as string;
    const { code, errors } = await site.refusal({ key });
    expect(code).toBe(64);
    expect(errors).toContain('CONFIG_INVALID');
  });

  it('cuts clients that send slowly, and serves the others meanwhile', async () => {
    const site = await Site.make();
    const node = await site.start();
    const url = await node.listening;
    const head = 'POST /v1/entries HTTP/1.1\r\nHost: log\r\n';
    const slowHead = await openRaw(url, head);
    const slowBody = await openRaw(
      url,
      `${head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
    );
    const drip = setInterval(() => slowBody.socket.write('x'), 500);
    slowBody.socket.on('close', () => clearInterval(drip));
    await site.grow(node, 3);
    const [first, second] = await Promise.all([slowHead.closed, slowBody.closed]);
    expect(first.ms).toBeLessThan(9_000);
    expect(second.ms).toBeLessThan(14_000);
    for (const { heard } of [first, second]) {
      expect(heard).toMatch(/^HTTP\/1\.1 408 /);
      expect(heard).toContain('REQUEST_TIMEOUT');
    }
  });

  it('ends cleanly on SIGTERM under load, and has lost nothing that it acknowledged', async () => {
    const site = await Site.make();
    const { world } = site;
    const node = await site.start();
    const url = await node.listening;
    const journal = new Journal();
    const submitters = Array.from(
      { length: 4 },
      (_, i) => new Submitter({ world, journal, random: new SeededRandom(i), name: `m${i}` }),
    );
    const { signal } = new AbortController();
    const load = submitters.map((submitter) => submitter.run(url, signal));
    await until(() => journal.acknowledged.size > 50, 15_000);
    expect(await node.stop()).toMatchObject({ code: 0, errors: '' });
    await Promise.all(load);
    const again = await site.start();
    await checkAftermath({
      url: await again.listening,
      world,
      journal,
      random: new SeededRandom(1),
      unanswered: submitters.flatMap(({ unanswered }) => unanswered),
    });
    expect(journal.violations).toEqual([]);
    await again.stop();
    expect((await fsckFolder(site.data, world)).problems).toEqual([]);
  });

  it('ends cleanly though its witnesses hang', async () => {
    const site = await Site.make();
    const node = await site.start({ 'witness-timeout-ms': 120_000 });
    await site.grow(node, 1);
    await site.world.close();
    let asked = 0;
    for (const { url } of site.world.trust.witnesses) {
      const server = createServer(() => asked++);
      server.listen(Number(new URL(url).port), '127.0.0.1');
      onTestFinished(() => void server.close());
    }
    const answer = await fetch(`${await node.listening}/v1/entries`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: site.statements.reading(),
    });
    expect(answer.status).toBe(201);
    await until(() => asked > 0, 15_000);
    expect(await node.stop()).toMatchObject({ code: 0, errors: '' });
  });
});

/** Changes an entry behind the back of the log: rows as level-keys.ts lays them out. */
async function rewriteEntry(
  data: string,
  index: number,
  change: (entry: string) => string,
): Promise<void> {
  const db = await openLevelFolder(join(data, 'db'));
  const key = entryRowKey(index);
  const entries = entriesOfRow((await db.get(key)) ?? new Uint8Array());
  const at = index % ENTRIES_PER_ROW;
  const entry = Buffer.from(entries[at] ?? []).toString();
  expect(entry).toContain('"payload"');
  await db.put(key, encodeBundle(entries.with(at, Buffer.from(change(entry)))));
  await db.close();
}
