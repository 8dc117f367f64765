import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { decodeBundle } from '../../src/core/merkle/bundle.ts';
import type { Log } from '../../src/log/log.ts';
import { eventually } from '../helpers/eventually.ts';
import { LogBed, type OpenedLog } from '../helpers/log-bed.ts';
import { NaiveTree, naiveLeafHash } from '../helpers/naive-tree.ts';
import { flipBit } from '../helpers/wrapped-store.ts';

const SIZE = 700;
const bed = new LogBed();
const entries = Array.from({ length: SIZE }, (_, i) => bed.entry(i));
const tree = new NaiveTree(entries.map(naiveLeafHash));
const hashOf = (index: number): Uint8Array => tree.leaves[index] as Uint8Array;

/** A running log whose disk may be damaged under it; the test log is made once and copied. */
async function grown(): Promise<{ bed: LogBed; opened: OpenedLog }> {
  const own = new LogBed();
  const opened = await own.open();
  await own.submit(opened.log, entries);
  await eventually(() => expect(own.disk.checkpoints.committed.has(SIZE)).toBe(true));
  await nextTurn();
  return { bed: own, opened };
}

const unreadable = { code: 'STORE_CORRUPT' };

describe('LogReader', () => {
  it('gives every entry, bundle and tile in every width', async () => {
    const { log } = (await grown()).opened;
    expect(await log.reader.entry(699)).toEqual(entries[699]);
    for (const [index, width] of [
      [0, 256],
      [0, 1],
      [1, 255],
      [2, 188],
    ] as const) {
      const bundle = await log.reader.bundle({ index, width });
      const expected = entries.slice(index * 256, index * 256 + width);
      expect(decodeBundle(bundle as Uint8Array, width)).toEqual(expected);
      expect(await log.reader.entries(index * 256, index * 256 + width)).toEqual(expected);
      const tile = await log.reader.tile({ level: 0, index, width });
      expect(Buffer.from(tile as Uint8Array)).toEqual(
        Buffer.from(tree.tile(0, index, index * 256 + width)),
      );
    }
    const above = await log.reader.tile({ level: 1, index: 0, width: 2 });
    expect(Buffer.from(above as Uint8Array)).toEqual(Buffer.from(tree.tile(1, 0)));
  });

  it('gives nothing beyond the size of the log', async () => {
    const { log } = (await grown()).opened;
    await expect(log.reader.entry(SIZE)).rejects.toMatchObject({ code: 'ENTRY_UNKNOWN' });
    for (const place of [
      { index: 2, width: 189 },
      { index: 2, width: 256 },
      { index: 3, width: 1 },
    ]) {
      expect(await log.reader.bundle(place)).toBeUndefined();
      expect(await log.reader.tile({ level: 0, ...place })).toBeUndefined();
    }
    expect(await log.reader.tile({ level: 1, index: 0, width: 3 })).toBeUndefined();
    expect(await log.reader.tile({ level: 63, index: 2 ** 52, width: 1 })).toBeUndefined();
  });

  it('gives nothing that is written but not locked yet', async () => {
    const own = new LogBed();
    let size = -1;
    let seen: unknown;
    const opened = await own.open({
      headLock: {
        read: () => undefined,
        swap: async (_, next) => {
          if (next.size === 0) return;
          size = opened.log.size;
          seen = await Promise.allSettled([
            opened.log.reader.entry(0),
            opened.log.reader.tile({ level: 0, index: 0, width: 1 }),
            opened.log.reader.bundle({ index: 0, width: 1 }),
            opened.log.receipt(hashOf(0), 'committed'),
          ]);
        },
        close: async () => {},
      },
    });
    await own.submit(opened.log, entries.slice(0, 1));
    expect(size).toBe(0);
    expect(seen).toMatchObject([
      { reason: { code: 'ENTRY_UNKNOWN' } },
      { value: undefined },
      { value: undefined },
      { reason: { code: 'ENTRY_UNKNOWN' } },
    ]);
  });
});

describe('LogReader on a damaged disk', () => {
  type Damage = (bed: LogBed) => unknown;
  const entryDamage: Damage = ({ disk }) =>
    disk.entries.set(300, flipBit(disk.entries.get(300) as Uint8Array, 4_000));
  const tileDamage =
    (tile: string, bit: number): Damage =>
    ({ disk }) =>
      disk.tiles.set(tile, flipBit(disk.tiles.get(tile) as Uint8Array, bit));
  const receiptOf = (index: number) => (log: Log) => log.receipt(hashOf(index), 'committed');

  const rows: readonly (readonly [string, Damage, (log: Log) => Promise<unknown>])[] = [
    ['a changed entry', entryDamage, (log) => log.reader.entry(300)],
    ['it among others', entryDamage, (log) => log.reader.entries(290, 310)],
    ['its bundle', entryDamage, (log) => log.reader.bundle({ index: 1, width: 256 })],
    ['its receipt', entryDamage, receiptOf(300)],
    [
      'the receipt of an entry that was replaced by another good one',
      ({ disk }) => disk.entries.set(300, bed.entry(SIZE)),
      receiptOf(300),
    ],
    [
      'a receipt whose proof leads through a changed tile',
      tileDamage('0/0', 5 * 256),
      receiptOf(3),
    ],
    ['a lost entry', ({ disk }) => disk.entries.delete(3), (log) => log.reader.entry(3)],
    [
      'a receipt by changed middle nodes',
      ({ disk }) => disk.middles.set(0, flipBit(disk.middles.get(0) as Uint8Array, 256 * 9)),
      receiptOf(3),
    ],
    [
      'a changed full tile',
      tileDamage('0/1', 5),
      (log) => log.reader.tile({ level: 0, index: 1, width: 256 }),
    ],
    [
      'the bundle under a changed tile',
      tileDamage('0/1', 5),
      (log) => log.reader.bundle({ index: 1, width: 256 }),
    ],
    [
      'a changed partial tile',
      tileDamage('0/2', 5),
      (log) => log.reader.tile({ level: 0, index: 2, width: 188 }),
    ],
    [
      'a tile under a changed tile',
      tileDamage('1/0', 300),
      (log) => log.reader.tile({ level: 0, index: 1, width: 256 }),
    ],
    [
      'a lost tile',
      ({ disk }) => disk.tiles.delete('0/0'),
      (log) => log.reader.tile({ level: 0, index: 0, width: 7 }),
    ],
    [
      'a tile that is too short',
      ({ disk }) => disk.tiles.set('0/0', new Uint8Array(32)),
      (log) => log.reader.tile({ level: 0, index: 0, width: 256 }),
    ],
    [
      'the receipt of an entry that is looked up at another',
      ({ disk }) => disk.indexes.set(Buffer.from(hashOf(3)).toString('hex'), 4),
      receiptOf(3),
    ],
    [
      'a receipt under a checkpoint whose signature is damaged',
      ({ disk }) => changeNote(disk, (note) => note.replace(/.(.{4})$/s, 'A$1')),
      receiptOf(3),
    ],
    [
      'a receipt under a checkpoint that is no note',
      ({ disk }) => changeNote(disk, () => 'damaged'),
      receiptOf(3),
    ],
    [
      'a receipt under a checkpoint of another size',
      ({ disk }) => disk.checkpoints.committed.set(650, disk.checkpoints.committed.get(700) ?? ''),
      receiptOf(3),
    ],
  ];

  function changeNote({ checkpoints }: LogBed['disk'], change: (note: string) => string): void {
    for (const [size, note] of checkpoints.committed) checkpoints.committed.set(size, change(note));
  }

  it.each(rows)('does not hand out %s, and stops the log', async (_, damage, read) => {
    const own = await grown();
    damage(own.bed);
    await expect(read(own.opened.log)).rejects.toMatchObject(unreadable);
    expect(own.opened.fatal).toMatchObject([unreadable]);
    await expect(own.bed.submit(own.opened.log, [own.bed.entry(SIZE)])).rejects.toMatchObject({
      code: 'STORE_FAILED',
    });
  });

  it('goes on after questions that the log has no answer to', async () => {
    const { log } = (await grown()).opened;
    await Promise.allSettled([
      log.reader.entry(SIZE),
      log.receipt(new Uint8Array(32), 'committed'),
    ]);
    await expect(log.receipt(hashOf(0), 'witnessed')).rejects.toMatchObject({
      code: 'ENTRY_UNKNOWN',
    });
    expect((await bed.submit(log, [bed.entry(SIZE)]))[0]?.index).toBe(SIZE);
  });
});
