/** What the tests of the program need on disk, a trust root, an operator's key made by the program itself, a model. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatReceipt } from '../../src/core/receipt/receipt.ts';
import { KINDS } from '../../src/core/statement/statement.ts';
import {
  type CheckpointOptions,
  makeNetwork,
  type TestLog,
  type TestNetwork,
} from '../helpers/fixtures.ts';
import { signTrust, trustFileOf } from '../helpers/signed-trust.ts';
import { attestry, type Ended, succeeding } from './command-line.ts';

/** Flags of the common block of statements for the stage's log. */
export const CONTEXT_FLAGS: readonly string[] = [
  ...['--operator', 'operator-eu', '--log', 'eu.log.example'],
  ...['--region', 'eu', '--jurisdiction', 'DEU'],
];

export class Stage {
  readonly folder: string;
  readonly network: TestNetwork = makeNetwork({ regions: ['eu'] });
  /** The program goes by the system's clock, so what it judges is witnessed by it too. Unix seconds. */
  readonly now: number = Math.floor(Date.now() / 1000);

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** A folder with `trust.json`, `operator.key`, `model.bin` and the folder `model`; remove it in the end. */
  static async make(): Promise<Stage> {
    const stage = new Stage(await mkdtemp(join(tmpdir(), 'attestry-cli-')));
    await stage.write('model.bin', 'the model');
    await mkdir(stage.path('model'));
    await stage.write('model/weights.bin', '0123456789');
    await stage.write('model/README.md', 'a model');
    const made = await stage.do(
      ...['keygen', '--type', 'operator', '--name', 'operator-eu', '--out', 'operator.key'],
      ...['--no-passphrase', '--json'],
    );
    const { publicKey } = JSON.parse(made) as { readonly publicKey: string };
    const operators = [
      { id: 'operator-eu', keys: [{ key: publicKey }], kinds: KINDS, logs: [stage.log.origin] },
    ];
    const { logs, witnesses, witnessQuorum } = stage.network.file;
    const file = trustFileOf({ logs, witnesses, witnessQuorum, operators });
    await stage.write('trust.json', signTrust(file));
    return stage;
  }

  /** Of the operator whose key is `operator.key`. */
  get log(): TestLog {
    return this.network.logs[0] as TestLog;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    await writeFile(this.path(name), content);
  }

  async read(name: string): Promise<Uint8Array> {
    return new Uint8Array(await readFile(this.path(name)));
  }

  /** Runs the program in the folder. */
  run(...args: readonly string[]): Promise<Ended> {
    return attestry(args, { cwd: this.folder });
  }

  /** Runs it and gives its standard output. @throws when it does not succeed */
  do(...args: readonly string[]): Promise<string> {
    return succeeding(args, { cwd: this.folder });
  }

  /** States a deployment of a model in the folder; gives the envelope's bytes. */
  async state(subject: string, ...more: readonly string[]): Promise<Uint8Array> {
    await this.do(
      ...['state', 'deployment', '--subject', subject, '--key', 'operator.key'],
      ...CONTEXT_FLAGS,
      ...['--deployment-id', 'd1', '--action', 'deploy', '--environment', 'production'],
      ...['--effective-at', '2020-01-01T00:00:00Z', '--out', 'envelope.json', ...more],
    );
    return await this.read('envelope.json');
  }

  /** Logs an entry, witnessed now, and writes its receipt. */
  async logged(entry: Uint8Array, receipt: string, options: CheckpointOptions = {}): Promise<void> {
    const index = this.log.append(entry);
    await this.write(
      receipt,
      formatReceipt(this.log.receipt(index, { time: this.now, ...options })),
    );
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
