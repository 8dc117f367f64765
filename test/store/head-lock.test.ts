import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Disk, SYSTEM_DISK } from '../../src/store/disk.ts';
import { type HeadLock, openHeadLock } from '../../src/store/head-lock.ts';
import { runFixture } from '../helpers/child-process.ts';
import { codeOf } from '../helpers/store-suite.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const SWAP_FOREVER = new URL('./fixtures/swap-forever.mjs', import.meta.url);

const headOf = (size: number, fill = size % 256) => ({
  size,
  root: new Uint8Array(32).fill(fill),
});

const RECORD_BYTES = 512;
const BLOCK_BYTES = 4096;

/** The JSON of both records. */
async function recordsOf(folder: string): Promise<string[]> {
  const text = await readFile(join(folder, 'head.json'), 'utf8');
  return [0, BLOCK_BYTES].map((at) => text.slice(at, at + RECORD_BYTES).trim());
}

function sizeIn(record: string): number {
  return (JSON.parse(record) as { size: number }).size;
}

async function openLock(folder: string): Promise<HeadLock> {
  const lock = await openHeadLock(folder);
  onTestFinished(() => lock.close());
  return lock;
}

/** A folder whose lock has been moved to size 5, and closed. */
async function lockedFolder(): Promise<string> {
  const folder = await temporaryFolder();
  const lock = await openHeadLock(folder);
  await lock.swap(undefined, headOf(5));
  await lock.close();
  return folder;
}

describe('openHeadLock', () => {
  test('reads nothing before the first swap, then what was swapped in', async () => {
    const lock = await openLock(join(await temporaryFolder(), 'made', 'on the way'));
    expect(lock.read()).toBeUndefined();
    await lock.swap(undefined, headOf(0));
    expect(lock.read()).toEqual(headOf(0));
    await lock.swap(headOf(0), headOf(3));
    expect(lock.read()).toEqual(headOf(3));
  });

  test('reads the same after it is closed and opened', async () => {
    const lock = await openLock(await lockedFolder());
    expect(lock.read()).toEqual(headOf(5));
  });

  test('refuses a swap that expects another head, and changes nothing', async () => {
    const lock = await openLock(await lockedFolder());
    for (const expected of [undefined, headOf(4), headOf(6), headOf(5, 1)]) {
      expect(await codeOf(() => lock.swap(expected, headOf(9)))).toBe('HEAD_CONFLICT');
    }
    expect(lock.read()).toEqual(headOf(5));
    await lock.swap(headOf(5), headOf(9));
  });

  test('lets one of many racing swaps through', async () => {
    const lock = await openLock(await lockedFolder());
    const races = Array.from({ length: 10 }, (_, i) =>
      codeOf(() => lock.swap(headOf(5), headOf(6 + i))),
    );
    const outcomes = await Promise.all(races);
    expect(outcomes.filter((code) => code === 'nothing thrown')).toHaveLength(1);
    expect(outcomes.filter((code) => code === 'HEAD_CONFLICT')).toHaveLength(9);
    expect(lock.read()).toEqual(headOf(6));
  });

  test('compares with the file as it is, not as it was', async () => {
    const folder = await lockedFolder();
    const other = await lockedFolder();
    const lock = await openLock(folder);
    const ahead = await openLock(other);
    await ahead.swap(headOf(5), headOf(7));
    await writeFile(join(folder, 'head.json'), await readFile(join(other, 'head.json')));
    expect(await codeOf(() => lock.swap(headOf(5), headOf(6)))).toBe('HEAD_CONFLICT');
    expect(lock.read()).toEqual(headOf(7));
  });

  test('never goes back, and never changes the root of a size', async () => {
    const lock = await openLock(await lockedFolder());
    expect(await codeOf(() => lock.swap(headOf(5), headOf(4)))).toBe('HEAD_ROLLBACK');
    expect(await codeOf(() => lock.swap(headOf(5), headOf(5, 1)))).toBe('HEAD_FORK');
    await lock.swap(headOf(5), headOf(5));
    expect(lock.read()).toEqual(headOf(5));
  });

  test('throws RangeError for what is no head', async () => {
    const lock = await openLock(await temporaryFolder());
    await expect(lock.swap(undefined, headOf(-1, 0))).rejects.toThrow(RangeError);
    await expect(lock.swap(undefined, headOf(0.5, 0))).rejects.toThrow(RangeError);
    const shortRoot = { size: 1, root: new Uint8Array(31) };
    await expect(lock.swap(undefined, shortRoot)).rejects.toThrow(RangeError);
    expect(lock.read()).toBeUndefined();
  });

  test('reports every changed or missing byte, and never reads another head', async () => {
    const folder = await lockedFolder();
    const path = join(folder, 'head.json');
    const lock = await openLock(folder);
    await lock.swap(headOf(5), headOf(6));
    const whole = await readFile(path);
    for (let at = 0; at < whole.length; at++) {
      // What lies between the records says nothing.
      if (at >= RECORD_BYTES && at < BLOCK_BYTES) continue;
      await writeFile(path, whole.subarray(0, at));
      expect(await codeOf(() => lock.read()), `cut at ${at}`).toBe('HEAD_MALFORMED');
      const flipped = Uint8Array.from(whole);
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 7));
      await writeFile(path, flipped);
      expect(await codeOf(() => lock.read()), `bit of byte ${at}`).toBe('HEAD_MALFORMED');
    }
    expect(await codeOf(() => lock.swap(headOf(6), headOf(7)))).toBe('HEAD_MALFORMED');
    await writeFile(path, whole);
    expect(lock.read()).toEqual(headOf(6));
  });

  test('writes over the older head, never over the one that counts', async () => {
    const folder = await lockedFolder();
    const lock = await openLock(folder);
    for (let size = 6; size < 10; size++) {
      const before = await recordsOf(folder);
      await lock.swap(headOf(size - 1), headOf(size));
      const after = await recordsOf(folder);
      const kept = after.filter((record) => record === before[0] || record === before[1]);
      expect(kept.map(sizeIn)).toEqual([size - 1]);
      expect(after.map(sizeIn).sort()).toEqual([size - 1, size]);
    }
  });

  test('reads a file that was written by hand, and goes on from it', async () => {
    const folder = await lockedFolder();
    const json = (await recordsOf(folder))[0] as string;
    await writeFile(join(folder, 'head.json'), json);
    const lock = await openLock(folder);
    expect(lock.read()).toEqual(headOf(5));
    await lock.swap(headOf(5), headOf(6));
    await lock.swap(headOf(6), headOf(7));
    expect(lock.read()).toEqual(headOf(7));
  });

  test('is not led astray by a file that a crash left half written', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'head.json.tmp'), '{"checksum":"00');
    const lock = await openLock(folder);
    expect(lock.read()).toBeUndefined();
    await lock.swap(undefined, headOf(6));
    expect(lock.read()).toEqual(headOf(6));
  });

  test('fails rather than read nothing when the file cannot be read', async () => {
    const folder = await lockedFolder();
    const lock = await openLock(folder);
    await rm(join(folder, 'head.json'));
    await mkdir(join(folder, 'head.json'));
    expect(await codeOf(() => lock.read())).toBe('STORE_FAILED');
  });

  test('takes no more swaps after one failed on the disk', async () => {
    let trouble = true;
    const overwriteFile: Disk['overwriteFile'] = async (path, patch) => {
      if (trouble) throw Object.assign(new Error('EIO: write'), { code: 'EIO' });
      await SYSTEM_DISK.overwriteFile(path, patch);
    };
    const folder = await lockedFolder();
    const lock = await openHeadLock(folder, { ...SYSTEM_DISK, overwriteFile });
    onTestFinished(() => lock.close());
    expect(await codeOf(() => lock.swap(headOf(5), headOf(6)))).toBe('STORE_FAILED');
    trouble = false;
    expect(await codeOf(() => lock.swap(headOf(5), headOf(6)))).toBe('STORE_FAILED');
    expect(lock.read()).toEqual(headOf(5));
  });

  test('takes no swap once it is closed', async () => {
    const lock = await openHeadLock(await temporaryFolder());
    await lock.close();
    await lock.close();
    expect(await codeOf(() => lock.swap(undefined, headOf(1)))).toBe('STORE_FAILED');
  });

  test('is held by one opener at a time', async () => {
    const folder = await temporaryFolder();
    const lock = await openHeadLock(folder);
    expect(await codeOf(() => openHeadLock(folder))).toBe('STORE_LOCKED');
    await lock.close();
    await openLock(folder);
  });

  test('loses no acknowledged swap when killed, and is free the moment its holder is dead', async () => {
    const folder = await temporaryFolder();
    let size = 0;
    for (const lines of [2, 5, 20, 60]) {
      const child = runFixture(SWAP_FOREVER, [folder]);
      onTestFinished(() => child.kill());
      await child.said(lines);
      expect(await codeOf(() => openHeadLock(folder))).toBe('STORE_LOCKED');
      await child.kill();
      expect(child.lines[0]).toBe(`open ${size}`);
      const acknowledged = Number((child.lines.at(-1) ?? '').slice(5));
      const lock = await openHeadLock(folder);
      size = lock.read()?.size ?? 0;
      await lock.close();
      expect([acknowledged, acknowledged + 1]).toContain(size);
    }
  });
});
