/** One log node as a process of its own, which may be killed. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { EXIT_WITH_PARENT_ENV } from '../../src/cli/exit-with-parent.ts';

export interface NodeProcessOptions {
  /** The compiled program. */
  readonly program: string;
  /** Of a program that has several; its flags follow. */
  readonly command?: string;
  /** By flag, without the dashes. */
  readonly settings: Readonly<Record<string, string | number>>;
}

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  /** Everything that it wrote to standard error. */
  readonly errors: string;
}

/** The process ended before it listened. */
export class StartRefused extends Error {
  readonly ended: Ended;

  constructor(ended: Ended) {
    super(`The node ended with ${ended.code ?? ended.signal}: ${ended.errors.trim()}`);
    this.ended = ended;
  }
}

export class NodeProcess {
  readonly ended: Promise<Ended>;
  /** Where it listens. @throws StartRefused */
  readonly listening: Promise<string>;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;

  constructor({ program, command, settings }: NodeProcessOptions) {
    const flags = Object.entries(settings).flatMap(([flag, value]) => [`--${flag}`, `${value}`]);
    const args = [program, ...(command === undefined ? [] : [command]), ...flags];
    this.#child = spawn(process.execPath, args, {
      env: { PATH: process.env['PATH'], [EXIT_WITH_PARENT_ENV]: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child.stdin.on('error', () => undefined);
    this.ended = this.#end();
    this.listening = this.#listen();
    this.listening.catch(() => undefined);
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new RangeError('Expected a process that was started.');
    return pid;
  }

  /** SIGKILL: nothing in the process gets to know. */
  async kill(): Promise<Ended> {
    this.#child.kill('SIGKILL');
    return await this.ended;
  }

  /** SIGTERM, and waits for the end. */
  async stop(): Promise<Ended> {
    this.#child.kill('SIGTERM');
    return await this.ended;
  }

  async #end(): Promise<Ended> {
    let errors = '';
    this.#child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const [code, signal] = (await once(this.#child, 'close')) as [number | null, string | null];
    return { code, signal, errors };
  }

  #listen(): Promise<string> {
    const announced = new Promise<string>((resolve) => {
      createInterface({ input: this.#child.stdout }).on('line', (line) => {
        const { msg, url }: { msg?: unknown; url?: unknown } = JSON.parse(line);
        if (msg === 'listening' && typeof url === 'string') resolve(url);
      });
    });
    const refused = this.ended.then((ended) => {
      throw new StartRefused(ended);
    });
    return Promise.race([announced, refused]);
  }
}
