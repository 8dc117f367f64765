/** The demo's own network of real processes, for a whole file of tests. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./fixtures/network.mjs', import.meta.url));

export interface RealNetwork {
  /** Of the verifier, which serves the page. */
  readonly url: string;
  readonly trustFile: string;
  /** Holds the model files that the statements are about. */
  readonly folder: string;
  readonly models: {
    readonly language: string;
    readonly vision: string;
    readonly folder: string;
    readonly classifier: string;
    readonly withdrawn: string;
  };
  /** Another verifier, which has found that its log's tally hides a withdrawal. */
  readonly caught: { readonly url: string; readonly trustFile: string; readonly origin: string };
  /** Records one more statement about a model, by its digest. */
  record(sha256: string): void;
  close(): Promise<void>;
}

/** Started and filled; that takes some seconds. */
export async function startRealNetwork(): Promise<RealNetwork> {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ended = once(child, 'close');
  const ready = once(createInterface({ input: child.stdout }), 'line').then(([line]) =>
    String(line),
  );
  const failed = ended.then(() => {
    throw new Error(errors);
  });
  const facts = JSON.parse(await Promise.race([ready, failed])) as Omit<
    RealNetwork,
    'record' | 'close'
  >;
  failed.catch(() => undefined);
  return {
    ...facts,
    record: (sha256) => void child.stdin.write(`${sha256}\n`),
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
