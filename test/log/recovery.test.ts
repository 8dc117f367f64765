import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { growTiles } from '../../src/core/merkle/growth.ts';
import { EMPTY_ROOT } from '../../src/core/merkle/hash.ts';
import { parseCheckpoint, signCheckpoint } from '../../src/core/note/checkpoint.ts';
import { formatReceipt } from '../../src/core/receipt/receipt.ts';
import { AttestryError } from '../../src/errors.ts';
import { leafHashBySystem } from '../../src/keys/openssl-hash.ts';
import type { LogOptions } from '../../src/log/log.ts';
import type { WitnessPort } from '../../src/log/witness-port.ts';
import type { Head } from '../../src/store/log-store.ts';
import { MemoryDisk, openMemoryLogStore } from '../../src/store/memory-log-store.ts';
import { checkLog } from '../helpers/check-log.ts';
import { eventually } from '../helpers/eventually.ts';
import { makeNetwork } from '../helpers/fixtures.ts';
import { copyDisk, fingerprint, LogBed } from '../helpers/log-bed.ts';
import { type LockDisk, openMemoryHeadLock } from '../helpers/memory-head-lock.ts';
import { flipBit, wrapStore } from '../helpers/wrapped-store.ts';

/** Opening refuses with the code and changes nothing on the disks. */
async function expectRefusal(
  bed: LogBed,
  code: string,
  options: Partial<LogOptions> = {},
): Promise<void> {
  const [disk, head] = [fingerprint(bed.disk), bed.lock.head];
  await expect(bed.open(options)).rejects.toMatchObject({ code });
  expect(fingerprint(bed.disk)).toBe(disk);
  expect(bed.lock.head).toEqual(head);
}

async function grown(count: number, bed: LogBed = new LogBed()): Promise<LogBed> {
  await bed.grow(count);
  return bed;
}

/** Changes the bytes of one row behind the log's back. */
function damage<K>(rows: Map<K, Uint8Array>, key: K, bit = 0): void {
  rows.set(key, flipBit(rows.get(key) as Uint8Array, bit));
}

interface Moment {
  readonly disk: MemoryDisk;
  readonly lock: LockDisk;
  /** Receipts that had been given by then, by hex entry hash. */
  readonly told: ReadonlyMap<string, string>;
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What a crash would leave after each write of a log that takes entries one a commit, as fast as it can. */
async function momentsOf(bed: LogBed, entries: readonly Uint8Array[]): Promise<Moment[]> {
  const moments: Moment[] = [];
  const told = new Map<string, string>();
  const after = async (write: Promise<void>): Promise<void> => {
    await write;
    moments.push({
      disk: copyDisk(bed.disk),
      lock: { head: bed.lock.head },
      told: new Map(told),
    });
  };
  const inner = openMemoryLogStore(bed.disk);
  const headLock = openMemoryHeadLock(bed.lock);
  const { log } = await bed.open({
    store: wrapStore(inner, {
      commit: (commit) => after(inner.commit(commit)),
      putCheckpoint: (...checkpoint) => after(inner.putCheckpoint(...checkpoint)),
    }),
    headLock: {
      ...headLock,
      swap: (...heads) => after(nextTurn().then(() => headLock.swap(...heads))),
    },
    limits: { batchEntries: 1 },
  });
  const admitted = await Promise.all(entries.map((entry) => log.admit(entry)));
  await Promise.all(
    admitted.map(async (entry) => {
      const { entryHash, receipt } = await log.commit(entry);
      told.set(hexOf(entryHash), hexOf(receipt?.() ?? new Uint8Array()));
    }),
  );
  await log.close();
  await after(Promise.resolve());
  return moments;
}

describe('recoverHead after a crash', () => {
  it('gives every receipt again, byte for byte, whichever write was the last', async () => {
    const bed = new LogBed();
    const moments = await momentsOf(
      bed,
      Array.from({ length: 6 }, (_, i) => bed.entry(i)),
    );
    // Of entries that had been told, some had no checkpoint in the database.
    const lacking = moments.filter(
      ({ disk, told }) => disk.checkpoints.committed.size <= told.size,
    );
    expect(lacking.length).toBeGreaterThan(0);
    expect(moments.filter(({ disk }) => disk.unkept.length > 0).length).toBeGreaterThan(0);
    expect(moments.at(-1)?.told.size).toBe(6);
    for (const { disk, lock, told } of moments) {
      bed.disk = disk;
      bed.lock = lock;
      await bed.run(async ({ log }) => {
        for (const [hash, before] of told) {
          const receipt = await log.receipt(Buffer.from(hash, 'hex'), 'committed');
          expect(hexOf(formatReceipt(receipt))).toBe(before);
        }
      });
    }
  });

  it('signs no earlier head that the tiles contradict', async () => {
    const bed = await grown(3);
    bed.disk.unkept = [{ size: 2, root: new Uint8Array(32).fill(7) }];
    await expectRefusal(bed, 'ROOT_MISMATCH');
  });
});

describe('recoverHead', () => {
  it('starts a new log at size 0, with a lock and a checkpoint', async () => {
    const bed = new LogBed();
    const opened = await bed.open();
    expect(opened.log.status().head).toEqual({ size: 0, root: EMPTY_ROOT });
    expect(bed.lock.head).toEqual({ size: 0, root: EMPTY_ROOT });
    await checkLog(bed, opened, 0);
  });

  it('goes on where database and lock agree', async () => {
    const bed = await grown(300);
    const opened = await bed.open();
    await checkLog(bed, opened, 300);
    await bed.submit(opened.log, [bed.entry(300)]);
    await checkLog(bed, opened, 301);
  });

  it('takes up a batch that was written but not locked, and signs it', async () => {
    const bed = await grown(260);
    const before = bed.lock.head;
    await bed.grow(10, 260);
    bed.lock.head = before;
    bed.disk.checkpoints.committed.delete(270);
    bed.disk.checkpoints.witnessed.clear();
    const opened = await bed.open();
    const copy = await checkLog(bed, opened, 270);
    expect(bed.lock.head).toMatchObject({ size: 270 });
    expect(copy.entries[265]).toEqual(bed.entry(265));
    const again = await bed.submit(opened.log, [bed.entry(265)]);
    expect(again).toMatchObject([{ index: 265, isNew: false }]);
    const { entryHash } = again[0] as (typeof again)[0];
    const receipt = await opened.log.receipt(entryHash, 'committed');
    expect(parseCheckpoint(receipt.proof.checkpoint).checkpoint.size).toBe(270);
  });

  it.each<[string, (note: string) => string]>([
    ['a changed size', (note) => note.replace('\n5\n', '\n4\n')],
    ['a changed signature', (note) => note.replace(/ ([A-Za-z])([A-Za-z0-9+/]+=*)\n/, ' $1A$2\n')],
    [
      'a changed cosignature',
      (note) =>
        note.replace(
          /(— witness1\.example .{60})(.)/,
          (_, kept, next) => `${kept}${next === 'A' ? 'B' : 'A'}`,
        ),
    ],
    ['no note', () => 'nothing'],
  ])('refuses %s in the checkpoint that was published last', async (_, change) => {
    const bed = await grown(5, await LogBed.make());
    const { witnessed } = bed.disk.checkpoints;
    witnessed.set(5, change(witnessed.get(5) as string));
    await expectRefusal(bed, 'STORE_CORRUPT');
  });

  it('does not publish what has lost the quorum under another trust root', async () => {
    const bed = await grown(5, await LogBed.make());
    const { witnessed } = bed.disk.checkpoints;
    const note = witnessed.get(5) as string;
    witnessed.set(5, note.slice(0, note.trimEnd().lastIndexOf('\n') + 1));
    const { log } = await bed.open({ witnesses: [] });
    expect(log.status().published).toBeUndefined();
  });

  it('refuses a published checkpoint of its own key that the entries do not give', async () => {
    const bed = await grown(5, await LogBed.make());
    const { signer } = bed.eu;
    const other = { origin: signer.vkey.name, size: 5, root: new Uint8Array(32) };
    bed.disk.checkpoints.witnessed.set(5, signCheckpoint(other, signer));
    // No witness says what it saw, so the database stands alone.
    await expectRefusal(bed, 'STORE_CORRUPT', { witnesses: [] });
  });

  it('refuses a database behind the lock', async () => {
    const bed = await grown(5);
    const backup = copyDisk(bed.disk);
    await bed.grow(5, 5);
    bed.disk = backup;
    await expect(bed.open()).rejects.toMatchObject({
      code: 'HEAD_ROLLBACK',
      details: { stored: 5, locked: 10 },
    });
    await expectRefusal(bed, 'HEAD_ROLLBACK');
    bed.disk = new MemoryDisk();
    await expectRefusal(bed, 'HEAD_ROLLBACK');
  });

  it('refuses a database with another history than the lock', async () => {
    const bed = await grown(5);
    const other = new LogBed();
    await other.grow(6, 100);
    other.lock.head = bed.lock.head;
    await expectRefusal(other, 'HEAD_FORK');
  });

  it('refuses a database with entries and no lock', async () => {
    const bed = await grown(1);
    bed.lock.head = undefined;
    await expectRefusal(bed, 'HEAD_MALFORMED');
  });

  it('refuses a changed entry, and names it', async () => {
    const bed = await grown(300);
    damage(bed.disk.entries, 123, 1000);
    await expect(bed.open()).rejects.toMatchObject({
      code: 'ENTRY_HASH_MISMATCH',
      details: { index: 123 },
    });
    await expectRefusal(bed, 'ENTRY_HASH_MISMATCH');
  });

  it('refuses a changed hash in a full tile, in a partial one and above', async () => {
    const rows = [
      ['0/0', 'TILE_HASH_MISMATCH'],
      ['0/1', 'HEAD_FORK'],
      ['1/0', 'HEAD_FORK'],
    ] as const;
    const whole = await grown(300);
    for (const [tile, code] of rows) {
      whole.disk.tiles.set(tile, flipBit(whole.disk.tiles.get(tile) as Uint8Array));
      await expectRefusal(whole, code);
      whole.disk.tiles.set(tile, flipBit(whole.disk.tiles.get(tile) as Uint8Array));
    }
    await whole.run(async ({ log }) => expect(log.size).toBe(300));
  });

  it('refuses an entry and its leaf hash changed together', async () => {
    const bed = await grown(300);
    const other = new LogBed();
    await other.grow(300, 1_000);
    bed.disk.entries.set(7, other.disk.entries.get(7) as Uint8Array);
    const [own, foreign] = [bed.disk.tiles.get('0/0'), other.disk.tiles.get('0/0')];
    own?.set((foreign as Uint8Array).subarray(7 * 32, 8 * 32), 7 * 32);
    await expectRefusal(bed, 'TILE_HASH_MISMATCH');
  });

  it('refuses a tile of the wrong length and one that is gone', async () => {
    const bed = await grown(300);
    const tile = bed.disk.tiles.get('0/0') as Uint8Array;
    bed.disk.tiles.set('0/0', tile.subarray(0, 255 * 32));
    await expectRefusal(bed, 'TILE_LENGTH_WRONG');
    bed.disk.tiles.delete('0/0');
    await expectRefusal(bed, 'STORE_CORRUPT');
  });

  it('refuses a stored root that the tiles do not give', async () => {
    const bed = await grown(10);
    const { head } = bed.disk;
    await bed.grow(1, 10);
    bed.lock.head = head;
    bed.disk.head = { size: 11, root: flipBit(bed.disk.head?.root as Uint8Array) };
    await expectRefusal(bed, 'ROOT_MISMATCH');
  });

  it('refuses a log that the trust root does not name, or names with another key', async () => {
    const bed = new LogBed();
    const other = makeNetwork({ regions: ['us'] });
    const key = other.witnesses[0] as LogOptions['signer'];
    const stranger = { seed: key.seed, vkey: { ...key.vkey, name: bed.eu.origin } };
    for (const signer of [key, stranger]) await expectRefusal(bed, 'CONFIG_INVALID', { signer });
  });
});

describe('recoverHead with more entries than are checked at the start', () => {
  it('starts, and finds an old change while it runs', async () => {
    const bed = await grown(700);
    damage(bed.disk.entries, 2);
    const { log, fatal } = await bed.open({ limits: { scrubbedAtStart: 100 } });
    await eventually(() => expect(fatal).toHaveLength(1));
    expect(fatal).toMatchObject([{ code: 'ENTRY_HASH_MISMATCH', details: { index: 2 } }]);
    await expect(bed.submit(log, [bed.entry(700)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(log.size).toBe(700);
  });

  it('checks the newest first, and the rest in the background', async () => {
    const bed = await grown(700);
    const { log, store, fatal } = await bed.open({ limits: { scrubbedAtStart: 100 } });
    await eventually(() => expect(log.status().scrubbed).toBe(600));
    expect(fatal).toEqual([]);
    await log.close();
    await store.close();
    damage(bed.disk.entries, 650);
    await expectRefusal(bed, 'ENTRY_HASH_MISMATCH', { limits: { scrubbedAtStart: 100 } });
  });
});

describe('recoverHead of a log with three levels of tiles', () => {
  const SIZE = 256 ** 2 + 300;

  /** A disk of entries that nobody signed: recovery only hashes them. */
  function wideDisk(): { disk: MemoryDisk; lock: { head: Head } } {
    const disk = new MemoryDisk();
    const leafHashes = Array.from({ length: SIZE }, (_, i) => {
      const entry = new TextEncoder().encode(`entry ${i}`);
      disk.entries.set(i, entry);
      return new Uint8Array(leafHashBySystem(entry));
    });
    const growth = growTiles({ size: 0, leafHashes, readTile: () => new Uint8Array() });
    for (const { level, index, hashes } of growth.tiles) {
      disk.tiles.set(`${level}/${index}`, hashes);
    }
    disk.head = { size: SIZE, root: growth.root };
    return { disk, lock: { head: disk.head } };
  }

  it('refuses changes above entries that it does not hash at the start', async () => {
    const bed = Object.assign(new LogBed(), wideDisk());
    const limits = { scrubbedAtStart: 10 };
    damage(bed.disk.tiles, '1/0', 77);
    await expectRefusal(bed, 'TILE_HASH_MISMATCH', { limits });
    damage(bed.disk.tiles, '1/0', 77);
    damage(bed.disk.tiles, '2/0', 77);
    await expectRefusal(bed, 'HEAD_FORK', { limits });
    damage(bed.disk.tiles, '2/0', 77);
    const { log } = await bed.open({ limits });
    expect(log.size).toBe(SIZE);
  });
});

describe('recoverHead with witnesses', () => {
  const silent: WitnessPort = {
    name: 'silent',
    url: 'https://silent.example',
    cosign: () => Promise.reject(new AttestryError('PEER_UNAVAILABLE', 'silent')),
    latestSeen: () => Promise.reject(new AttestryError('PEER_UNAVAILABLE', 'silent')),
  };

  it('refuses when one of them holds a longer log with our own signature', async () => {
    const bed = await grown(5, await LogBed.make());
    const backup = copyDisk(bed.disk);
    const { head } = bed.lock;
    await bed.grow(5, 5);
    bed.disk = backup;
    bed.lock.head = head;
    const [knowing] = bed.witnesses as [WitnessPort];
    bed.witnesses = [silent, silent, silent, knowing];
    await expectRefusal(bed, 'WITNESS_AHEAD');
  });

  it('refuses when one of them holds another history with our own signature', async () => {
    const bed = await grown(5, await LogBed.make());
    const other = await LogBed.make();
    await other.grow(5, 100);
    bed.witnesses = other.witnesses;
    await expectRefusal(bed, 'HEAD_FORK');
  });

  it('is not stopped by claims without our signature', async () => {
    const bed = await grown(5);
    const root = new Uint8Array(32).fill(7);
    const { signer } = bed.network.logs[1] as (typeof bed.network.logs)[1];
    const ours = signCheckpoint({ origin: bed.eu.origin, size: 5, root }, bed.eu.signer);
    const claims = [
      signCheckpoint(
        { origin: bed.eu.origin, size: 9, root },
        { ...signer, vkey: bed.eu.signer.vkey },
      ),
      signCheckpoint({ origin: signer.vkey.name, size: 9, root }, signer),
      ours.replace('\n5\n', '\n9\n'),
      'no note',
    ];
    bed.witnesses = claims.map((claim) => ({ ...silent, latestSeen: async () => claim }));
    await bed.run(async ({ log }) => expect(log.size).toBe(5));
  });

  it('does not need them', async () => {
    const bed = await grown(5);
    bed.witnesses = [silent, { ...silent, latestSeen: async () => undefined }];
    await bed.run(async ({ log }) => expect(log.size).toBe(5));
  });
});
