/**
 * A small network of real processes whose keys change while statements are submitted: two logs, of which the second runs
 * a witness for the first, and further witnesses. The trust root goes from version to version by the commands of people.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { findFreePorts, urlOf } from '../../scripts/demo/ports.ts';
import { type Ended, NodeProcess, StartRefused } from '../../scripts/kill-cycles/node-process.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { publicKeyOf } from '../../src/core/note/ed25519.ts';
import { formatVkey, type NoteSigner, SIGNATURE_TYPE } from '../../src/core/note/vkey.ts';
import { KINDS } from '../../src/core/statement/statement.ts';
import type { CosignerFields, TrustRootFile } from '../../src/core/trust/trust-file.ts';
import { parseTrustRoot, type TrustRoot } from '../../src/core/trust/trust-root.ts';
import { verifyTrustRootUpdate } from '../../src/core/trust/update.ts';
import { writeKeyFile } from '../../src/keys/key-file.ts';
import { succeeding } from '../cli/command-line.ts';
import { operatorSeed } from './fixtures.ts';
import { testSigner } from './signed-log.ts';
import { rootSeed, signTrust, trustFileOf } from './signed-trust.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const ORIGIN = 'a.log.example';
const OTHER = 'b.log.example';
/** The log that goes on where the first one is retired; the witnesses know its key from the beginning. */
export const SUCCESSOR = 'c.log.example';
const PORTS = { [ORIGIN]: 5, [OTHER]: 6, [SUCCESSOR]: 7, verifier: 8 } as const;
const OPERATOR = 'operator-a';

const compiled = (path: string): string =>
  fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));
const PROGRAMS = {
  log: { program: compiled('nodes/log.js') },
  witness: { program: compiled('nodes/witness.js') },
  verifier: { program: compiled('nodes/verifier.js') },
  'attestry node': { program: compiled('src/cli/main.js'), command: 'node' },
};

/** A command of `attestry trust`, and its flags. */
type Change = readonly [command: 'rotate' | 'revoke', ...flags: readonly string[]];

type Flags = Readonly<Record<string, string | number>>;

interface Witness {
  readonly signer: NoteSigner;
  readonly port: number;
}

export class KeyNetwork {
  readonly folder: string;
  readonly #ports: readonly number[];
  readonly #running = new Map<string, NodeProcess>();
  #trust: TrustRoot;

  private constructor(folder: string, ports: readonly number[]) {
    this.folder = folder;
    this.#ports = ports;
    this.#trust = parseTrustRoot(signTrust(this.#firstFile()));
  }

  /** Everything running: the log, four witnesses, of which the first runs beside another log. */
  static async start(): Promise<KeyNetwork> {
    const network = new KeyNetwork(await temporaryFolder(), await findFreePorts(9));
    await writeFile(network.#trustPath(1), network.trust.bytes);
    for (const signer of [1, 2, 3, 4, 5].map((number) => network.witness(number).signer))
      await network.#writeKey(signer);
    for (const origin of [ORIGIN, OTHER, SUCCESSOR])
      await network.#writeKey(testSigner(origin, SIGNATURE_TYPE.ed25519));
    const root = { name: 'root', type: SIGNATURE_TYPE.ed25519, seed: rootSeed() };
    await writeKeyFile(join(network.folder, 'root.key'), root);
    await Promise.all([
      ...[2, 3, 4].map((number) => network.startWitness(number)),
      network.#startWitnessingLog(),
      network.startLog(ORIGIN),
    ]);
    return network;
  }

  get trust(): TrustRoot {
    return this.#trust;
  }

  urlOf(origin: keyof typeof PORTS): string {
    return urlOf(this.#ports[PORTS[origin]] as number);
  }

  witness(number: number): Witness {
    const signer = testSigner(`w${number}.example`, SIGNATURE_TYPE.cosignature);
    return { signer, port: this.#ports[number - 1] as number };
  }

  /** The seed of the operator's key of that number, and the public key in hex. */
  key(number: number): { readonly seed: Uint8Array; readonly hex: string } {
    const seed = operatorSeed(OPERATOR, number);
    return { seed, hex: encodeHex(publicKeyOf(seed)) };
  }

  /** Makes the next version of the trust root, and restarts the log with it. */
  async advance(...change: Change): Promise<void> {
    await this.publish(...change);
    await this.stop(ORIGIN);
    await this.startLog(ORIGIN);
  }

  /** Makes the next version of the trust root, as people do: drafted by a command of `attestry trust`, and signed. */
  async publish(...[command, ...flags]: Change): Promise<void> {
    const { version } = this.#trust;
    const [from, next] = [this.#trustPath(version), this.#trustPath(version + 1)];
    const run = (...args: readonly string[]) =>
      succeeding(['trust', ...args], { cwd: this.folder });
    await run(command, from, ...flags, '--out', 'draft.json');
    await run('sign', 'draft.json', '--from', from, '--key', 'root.key', '--out', next);
    this.#trust = verifyTrustRootUpdate(this.#trust, new Uint8Array(await readFile(next)));
  }

  /** How the log's start with an older version of the trust root ends. */
  async startWith(version: number): Promise<Ended> {
    await this.stop(ORIGIN);
    try {
      await this.startLog(ORIGIN, { trust: this.#trustPath(version) });
    } catch (error) {
      if (error instanceof StartRefused) return error.ended;
      throw error;
    }
    throw new Error(`Expected a refusal of version ${version}.`);
  }

  async startWitness(number: number): Promise<void> {
    const { signer, port } = this.witness(number);
    const logs = [ORIGIN, OTHER, SUCCESSOR]
      .map((origin) => formatVkey(testSigner(origin, 1).vkey))
      .join(',');
    await this.#run('witness', signer.vkey.name, { key: this.#keyPath(signer), logs, port });
  }

  async stop(name: string): Promise<void> {
    await this.#running.get(name)?.stop();
    this.#running.delete(name);
  }

  async startVerifier(): Promise<void> {
    await this.#run('verifier', 'verifier', {
      trust: this.#trustPath(this.#trust.version),
      port: this.#ports[PORTS.verifier] as number,
      'poll-interval-ms': 300,
    });
  }

  async startLog(
    origin: Exclude<keyof typeof PORTS, 'verifier'>,
    flags: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await this.#run('log', origin, {
      ...this.#logFlags(origin),
      'refresh-ms': 200,
      ...flags,
    });
  }

  /** The second log, with the first witness beside it, by the command for both. */
  async #startWitnessingLog(): Promise<void> {
    const { signer, port } = this.witness(1);
    await this.#run('attestry node', OTHER, {
      ...this.#logFlags(OTHER),
      'witness-key': this.#keyPath(signer),
      'witness-port': port,
    });
  }

  #logFlags(origin: Exclude<keyof typeof PORTS, 'verifier'>): Flags {
    return {
      key: this.#keyPath(testSigner(origin, 1)),
      trust: this.#trustPath(this.#trust.version),
      port: this.#ports[PORTS[origin]] as number,
    };
  }

  async #run(role: keyof typeof PROGRAMS, name: string, flags: Flags): Promise<void> {
    const settings = { data: join(this.folder, name), 'log-level': 'fatal', ...flags };
    const node = new NodeProcess({ ...PROGRAMS[role], settings });
    onTestFinished(async () => void (await node.kill()));
    await node.listening;
    this.#running.set(name, node);
  }

  #firstFile(): TrustRootFile {
    return trustFileOf({
      logs: ([ORIGIN, OTHER] as const).map((origin) => ({
        key: formatVkey(testSigner(origin, SIGNATURE_TYPE.ed25519).vkey),
        operator: origin,
        region: 'eu',
        url: this.urlOf(origin),
      })),
      witnesses: [1, 2, 3, 4].map((number): CosignerFields => {
        const { signer, port } = this.witness(number);
        return { key: formatVkey(signer.vkey), operator: `house ${number}`, url: urlOf(port) };
      }),
      witnessQuorum: 3,
      // The third key is a spare one, for when another is stolen.
      operators: [
        {
          id: OPERATOR,
          keys: [1, 3].map((number) => ({ key: this.key(number).hex })),
          kinds: KINDS,
          logs: [ORIGIN],
        },
      ],
    });
  }

  #trustPath(version: number): string {
    return join(this.folder, `trust-${version}.json`);
  }

  #keyPath({ vkey }: NoteSigner): string {
    return join(this.folder, `${vkey.name}.key`);
  }

  async #writeKey(signer: NoteSigner): Promise<void> {
    const { name, type } = signer.vkey;
    await writeKeyFile(this.#keyPath(signer), {
      name,
      type: type as (typeof SIGNATURE_TYPE)['ed25519'],
      seed: signer.seed,
    });
  }
}

export const CONTEXT = { operator: OPERATOR, region: 'eu' };
