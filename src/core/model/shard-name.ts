/** Names of the byte ranges of model files, OpenSSF Model Signing v1.0 section 6.3.2: `weights.bin:0:1000000000`. */
import { AttestryError } from '../../errors.ts';
import { parseDecimal } from '../bytes/decimal.ts';
import { quote } from '../bytes/hex.ts';

/** Bytes [start, end) of a file. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface ShardName extends ByteRange {
  /** Relative to the model's folder, with forward slashes. */
  readonly path: string;
}

/** The file and range of a shard's name. File names may hold colons too, so only the last two count. @throws MODEL_MALFORMED */
export function parseShardName(name: string): ShardName {
  const [, path, from, to] = /^(.+):(\d+):(\d+)$/s.exec(name) ?? [];
  if (path === undefined || from === undefined || to === undefined) throw malformed(name);
  try {
    const [start, end] = [parseDecimal(from), parseDecimal(to)];
    if (start < end) return { path: requireModelPath(path), start, end };
  } catch (cause) {
    throw malformed(name, cause);
  }
  throw malformed(name);
}

export function formatShardName({ path, start, end }: ShardName): string {
  return `${path}:${start}:${end}`;
}

/** The ranges of a file of `length` bytes, in order; none of an empty file. */
export function* shardRanges(length: number, shardSize: number): Generator<ByteRange> {
  if (!Number.isSafeInteger(shardSize) || shardSize < 1) {
    throw new RangeError(`Expected a shard size of one byte or more, got ${shardSize}.`);
  }
  for (let start = 0; start < length; start += shardSize) {
    yield { start, end: Math.min(length, start + shardSize) };
  }
}

/** The path itself, if it stays within the model's folder and has one spelling (section 6.1.2). @throws MODEL_MALFORMED */
export function requireModelPath(path: string): string {
  const isClean = path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  if (isClean) return path;
  throw new AttestryError(
    'MODEL_MALFORMED',
    `Expected a path within the model's folder, like weights/part-1.bin, got ${quote(path)}.`,
  );
}

function malformed(name: string, cause?: unknown): AttestryError {
  return new AttestryError(
    'MODEL_MALFORMED',
    `Expected a shard name like weights.bin:0:1000000000, got ${quote(name)}.`,
    { cause },
  );
}
