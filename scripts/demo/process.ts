/** The network's processes: each starts as a child of the demo, says where it listens, and never outlives the demo. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { EXIT_WITH_PARENT_ENV } from '../../src/cli/exit-with-parent.ts';
import { AttestryError, type AttestryErrorCode, ERROR_TABLE } from '../../src/errors.ts';

const ROLES = ['verifier', 'log', 'witness'] as const;
type Role = (typeof ROLES)[number];

export interface RoleOptions {
  readonly role: Role;
  /** Default: the role's own. */
  readonly program?: URL;
  readonly name: string;
  /** By flag, without the dashes. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** Takes everything that the process writes. */
  readonly output: string;
}

/** Longer than a process gives itself to close. */
const STOP_DEADLINE_MS = 20_000;

/** One process of the network. */
export class RoleProcess {
  readonly role: Role;
  readonly name: string;
  /** Where it listens; rejects with its refusal if it ends before. */
  readonly listening: Promise<string>;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #ended: Promise<number | null>;
  #stopping = false;

  constructor({ role, program = programOf(role), name, settings, output }: RoleOptions) {
    this.role = role;
    this.name = name;
    const flags = Object.entries(settings).flatMap(([flag, value]) => [`--${flag}`, `${value}`]);
    // Detached: Ctrl-C in a terminal reaches the demo alone, which then stops them in order.
    this.#child = spawn(process.execPath, [fileURLToPath(program), ...flags], {
      env: environment(),
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      windowsHide: true,
    });
    // It may be gone by the time it is told to stop.
    this.#child.stdin.on('error', () => undefined);
    const file = createWriteStream(output, { flags: 'a' });
    this.#child.stdout.pipe(file, { end: false });
    this.#child.stderr.pipe(file, { end: false });
    this.#ended = once(this.#child, 'close').then(([code]) => {
      file.end();
      return code as number | null;
    });
    this.listening = this.#listen();
    // Whoever waits for it gets the error; a process that is stopped while it starts has nobody waiting.
    this.listening.catch(() => undefined);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Told once when the process ends without having been stopped. */
  onLoss(report: (name: string, code: number | null) => void): void {
    void this.#ended.then((code) => {
      if (!this.#stopping) report(this.name, code);
    });
  }

  /** Closing its standard input tells it to stop; it finishes what is under way. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#child.stdin.end();
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), STOP_DEADLINE_MS);
    const code = await this.#ended;
    clearTimeout(deadline);
    if (code !== 0) throw new Error(`Expected ${this.name} to end with 0, it ended with ${code}.`);
  }

  #listen(): Promise<string> {
    const url = new Promise<string>((resolve) => {
      createInterface({ input: this.#child.stdout }).on('line', (line) => {
        const announced = announcedUrl(line);
        if (announced !== undefined) resolve(announced);
      });
    });
    let errors = '';
    this.#child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const refused = this.#ended.then((code) => {
      throw startFailure(this.name, code, errors);
    });
    return Promise.race([url, refused]);
  }
}

/** All processes of the demo. */
export class Crew {
  readonly #processes = new Set<RoleProcess>();
  readonly #onLoss: (name: string, code: number | null) => void;
  #closed = false;

  constructor(onLoss: (name: string, code: number | null) => void) {
    this.#onLoss = onLoss;
  }

  /** Starts a process and waits until it listens. @throws the AttestryError that it refuses to start with */
  async start(options: RoleOptions): Promise<RoleProcess> {
    if (this.#closed) throw new Error('Expected no more starts: everything is being stopped.');
    const started = new RoleProcess(options);
    this.#processes.add(started);
    try {
      await started.listening;
    } catch (error) {
      this.#processes.delete(started);
      throw error;
    }
    started.onLoss(this.#onLoss);
    return started;
  }

  async stop(stopped: RoleProcess): Promise<void> {
    this.#processes.delete(stopped);
    await stopped.stop();
  }

  /** Stops everything for good. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.stopAll();
  }

  /** Those that ask others first: so that nobody asks one that is gone. */
  async stopAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const role of ROLES) {
      const stopped = [...this.#processes].filter((process) => process.role === role);
      const results = await Promise.allSettled(stopped.map((process) => this.stop(process)));
      for (const result of results) if (result.status === 'rejected') failures.push(result.reason);
    }
    if (failures.length > 0) throw failures[0];
  }
}

function programOf(role: Role): URL {
  return new URL(`../../nodes/${role}.js`, import.meta.url);
}

// Settings in the environment of whoever runs the demo are meant for other processes.
function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('ATTESTRY_'));
  return { ...Object.fromEntries(inherited), [EXIT_WITH_PARENT_ENV]: '1' };
}

function announcedUrl(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  const fields: { readonly msg?: unknown; readonly url?: unknown } = JSON.parse(line);
  return fields.msg === 'listening' && typeof fields.url === 'string' ? fields.url : undefined;
}

function startFailure(name: string, code: number | null, errors: string): Error {
  const [, refused, message] = /^attestry: ([A-Z_]+): (.*)$/m.exec(errors) ?? [];
  if (refused !== undefined && message !== undefined && isCode(refused)) {
    return new AttestryError(refused, message);
  }
  return new Error(`Expected ${name} to listen, it ended with ${code}: ${errors.trim()}`);
}

function isCode(code: string): code is AttestryErrorCode {
  return Object.hasOwn(ERROR_TABLE, code);
}
