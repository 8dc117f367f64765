/** What processes under attack stand in: keys, a trust root, and witnesses in this process that remember everything. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { publicKeyOf } from '../../src/core/note/ed25519.ts';
import {
  formatVkey,
  makeVkey,
  type NoteSigner,
  SIGNATURE_TYPE,
  type SignatureType,
} from '../../src/core/note/vkey.ts';
import { KINDS } from '../../src/core/statement/statement.ts';
import {
  parseTrustRoot,
  type TrustedLog,
  type TrustRoot,
} from '../../src/core/trust/trust-root.ts';
import { listen } from '../../src/http/listen.ts';
import { createWitnessApp } from '../../src/http/witness-app.ts';
import { writeKeyFile } from '../../src/keys/key-file.ts';
import { opensslEngine } from '../../src/keys/openssl-engine.ts';
import { openWitness } from '../../src/witness/witness.ts';
import { openMemoryWitnessStore } from '../../src/witness/witness-store.ts';
import { signTrust, trustFileOf } from '../../test/helpers/signed-trust.ts';
import { findFreePorts, urlOf } from '../demo/ports.ts';
import type { OutsiderTrust } from './outsider.ts';

const WITNESSES = 4;
const QUORUM = 3;
const REGION = 'loopback';
/** Between two looks of the verifier: within the life of a node. */
const LOOK_MS = 50;

export interface World {
  readonly origin: string;
  readonly operator: string;
  /** Signs the operator's statements. */
  readonly operatorSeed: Uint8Array;
  readonly trust: TrustRoot;
  readonly log: TrustedLog;
  readonly outsiderTrust: OutsiderTrust;
  /** Where the trust root says that the log listens. */
  readonly port: number;
  /** The only one that cosigns tallies. */
  readonly verifier: NoteSigner;
  /** Flags of a node process that keeps its data in `data`. */
  settings(data: string): Record<string, string | number>;
  /** Flags of the verifier that keeps its data in `data`. */
  verifierSettings(data: string): Record<string, string | number>;
  /** The witnesses forget everything they saw. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

export interface WorldOptions {
  /** For keys and trust root; there already. */
  readonly folder: string;
  /** The same name gives the same keys. */
  readonly name: string;
}

export async function makeWorld({ folder, name }: WorldOptions): Promise<World> {
  const origin = `${name}.log.example`;
  const operator = `operator-${name}`;
  const operatorSeed = seedOf(operator);
  const log = signerOf(origin, SIGNATURE_TYPE.ed25519);
  const verifier = signerOf(`${name}.v.example`, SIGNATURE_TYPE.cosignature);
  const [port = 0] = await findFreePorts(1);
  const witnesses = await Promise.all(
    Array.from({ length: WITNESSES }, (_, i) => LocalWitness.start(`${name}.w${i}.example`, log)),
  );
  const described = trustFileOf({
    logs: [{ key: formatVkey(log.vkey), operator, region: REGION, url: urlOf(port) }],
    witnesses: witnesses.map((witness, i) => ({
      key: formatVkey(witness.signer.vkey),
      operator: `organisation ${i}`,
      url: witness.url,
    })),
    witnessQuorum: QUORUM,
    verifiers: [
      {
        key: formatVkey(verifier.vkey),
        operator: 'organisation of the verifier',
        url: `https://${verifier.vkey.name}`,
      },
    ],
    verifierQuorum: 1,
    operators: [
      {
        id: operator,
        keys: [{ key: encodeHex(publicKeyOf(operatorSeed)) }],
        kinds: KINDS,
        logs: [origin],
      },
    ],
  });
  const trustBytes = signTrust(described);
  const trust = parseTrustRoot(trustBytes);
  const trustFile = join(folder, 'trust.json');
  await writeFile(trustFile, trustBytes);
  const keyFile = await writeKey(join(folder, 'log.key'), log);
  const verifierKeyFile = await writeKey(join(folder, 'verifier.key'), verifier);
  const common = { trust: trustFile, 'log-level': 'fatal', 'requests-per-second': 0 };
  return {
    origin,
    operator,
    operatorSeed,
    trust,
    log: trust.logs.get(origin) as TrustedLog,
    outsiderTrust: {
      log: formatVkey(log.vkey),
      witnesses: trust.file.witnesses.map(({ key }) => key),
      quorum: QUORUM,
    },
    port,
    verifier,
    settings: (data) => ({ ...common, key: keyFile, data, 'operator-entries-per-second': 0 }),
    verifierSettings: (data) => ({
      ...common,
      key: verifierKeyFile,
      data,
      port: 0,
      'poll-interval-ms': LOOK_MS,
    }),
    forget: async () => {
      for (const witness of witnesses) await witness.forget();
    },
    close: async () => {
      for (const witness of witnesses) await witness.close();
    },
  };
}

/** A witness on a port of its own, which stays the same when it forgets. */
class LocalWitness {
  readonly signer: NoteSigner;
  readonly #log: NoteSigner;
  #listening: Awaited<ReturnType<typeof listen>> | undefined;
  url = '';

  private constructor(name: string, log: NoteSigner) {
    this.signer = signerOf(name, SIGNATURE_TYPE.cosignature);
    this.#log = log;
  }

  static async start(name: string, log: NoteSigner): Promise<LocalWitness> {
    const witness = new LocalWitness(name, log);
    await witness.#open(0);
    return witness;
  }

  async forget(): Promise<void> {
    await this.close();
    await this.#open(Number(new URL(this.url).port));
  }

  async close(): Promise<void> {
    await this.#listening?.close();
  }

  async #open(port: number): Promise<void> {
    const witness = await openWitness({
      store: openMemoryWitnessStore(),
      signer: this.signer,
      logs: [this.#log.vkey],
      now: () => Math.floor(Date.now() / 1000),
      engine: opensslEngine,
    });
    const limits = { requestsPerWindow: 0, maxEventLoopDelayMs: 0 };
    const app = await createWitnessApp(witness, { log: false, limits });
    this.#listening = await listen(app, { host: '127.0.0.1', port, closeDeadlineMs: 100 });
    this.url = this.#listening.url;
  }
}

async function writeKey(path: string, { vkey, seed }: NoteSigner): Promise<string> {
  await writeKeyFile(path, { name: vkey.name, type: vkey.type, seed });
  return path;
}

function signerOf(name: string, type: SignatureType): NoteSigner {
  const seed = seedOf(name);
  return { seed, vkey: makeVkey(name, type, publicKeyOf(seed)) };
}

function seedOf(name: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`campaign key of ${name}`).digest());
}
