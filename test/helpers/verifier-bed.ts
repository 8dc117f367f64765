/** A verifier under test with everything around it in memory: logs and witnesses that say what a test wants, a clock, disks that outlive it. */
import { onTestFinished } from 'vitest';
import { encodeBundle } from '../../src/core/merkle/bundle.ts';
import { HASH_LENGTH } from '../../src/core/merkle/hash.ts';
import {
  type BundleCoordinate,
  formatBundlePath,
  formatTilePath,
  type TileCoordinate,
} from '../../src/core/merkle/tile-path.ts';
import type { NoteSigner } from '../../src/core/note/vkey.ts';
import { formatReceipt } from '../../src/core/receipt/receipt.ts';
import { AttestryError } from '../../src/errors.ts';
import { opensslEngine } from '../../src/keys/openssl-engine.ts';
import type { LogStore } from '../../src/store/log-store.ts';
import { MemoryDisk, openMemoryLogStore } from '../../src/store/memory-log-store.ts';
import type { ReceiptSource } from '../../src/verifier/first-sightings.ts';
import { openLevelVerifierStore } from '../../src/verifier/level-verifier-store.ts';
import type { LogSource, WitnessSource } from '../../src/verifier/log-source.ts';
import {
  type LogStatus,
  openVerifier,
  type Verifier,
  type VerifierOptions,
} from '../../src/verifier/verifier.ts';
import { type CheckpointOptions, makeNetwork, type TestLog, type TestNetwork } from './fixtures.ts';
import type { NaiveTree } from './naive-tree.ts';
import { NOW } from './statements.ts';
import { temporaryFolder } from './temporary-folder.ts';

type Resource = Uint8Array | undefined;

/** A log's tiles, served from a `TestLog`. What is served can be swapped for another history, or damaged on the way. */
export class ServedLog implements LogSource, ReceiptSource {
  /** The history that is served. */
  log: TestLog;
  checkpoint: string | undefined;
  /** Changes what is served at a path; throws to fail. */
  damage: (path: string, served: Resource) => Resource | Promise<Resource> = (_, served) => served;
  /** What the log's receipts are under, by index; it has none of other entries. */
  readonly firstSeen = new Map<number, CheckpointOptions>();
  /** Every path asked for. */
  readonly asked: string[] = [];
  #tree: { readonly log: TestLog; readonly tree: NaiveTree } | undefined;

  constructor(log: TestLog) {
    this.log = log;
  }

  /** Publishes the checkpoint of all entries, or of the first ones, with the quorum's cosignatures. */
  publish(options: CheckpointOptions = {}): void {
    this.checkpoint = this.log.cosigned(options);
  }

  async readCheckpoint(): Promise<string | undefined> {
    const served = this.checkpoint && new TextEncoder().encode(this.checkpoint);
    const bytes = await this.#serve('checkpoint', served || undefined);
    return bytes && new TextDecoder().decode(bytes);
  }

  async readTile(tile: TileCoordinate): Promise<Resource> {
    const { level, index, width } = tile;
    const exists = (index * 256 + width) * 256 ** level <= this.log.entries.length;
    const row = exists
      ? this.#currentTree()
          .tile(level, index)
          .subarray(0, width * HASH_LENGTH)
      : undefined;
    return await this.#serve(formatTilePath(tile), row);
  }

  async readBundle(bundle: BundleCoordinate): Promise<Resource> {
    const start = bundle.index * 256;
    const entries = this.log.entries.slice(start, start + bundle.width);
    const bytes = entries.length === bundle.width ? encodeBundle(entries) : undefined;
    return await this.#serve(formatBundlePath(bundle), bytes);
  }

  async readReceipt(entryHash: string): Promise<Resource> {
    const hashes = this.log.tree.leaves.map((leaf) => Buffer.from(leaf).toString('hex'));
    const index = hashes.indexOf(entryHash);
    const under = this.firstSeen.get(index);
    return await this.#serve(
      `receipt ${index}`,
      under && formatReceipt(this.log.receipt(index, under)),
    );
  }

  // Entries are appended and never changed, so a tree of as many leaves is still the tree.
  #currentTree(): NaiveTree {
    const { log } = this;
    const kept = this.#tree;
    if (kept?.log === log && kept.tree.leaves.length === log.entries.length) return kept.tree;
    this.#tree = { log, tree: log.tree };
    return this.#tree.tree;
  }

  async #serve(path: string, served: Resource): Promise<Resource> {
    this.asked.push(path);
    return await this.damage(path, served);
  }
}

/** What every witness of a bed says that it has seen, by name and origin. */
type Seen = Map<string, Map<string, string>>;

export class VerifierBed {
  readonly network: TestNetwork;
  readonly served: readonly ServedLog[];
  readonly seen: Seen = new Map();
  readonly defects: unknown[] = [];
  readonly disks = new Map<string, MemoryDisk>();
  /** Witnesses that do not answer. */
  readonly silent = new Set<string>();
  readonly folder: string;
  now: number = NOW;

  constructor(network: TestNetwork, folder: string) {
    this.network = network;
    this.folder = folder;
    this.served = network.logs.map((log) => new ServedLog(log));
  }

  /** With two logs, eu and us, that have nothing to show yet. */
  static async make(
    network: TestNetwork = makeNetwork({ regions: ['eu', 'us'] }),
  ): Promise<VerifierBed> {
    return new VerifierBed(network, await temporaryFolder());
  }

  get eu(): ServedLog {
    return this.served[0] as ServedLog;
  }

  get us(): ServedLog {
    return this.served[1] as ServedLog;
  }

  /** Lets the witness say that it was shown this note. */
  show(witness: NoteSigner, { log }: ServedLog, note: string): void {
    const { name } = witness.vkey;
    this.seen.set(name, new Map([...(this.seen.get(name) ?? []), [log.origin, note]]));
  }

  witness(index: number): NoteSigner {
    return this.network.witnesses[index] as NoteSigner;
  }

  /** Opens the verifier on what is on the disks now; it is closed when the test ends. */
  async open(options: Partial<VerifierOptions> = {}): Promise<Verifier> {
    const records = await openLevelVerifierStore(this.folder);
    const verifier = await openVerifier({
      trust: this.network.rules.trust,
      records,
      openMirror: ({ origin }) => this.#openMirror(origin),
      logSource: ({ origin }) => this.#sourceOf(origin),
      receiptSource: ({ origin }) => this.#sourceOf(origin),
      witnessSource: ({ name }) => this.#witnessSource(name),
      now: () => this.now,
      engine: opensslEngine,
      pollIntervalMs: 5,
      staleAfterSeconds: 300,
      onDefect: (error) => this.defects.push(error),
      ...options,
    });
    let isOpen = true;
    const close = verifier.close.bind(verifier);
    verifier.close = async () => {
      if (!isOpen) return;
      isOpen = false;
      await close();
      await records.close();
    };
    onTestFinished(() => verifier.close());
    return verifier;
  }

  /** A verifier that has had one round. */
  async openAndLook(options: Partial<VerifierOptions> = {}): Promise<Verifier> {
    const verifier = await this.open(options);
    await verifier.round();
    return verifier;
  }

  async #openMirror(origin: string): Promise<LogStore> {
    const disk = this.disks.get(origin) ?? new MemoryDisk();
    this.disks.set(origin, disk);
    return openMemoryLogStore(disk);
  }

  #sourceOf(origin: string): ServedLog {
    return this.served.find(({ log }) => log.origin === origin) as ServedLog;
  }

  #witnessSource(name: string): WitnessSource {
    return {
      name,
      latestSeen: async (origin) => {
        if (this.silent.has(name)) throw new AttestryError('PEER_UNAVAILABLE', 'no answer');
        return this.seen.get(name)?.get(origin);
      },
    };
  }
}

/** How a log stands: its state, and the code of its problem. */
export function standingOf(verifier: Verifier, { log }: ServedLog): string {
  const { state, problem } = statusOf(verifier, log.origin);
  return problem === undefined ? state : `${state} ${problem.code}`;
}

export function statusOf(verifier: Verifier, origin: string): LogStatus {
  return verifier.logs().find(({ log }) => log.origin === origin) as LogStatus;
}
