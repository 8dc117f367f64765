import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { Parts } from '../../nodes/process.ts';

const dist = new URL('../../dist/', import.meta.url);

beforeAll(() => {
  // A real process runs compiled code; npm test builds it first.
  expect(existsSync(fileURLToPath(new URL('nodes/process.js', dist))), 'npm run build').toBe(true);
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Spawned {
  readonly child: ChildProcess;
  /** Resolves once the process has written the text to standard output. */
  said(text: string): Promise<void>;
  readonly ended: Promise<Ended>;
}

/** Runs a module in a process of its own; `runProcess`, `Parts`, `AttestryError` and `say` are in scope. */
function spawnModule(body: string, env: Readonly<Record<string, string>> = {}): Spawned {
  const source = `
    import { writeSync } from 'node:fs';
    import { Parts, runProcess } from ${JSON.stringify(new URL('nodes/process.js', dist).href)};
    import { AttestryError } from ${JSON.stringify(new URL('src/errors.js', dist).href)};
    const say = (text) => writeSync(1, text + '\\n');
    const hold = setInterval(() => undefined, 1000);
    ${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  const waiting: (() => void)[] = [];
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    for (const check of waiting) check();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, out, err }));
  });
  const said = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (out.includes(text)) resolve();
      };
      waiting.push(check);
      check();
      void ended.then(() => reject(new Error(`ended without saying ${text}: ${out}${err}`)));
    });
  return { child, said, ended };
}

const TWO_PARTS = `await runProcess(async () => {
  const parts = new Parts();
  parts.add({ close: async () => say('closed store') });
  parts.add({ close: async () => say('closed server') });
  say('ready');
  return parts;
});`;

describe('runProcess', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('closes in reverse order on %s', async (signal) => {
    const { child, said, ended } = spawnModule(TWO_PARTS);
    await said('ready');
    child.kill(signal);
    expect(await ended).toEqual({ code: 0, out: 'ready\nclosed server\nclosed store\n', err: '' });
  });

  it('exits at once on a second signal', async () => {
    const { child, said, ended } = spawnModule(`await runProcess(async () => {
      say('ready');
      return { close: () => new Promise(() => say('closing')) };
    });`);
    await said('ready');
    child.kill('SIGTERM');
    await said('closing');
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
  });

  it('closes what it has started when the signal came during the start', async () => {
    const { child, said, ended } = spawnModule(`await runProcess(async () => {
      say('starting');
      await new Promise((resolve) => process.once('SIGTERM', () => setTimeout(resolve, 10)));
      return { close: async () => say('closed') };
    });`);
    await said('starting');
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, out: 'starting\nclosed\n' });
  });

  it('says in one line why it cannot start', async () => {
    const config = spawnModule(`await runProcess(async () => {
      throw new AttestryError('CONFIG_INVALID', 'Setting port\\n is missing.');
    });`);
    expect(await config.ended).toEqual({
      code: 64,
      out: '',
      err: 'attestry: CONFIG_INVALID: Setting port is missing.\n',
    });
    const locked = spawnModule(`await runProcess(async () => {
      throw new AttestryError('STORE_LOCKED', 'Another process holds /data.');
    });`);
    expect(await locked.ended).toMatchObject({
      code: 1,
      err: 'attestry: STORE_LOCKED: Another process holds /data.\n',
    });
  });

  it.each([
    ['at the start', 'throw new TypeError("oops");'],
    ['thrown later', 'setTimeout(() => { throw new TypeError("oops"); }); return { close };'],
    ['rejected later', 'void Promise.reject(new TypeError("oops")); return { close };'],
    [
      'while closing',
      'process.kill(process.pid, "SIGTERM"); return { close: () => Promise.reject(new TypeError("oops")) };',
    ],
  ])('logs one line and exits 70 on a defect %s', async (_when, body) => {
    const { ended } = spawnModule(`await runProcess(async () => {
      const close = async () => say('closed');
      ${body}
    });`);
    const { code, err } = await ended;
    expect(code).toBe(70);
    const line = JSON.parse(err) as unknown;
    expect(line).toMatchObject({
      level: 60,
      code: 'INTERNAL',
      err: { type: 'TypeError', message: 'oops', stack: expect.stringContaining('at ') },
    });
  });

  it('closes when the parent is gone, only if asked to', async () => {
    const bound = spawnModule(TWO_PARTS, { ATTESTRY_EXIT_WITH_PARENT: '1' });
    await bound.said('ready');
    bound.child.stdin?.end();
    expect(await bound.ended).toMatchObject({
      code: 0,
      out: 'ready\nclosed server\nclosed store\n',
    });

    const free = spawnModule(`${TWO_PARTS}`.replace("say('ready');", SAY_READY_AFTER_STDIN));
    free.child.stdin?.end();
    await free.said('ready');
    free.child.kill('SIGTERM');
    expect((await free.ended).code).toBe(0);
  });

  it('ends by itself when there is nothing to run', async () => {
    const env = { ATTESTRY_EXIT_WITH_PARENT: '1' };
    const { ended } = spawnModule(
      'clearInterval(hold); await runProcess(async () => undefined);',
      env,
    );
    expect(await ended).toEqual({ code: 0, out: '', err: '' });
  });
});

const SAY_READY_AFTER_STDIN = `
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.once('end', resolve));
  say('ready');`;

// Where V8 may do as it likes, it is four and a half times and more; in Node.js 24 it does, whatever it is told.
const FOLLOWS_GROWTH = Number(process.versions.node.split('.')[0]) < 24;

describe.runIf(FOLLOWS_GROWTH)('the heap of a node process', () => {
  it('grows to no more than some three and a half times of what is held', async () => {
    const { ended } = spawnModule(`await runProcess(async () => {
      const held = new Array(1_000_000);
      for (let n = 0; n < held.length; n++) held[n] = { n, t: [n] };
      const bytes = process.memoryUsage().heapUsed;
      let most = 0;
      for (let n = 0; n < 8_000_000; n++) {
        held[n % held.length] = { n, t: [n] };
        if (n % 20_000 === 0) most = Math.max(most, process.memoryUsage().heapTotal);
      }
      say(String(most / bytes));
      clearInterval(hold);
      return undefined;
    });`);
    const { code, out } = await ended;
    expect(code).toBe(0);
    expect(Number(out)).toBeGreaterThan(1.5);
    expect(Number(out)).toBeLessThan(4);
  });
});

describe('Parts', () => {
  it('closes every part once, the last first, though one fails', async () => {
    const closed: string[] = [];
    const parts = new Parts();
    const part = (name: string, error?: Error): { close(): Promise<void> } => ({
      close: async () => {
        closed.push(name);
        if (error !== undefined) throw error;
      },
    });
    const first = part('first');
    expect(parts.add(first)).toBe(first);
    parts.add(part('second', new Error('second fails')));
    parts.add(part('third'));
    await expect(parts.close()).rejects.toThrow('second fails');
    await expect(parts.close()).rejects.toThrow('second fails');
    expect(closed).toEqual(['third', 'second', 'first']);
  });
});
