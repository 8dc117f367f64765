import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { findFreePorts } from '../../scripts/demo/ports.ts';
import { EXIT_WITH_PARENT_ENV } from '../../src/cli/exit-with-parent.ts';
import { formatTime } from '../../src/core/bytes/time.ts';
import { formatVkey, type NoteSigner } from '../../src/core/note/vkey.ts';
import { writeKeyFile } from '../../src/keys/key-file.ts';
import { Fabric, type Place } from '../helpers/fabric.ts';
import { makeNetwork, signedEntry, type TestLog } from '../helpers/fixtures.ts';
import { signTrust } from '../helpers/signed-trust.ts';
import { MODEL, sampleStatement } from '../helpers/statements.ts';

const dist = (role: string): string =>
  fileURLToPath(new URL(`../../dist/nodes/${role}.js`, import.meta.url));
const ASK = fileURLToPath(new URL('fixtures/ask.mjs', import.meta.url));
const HEALED_MS = 15_000;
/** How long a state must last to count as one that does not change. */
const WATCHED_MS = 1_500;
const LOOPBACK: Place = { host: '127.0.0.1', prefix: [] };

/** A process in its place; it ends with this one. */
class Actor {
  readonly place: Place;
  readonly child: ReturnType<typeof spawn>;
  readonly url: string;

  constructor(place: Place, { url, args }: { url: string; args: readonly string[] }) {
    const [program = '', ...rest] = [...place.prefix, process.execPath, ...args];
    const env = { PATH: process.env['PATH'], [EXIT_WITH_PARENT_ENV]: '1' };
    this.place = place;
    this.url = url;
    this.child = spawn(program, rest, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdin?.on('error', () => undefined);
  }

  /** Each line that it writes. */
  lines(take: (line: string) => void): void {
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on('line', take);
  }

  async listening(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.lines((line) => line.includes('"listening"') && resolve());
      this.child.once('exit', (code) => reject(new Error(`${this.url} ended with ${code}`)));
    });
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await gone;
  }
}

interface Answer {
  readonly status?: number;
  readonly text?: string;
  /** There was none. */
  readonly failed?: string;
}

/** Asks from where the processes are. */
class Asker {
  readonly #actor: Actor;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #next = 0;

  constructor(place: Place) {
    this.#actor = new Actor(place, { url: '', args: [ASK] });
    this.#actor.lines((line) => {
      const { id, ...answer } = JSON.parse(line);
      this.#waiting.get(id)?.(answer);
    });
  }

  ask(url: string, body?: string): Promise<Answer> {
    const id = this.#next++;
    const request = { id, url, body, method: body === undefined ? 'GET' : 'POST' };
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#actor.child.stdin?.write(`${JSON.stringify(request)}\n`);
    });
  }

  end(): Promise<void> {
    return this.#actor.end();
  }
}

/** One log, four witnesses of which three must cosign, one verifier: six processes. */
class Network {
  readonly fabric: Fabric | string;
  readonly witnesses: Actor[] = [];
  readonly #test = makeNetwork({ regions: ['eu'] });
  readonly #actors: Actor[] = [];
  #asker = new Asker(LOOPBACK);
  #log: Actor | undefined;
  #verifier: Actor | undefined;
  #statements = 0;

  private constructor(fabric: Fabric | string) {
    this.fabric = fabric;
  }

  static async start(folder: string): Promise<Network> {
    const network = new Network(await Fabric.open());
    try {
      await network.#start(folder);
    } catch (error) {
      await network.end();
      throw error;
    }
    return network;
  }

  get log(): Actor {
    return this.#log as Actor;
  }

  async end(): Promise<void> {
    await Promise.all(this.#actors.map((actor) => actor.end()));
    await this.#asker.end();
    if (this.fabric instanceof Fabric) await this.fabric.close();
  }

  /** Logs another statement; gives its entry hash once it is committed. */
  async commit(): Promise<string> {
    const { status, text = '' } = await this.#asker.ask(`${this.log.url}/v1/entries`, this.#next());
    expect([status, JSON.parse(text)]).toMatchObject([201, { state: 'committed' }]);
    return JSON.parse(text).entryHash;
  }

  async isWitnessed(entryHash: string): Promise<boolean> {
    const url = `${this.log.url}/v1/receipts/${entryHash}?state=witnessed`;
    const { status } = await this.#asker.ask(url);
    expect([200, 404]).toContain(status);
    return status === 200;
  }

  /** What the verifier says of the model: VALID, INCONCLUSIVE … */
  async outcome(): Promise<string> {
    const { text = '{}' } = await this.#asker.ask(`${this.#verifier?.url}/v1/models/${MODEL}`);
    return JSON.parse(text).outcome;
  }

  /** A statement is witnessed, within the time that healing may take. */
  async publishes(entryHash?: string): Promise<void> {
    const hash = entryHash ?? (await this.commit());
    await expect
      .poll(() => this.isWitnessed(hash), { timeout: HEALED_MS, interval: 50 })
      .toBe(true);
  }

  /** Statements are committed, and none is called witnessed however long one waits. */
  async onlyCommits(): Promise<string> {
    const hash = await this.commit();
    const end = Date.now() + WATCHED_MS;
    while (Date.now() < end) {
      expect(await this.isWitnessed(hash)).toBe(false);
      await pause(50);
    }
    return hash;
  }

  #next(): string {
    const [log] = this.#test.logs as [TestLog];
    const issuedAt = formatTime(Math.floor(Date.now() / 1000));
    const context = { ...log.context, issuedAt };
    const predicate = { deploymentId: `deployment ${this.#statements++}` };
    const { entry } = signedEntry(sampleStatement('deployment', { context, predicate }));
    return new TextDecoder().decode(entry);
  }

  async #start(folder: string): Promise<void> {
    const [log] = this.#test.logs as [TestLog];
    const places = await this.#places(2 + this.#test.witnesses.length);
    const ports = await findFreePorts(places.length);
    const urls = places.map(({ host }, i) => `http://${host}:${ports[i]}`);
    const [logUrl = '', , ...witnessUrls] = urls;
    await writeFile(join(folder, 'trust.json'), this.#trustRoot(logUrl, witnessUrls));
    const at = (i: number, role: string, settings: Record<string, string | number>): Actor => {
      const { host } = places[i] as Place;
      const all = { ...settings, host, port: ports[i] as number, 'log-level': 'warn' };
      const flags = Object.entries(all).flatMap(([flag, value]) => [`--${flag}`, `${value}`]);
      const url = urls[i] as string;
      const actor = new Actor(places[i] as Place, { url, args: [dist(role), ...flags] });
      this.#actors.push(actor);
      return actor;
    };
    const trust = join(folder, 'trust.json');
    const keep = (signer: NoteSigner): Promise<string> => keepKey(folder, signer);
    const logSettings = { trust, key: await keep(log.signer), data: join(folder, 'log') };
    const quick = { 'witness-timeout-ms': 1_000, 'refresh-ms': 500 };
    this.#log = at(0, 'log', { ...logSettings, ...quick });
    const verifying = { trust, data: join(folder, 'verifier'), 'stale-after-seconds': 5 };
    this.#verifier = at(1, 'verifier', { ...verifying, 'poll-interval-ms': 200 });
    for (const [i, witness] of this.#test.witnesses.entries()) {
      const data = join(folder, `witness-${i}`);
      const logs = formatVkey(log.signer.vkey);
      this.witnesses.push(at(2 + i, 'witness', { key: await keep(witness), data, logs }));
    }
    await Promise.all(this.#actors.map((actor) => actor.listening()));
  }

  async #places(count: number): Promise<readonly Place[]> {
    const { fabric } = this;
    if (!(fabric instanceof Fabric)) return Array.from({ length: count }, () => LOOPBACK);
    await this.#asker.end();
    this.#asker = new Asker({ host: '', prefix: fabric.prefix });
    const places: Place[] = [];
    for (let i = 0; i < count; i++) places.push(await fabric.add());
    return places;
  }

  #trustRoot(logUrl: string, witnessUrls: readonly string[]): Uint8Array {
    const { file } = this.#test;
    return signTrust({
      ...file,
      logs: file.logs.map((log) => ({ ...log, url: logUrl })),
      witnesses: file.witnesses.map((one, i) => ({ ...one, url: witnessUrls[i] as string })),
    });
  }
}

async function keepKey(folder: string, { vkey, seed }: NoteSigner): Promise<string> {
  const path = join(folder, `${vkey.name}.key`);
  await writeKeyFile(path, { name: vkey.name, type: vkey.type, seed });
  return path;
}

let folder: string;
let network: Network;

beforeAll(async () => {
  // Real processes run compiled code; npm test builds it first.
  expect(existsSync(dist('log')), 'npm run build').toBe(true);
  folder = await mkdtemp(join(tmpdir(), 'attestry-'));
  network = await Network.start(folder);
});

afterAll(async () => {
  await network?.end();
  await rm(folder, { recursive: true, force: true });
});

/** The fabric; without one the test is skipped, and says why. */
function fabricOr(context: TestContext): Fabric {
  const { fabric } = network;
  return fabric instanceof Fabric ? fabric : skipSaying(context, fabric);
}

function skipSaying({ skip, task }: TestContext, reason: string): never {
  process.stderr.write(`skipped: ${task.name}: ${reason}\n`);
  return skip(reason);
}

// Each leaves the network as it was; they run one after the other.
describe('a network of real processes', { timeout: 60_000 }, () => {
  it('publishes, and a verifier calls the model valid', async () => {
    await network.publishes();
    await expect.poll(() => network.outcome(), { timeout: HEALED_MS }).toBe('VALID');
  });

  it('goes on publishing with a minority of witnesses cut off', async (context) => {
    const fabric = fabricOr(context);
    const [one] = network.witnesses as [Actor];
    await fabric.cut(one.place);
    await network.publishes();
    await fabric.join(one.place);
  });

  it('only commits with a majority cut off, while the verifier is in doubt, and heals', async (context) => {
    const fabric = fabricOr(context);
    const away = network.witnesses.slice(0, 2);
    for (const { place } of away) await fabric.cut(place);
    const waiting = await network.onlyCommits();
    await expect.poll(() => network.outcome(), { timeout: HEALED_MS }).toBe('INCONCLUSIVE');
    expect(await network.isWitnessed(waiting)).toBe(false);
    for (const { place } of away) await fabric.join(place);
    await network.publishes(waiting);
    await expect.poll(() => network.outcome(), { timeout: HEALED_MS }).toBe('VALID');
  });

  it('only commits where the answers of a majority are lost, and heals', async (context) => {
    const fabric = fabricOr(context);
    const away = network.witnesses.slice(1, 3);
    for (const { place } of away) await fabric.silence(place, network.log.place);
    const waiting = await network.onlyCommits();
    for (const { place } of away) await fabric.unsilence(place, network.log.place);
    await network.publishes(waiting);
  });

  it('goes on publishing over slow links to half of the witnesses', async (context) => {
    const fabric = fabricOr(context);
    const slow = network.witnesses.slice(2);
    for (const { place } of slow) {
      const reason = await fabric.slow(place, 64_000);
      if (reason !== undefined) skipSaying(context, reason);
    }
    await network.publishes();
    for (const { place } of slow) await fabric.unslow(place);
  });

  it('goes on publishing with a minority of witnesses stopped', async () => {
    const [one] = network.witnesses as [Actor];
    one.child.kill('SIGSTOP');
    await network.publishes();
    one.child.kill('SIGCONT');
  });

  it('only commits with a majority stopped, and heals', async () => {
    const away = network.witnesses.slice(2);
    for (const { child } of away) child.kill('SIGSTOP');
    const waiting = await network.onlyCommits();
    for (const { child } of away) child.kill('SIGCONT');
    await network.publishes(waiting);
  });
});
