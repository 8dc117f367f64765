/** What the figures are measured on: a real log process with four real witness processes, on loopback and a folder. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatVkey } from '../../src/core/note/vkey.ts';
import type { TrustRoot } from '../../src/core/trust/trust-root.ts';
import type { OpenedKey } from '../../src/keys/key-file.ts';
import { urlOf } from '../demo/ports.ts';
import { Crew } from '../demo/process.ts';
import { NodeProcess } from '../kill-cycles/node-process.ts';
import type { EntrySource } from './entries.ts';
import { ORIGIN, REGION, type RigParties, takeParties } from './rig-parties.ts';

export type Settings = Readonly<Record<string, string | number>>;

export interface Rig {
  readonly url: string;
  readonly data: string;
  readonly trust: TrustRoot;
  /** Of the log. */
  readonly signer: OpenedKey;
  /** Statements of the operator that most of the load comes from. */
  readonly source: EntrySource;
  /** Statements of another operator. */
  readonly greedy: EntrySource;
  /** Of the log process that was started last. */
  readonly pid: number;
  /** Starts the log; gives the milliseconds until it listened. */
  startLog(settings?: Settings): Promise<number>;
  stopLog(): Promise<void>;
  killLog(): Promise<void>;
  stopAll(): Promise<void>;
}

const COMMON = { 'requests-per-second': 0, 'log-level': 'warn' };
const LOG_PROGRAM = fileURLToPath(new URL('../../nodes/log.js', import.meta.url));

/** Witnesses that run, and a log that is still to be started, in a folder that may have been used before. */
export async function startRig(folder: string): Promise<Rig> {
  const parties = await takeParties(folder);
  const { log, operator, greedy, trust, trustFile } = parties;
  const crew = await startWitnesses(folder, parties);
  const data = dataOf(folder);
  const own = { ...COMMON, data, key: log.path, port: log.port, trust: trustFile };
  let node: NodeProcess | undefined;
  const endLog = async (how: 'stop' | 'kill'): Promise<void> => {
    await node?.[how]();
    node = undefined;
  };
  const sourceOf = ({ name, seed }: OpenedKey): EntrySource => ({
    seed,
    origin: ORIGIN,
    operator: name,
    region: REGION,
  });
  return {
    url: urlOf(log.port),
    data,
    trust,
    signer: log.key,
    source: sourceOf(operator),
    greedy: sourceOf(greedy),
    get pid() {
      if (node === undefined) throw new RangeError('Expected a log that runs.');
      return node.pid;
    },
    async startLog(settings = {}) {
      const started = performance.now();
      node = new NodeProcess({
        program: LOG_PROGRAM,
        settings: { ...own, 'operator-entries-per-second': 0, ...settings },
      });
      await node.listening;
      return performance.now() - started;
    },
    stopLog: () => endLog('stop'),
    killLog: () => endLog('kill'),
    async stopAll() {
      await endLog('stop');
      await crew.stopAll();
    },
  };
}

/** Starts the log; gives the milliseconds until it has served a receipt by the hash of one of these entries. */
export async function startServing(rig: Rig, [hash]: readonly string[]): Promise<number> {
  const started = performance.now();
  await rig.startLog();
  const answer = await fetch(`${rig.url}/v1/receipts/${hash}?state=committed`);
  if (!answer.ok) throw new Error(`answered ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
  return performance.now() - started;
}

/** The log's folder in that of its rig. */
export function dataOf(folder: string): string {
  return join(folder, 'log');
}

async function startWitnesses(folder: string, { log, witnesses }: RigParties): Promise<Crew> {
  const crew = new Crew((name, code) => process.stderr.write(`${name} ended with ${code}\n`));
  for (const { key, path, port } of witnesses) {
    const { name } = key;
    await crew.start({
      role: 'witness',
      name,
      settings: {
        ...COMMON,
        data: join(folder, name),
        key: path,
        port,
        logs: formatVkey(log.key.vkey),
      },
      output: join(folder, `${name}.log`),
    });
  }
  return crew;
}
