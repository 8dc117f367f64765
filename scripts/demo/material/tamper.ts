/** Copies of model files for the demo: a true one, and one with exactly one bit flipped. */
import { chmod, copyFile, readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

/** Copies a file, byte for byte, readable and writable by its owner whatever the original allowed. */
export async function copyModel(from: string, to: string): Promise<void> {
  refuseSamePath(from, to);
  await copyFile(from, to);
  await chmod(to, 0o644);
}

export interface BitFlip {
  readonly from: string;
  readonly to: string;
  /** Which bit, counted from the most significant of the first byte. Default: one in the middle of the file. */
  readonly bit?: number;
}

/** Copies a file with exactly one bit flipped, and returns which. @throws RangeError when the file has no such bit */
export async function flipBit({ from, to, bit }: BitFlip): Promise<number> {
  refuseSamePath(from, to);
  const bytes = await readFile(from);
  const flipped = bit ?? bytes.length * 4;
  const byte = bytes[Math.floor(flipped / 8)];
  if (byte === undefined || !Number.isInteger(flipped) || flipped < 0) {
    throw new RangeError(`Expected a bit from 0 to ${bytes.length * 8 - 1}, got ${flipped}.`);
  }
  bytes[Math.floor(flipped / 8)] = byte ^ (0x80 >> (flipped % 8));
  await writeFile(to, bytes, { mode: 0o644 });
  return flipped;
}

// The originals are installed packages: a slip must not change them.
function refuseSamePath(from: string, to: string): void {
  if (resolve(from) === resolve(to)) {
    throw new RangeError(`Expected a target other than the source ${from}.`);
  }
}
