/** Bugs of a log. */
import { bytesEqual } from '../../../src/core/bytes/equal.ts';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import { encodeBundle } from '../../../src/core/merkle/bundle.ts';
import type { LogOptions } from '../../../src/log/log.ts';
import type { Disk } from '../../../src/store/disk.ts';
import type { LevelFolder } from '../../../src/store/level-folder.ts';
import type { LogCommit, LogStore } from '../../../src/store/log-store.ts';
import { planGarbling } from '../damage.ts';
import type { Behaviour } from '../lies/behaviour.ts';
import { LOST_TAIL_LIE, RESTORED_LIE } from '../lies/withholding.ts';
import { GARBAGE_LIE } from '../lies/witnesses.ts';
import { replacing } from '../replacing.ts';
import type { Bug } from './bug.ts';

const TRUSTING = { name: 'trusting', verify: () => true };
const A_DAY = 86_400;
const GARBLING_MS = 8_000;

/** Nobody lies: the log's disk writes other bits than it was given. */
const GARBLING: Behaviour = {
  name: 'disk that garbles',
  prepare: (world) => planGarbling(world, GARBLING_MS),
  caught: () => 'none',
};

export const LOG_BUGS: readonly Bug[] = [
  { name: 'log acknowledges before its disk has synced', wiring: { logDisk: unsynced } },
  { name: 'log replaces files in place', wiring: { logDisk: inPlace } },
  {
    ...onOptions('log skips the head lock', ({ store }) => ({
      headLock: { read: () => store.head(), swap: async () => {}, close: async () => {} },
    })),
    lie: LOST_TAIL_LIE,
  },
  {
    ...onOptions('log reads back what it remembers', ({ store }) => ({
      store: remembering(store),
    })),
    lie: GARBLING,
  },
  onOptions('log forgets its streams when it starts', ({ store }) => ({
    store: streamsOfThisLife(store),
  })),
  onOptions('log forgets which entries it has when it starts', ({ store }) => ({
    store: indexesOfThisLife(store),
  })),
  {
    ...onOptions('log asks no witness when it starts', ({ witnesses }) => ({
      witnesses: witnesses.map((port) => ({
        ...port,
        cosign: (request) => port.cosign(request),
        latestSeen: async () => undefined,
      })),
    })),
    lie: RESTORED_LIE,
  },
  onOptions('log publishes without the quorum', ({ trust }) => ({
    trust: replacing(trust, { witnessQuorum: 1 }),
  })),
  {
    name: 'log believes cosignatures that it has not verified',
    wiring: { witnessClient: (options) => ({ ...options, engine: TRUSTING }) },
    lie: GARBAGE_LIE,
  },
  onOptions('log admits what nobody has signed', () => ({
    verifyMany: async (claims) => claims.map(() => true),
  })),
  onOptions('log admits by a clock that is two days ahead', ({ now }) => ({
    now: () => now() + 2 * A_DAY,
  })),
  {
    name: 'log signs a tally of other entries',
    wiring: {
      logTally: (options) => ({
        ...options,
        readEntries: async (start, end) => {
          const entries = await options.readEntries(start, end);
          return entries.map((entry, i) => (start + i === 1 ? (entries[0] ?? entry) : entry));
        },
      }),
    },
  },
];

function onOptions(name: string, change: (options: LogOptions) => Partial<LogOptions>): Bug {
  return { name, wiring: { log: (options) => ({ ...options, ...change(options) }) } };
}

type Operations = readonly { type: 'put'; key: Uint8Array; value: Uint8Array }[];

/** A disk on which `sync` does nothing for databases. */
export function unsynced(disk: Disk): Disk {
  return replacing(disk, {
    openLevel: async (folder) => {
      const level = await disk.openLevel(folder);
      const batch = (operations?: Operations): unknown => {
        if (operations !== undefined) return level.batch([...operations]);
        const gathering = level.batch();
        return replacing(gathering, { write: () => gathering.write() });
      };
      const put = (key: Uint8Array, value: Uint8Array): Promise<void> => level.put(key, value);
      return replacing<LevelFolder>(level, { batch, put } as Partial<LevelFolder>);
    },
  });
}

/** A disk on which a file is written over, half after half. */
export function inPlace(disk: Disk): Disk {
  return replacing(disk, {
    replaceFile: async (path, bytes) => {
      await disk.replaceFile(path, bytes.subarray(0, bytes.length / 2));
      await disk.replaceFile(path, bytes);
    },
    overwriteFile: async (path, { at, bytes }) => {
      await disk.overwriteFile(path, { at, bytes: bytes.subarray(0, bytes.length / 2) });
      await disk.overwriteFile(path, { at, bytes });
    },
  });
}

/** A store that answers from memory what it was given to write. */
function remembering(store: LogStore): LogStore {
  const entries = new Map<number, Uint8Array>();
  const tiles = new Map<string, Uint8Array>();
  const entryAt = (index: number): Uint8Array | undefined =>
    entries.get(index) ?? store.entry(index);
  const entriesSync = (start: number, end: number): Uint8Array[] =>
    Array.from({ length: end - start }, (_, i) => entryAt(start + i) ?? new Uint8Array());
  let last: LogCommit | undefined;
  return replacing(store, {
    commit: async (commit) => {
      await store.commit(commit);
      last = commit;
      for (const [i, { entry }] of commit.entries.entries()) entries.set(commit.from + i, entry);
      for (const { level, index, hashes } of commit.tiles) tiles.set(`${level}/${index}`, hashes);
    },
    head: () => last?.head ?? store.head(),
    entry: entryAt,
    entries: async (start, end) => entriesSync(start, end),
    entriesSync,
    bundlePieces: async (start, end) => [encodeBundle(entriesSync(start, end))],
    bundlePiecesSync: (start, end) => [encodeBundle(entriesSync(start, end))],
    tile: (level, index) => tiles.get(`${level}/${index}`) ?? store.tile(level, index),
    indexOf: (hash) => {
      const at = last?.entries.findIndex(({ entryHash }) => bytesEqual(entryHash, hash)) ?? -1;
      return at < 0 || last === undefined ? store.indexOf(hash) : last.from + at;
    },
    stream: (key) => last?.streams.get(key) ?? store.stream(key),
  });
}

function streamsOfThisLife(store: LogStore): LogStore {
  const known = new Set<string>();
  return replacing(store, {
    commit: async (commit) => {
      await store.commit(commit);
      for (const key of commit.streams.keys()) known.add(key);
    },
    stream: (key) => (known.has(key) ? store.stream(key) : undefined),
  });
}

function indexesOfThisLife(store: LogStore): LogStore {
  const known = new Set<string>();
  return replacing(store, {
    commit: async (commit) => {
      await store.commit(commit);
      for (const { entryHash } of commit.entries) known.add(encodeHex(entryHash));
    },
    indexOf: (hash) => (known.has(encodeHex(hash)) ? store.indexOf(hash) : undefined),
  });
}
