/** What every LogStore must do, run over each of them. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { concatBytes } from '../../src/core/bytes/equal.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { encodeBundle } from '../../src/core/merkle/bundle.ts';
import { leafHash } from '../../src/core/merkle/hash.ts';
import { AttestryError } from '../../src/errors.ts';
import type { LogCommit, LogStore, ModelMention } from '../../src/store/log-store.ts';

/** A disk of its own for one test: every `open` finds what the store before it kept. */
export interface StoreBed {
  open(): Promise<LogStore>;
  remove(): Promise<void>;
}

export const MODEL_A = 'aa'.repeat(32);
const MODEL_B = 'bb'.repeat(32);
const MODEL_LAST = 'ff'.repeat(32);

export function entryOf(index: number): Uint8Array {
  return encodeUtf8(`entry ${index}`);
}

/** A commit of `count` entries from `from` on; whatever a test cares about, it passes itself. */
export function commitOf(from: number, count: number, extra: Partial<LogCommit> = {}): LogCommit {
  const entries = Array.from({ length: count }, (_, i) => {
    const entry = entryOf(from + i);
    return { entry, entryHash: leafHash(entry) };
  });
  const size = from + count;
  return {
    from,
    entries,
    tiles: lowestTiles(from, size),
    head: { size, root: leafHash(encodeUtf8(`root ${size}`)) },
    streams: new Map(),
    mentions: [],
    ...extra,
  };
}

/** The rows that hold the entries [from, size), as a log of `entryOf` has them. */
function lowestTiles(from: number, size: number): LogCommit['tiles'] {
  const first = Math.floor(from / 256);
  return Array.from({ length: Math.ceil(size / 256) - first }, (_, i) => {
    const start = 256 * (first + i);
    return { level: 0, index: first + i, hashes: rowOf(start, Math.min(start + 256, size)) };
  });
}

function rowOf(start: number, end: number): Uint8Array {
  const hashes = Array.from({ length: end - start }, (_, i) => leafHash(entryOf(start + i)));
  return concatBytes(...hashes);
}

/** The code of the AttestryError that this throws. */
export async function codeOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    if (error instanceof AttestryError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

async function collect<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

function mention(model: string, index: number, kind = 'usage'): ModelMention {
  return { model, index, kind };
}

/** Ranges that begin and end within a row, with it, and past it. */
function rangesWithin(size: number): (readonly [number, number])[] {
  const ends = [0, 1, 2, 31, 32, 33, 64, 65, size].filter((at) => at <= size);
  return ends.flatMap((start) =>
    ends.filter((end) => end >= start).map((end) => [start, end] as const),
  );
}

/** Both ways of reading the range as pieces of a bundle give these entries. */
async function expectBundle(
  store: LogStore,
  [start, end]: readonly [number, number],
  entries: readonly Uint8Array[],
): Promise<void> {
  const expected = bundleOf(entries);
  expect(concatBytes(...(await store.bundlePieces(start, end)))).toEqual(expected);
  expect(concatBytes(...store.bundlePiecesSync(start, end))).toEqual(expected);
}

function bundleOf(entries: readonly Uint8Array[]): Uint8Array {
  return entries.length === 0 ? new Uint8Array() : encodeBundle(entries);
}

export function describeLogStore(name: string, makeBed: () => Promise<StoreBed>): void {
  async function bedOf(): Promise<StoreBed> {
    const bed = await makeBed();
    onTestFinished(() => bed.remove());
    return bed;
  }

  async function openStore(): Promise<LogStore> {
    const store = await (await bedOf()).open();
    onTestFinished(() => store.close());
    return store;
  }

  describe(name, () => {
    test('gives back entries of any bytes and any length, each way', async () => {
      const store = await openStore();
      const bytes = [
        ...['', 'ascii', '\ufeffé\0', '🔑\u2028', '\ufffd'].map(encodeUtf8),
        ...['ff', '61ff62', 'c0af', 'eda080', 'f4908080', 'e282', '0000', '0002ffff'].map((hex) =>
          Uint8Array.from(Buffer.from(hex, 'hex')),
        ),
        ...[255, 256, 65_535].map((length) => new Uint8Array(length).fill(length)),
      ];
      const entries = bytes.map((entry) => ({ entry, entryHash: leafHash(entry) }));
      await store.commit(commitOf(0, bytes.length, { entries }));
      expect(await store.entries(0, bytes.length)).toEqual(bytes);
      expect(store.entriesSync(0, bytes.length)).toEqual(bytes);
      expect(bytes.map((_, index) => store.entry(index))).toEqual(bytes);
      await expectBundle(store, [0, bytes.length], bytes);
    });

    test('gives back every range of a log that grew in small and in large commits', async () => {
      const bed = await bedOf();
      const all = Array.from({ length: 200 }, (_, i) => entryOf(i));
      // Within a row, to its end, to its end and on, a whole one, several at once, and none.
      for (const [from, count] of [
        [0, 1],
        [1, 30],
        [31, 1],
        [32, 5],
        [37, 28],
        [65, 31],
        [96, 32],
        [128, 0],
        [128, 70],
        [198, 2],
      ] as const) {
        const store = await bed.open();
        await store.commit(commitOf(from, count));
        const size = from + count;
        for (const [start, end] of rangesWithin(size)) {
          const expected = all.slice(start, end);
          expect(await store.entries(start, end)).toEqual(expected);
          expect(store.entriesSync(start, end)).toEqual(expected);
          await expectBundle(store, [start, end], expected);
        }
        expect(store.entry(size - 1)).toEqual(entryOf(size - 1));
        expect(store.entry(size)).toBeUndefined();
        await store.close();
      }
    });

    test('has nothing before the first commit', async () => {
      const store = await openStore();
      expect(store.head()).toBeUndefined();
      expect(store.entry(0)).toBeUndefined();
      expect(store.tile(0, 0)).toBeUndefined();
      expect(store.indexOf(leafHash(entryOf(0)))).toBeUndefined();
      expect(store.stream('s')).toBeUndefined();
      expect(await store.entries(0, 0)).toEqual([]);
      expect(store.entriesSync(0, 0)).toEqual([]);
      await expectBundle(store, [0, 0], []);
      expect(await store.mentions(MODEL_A)).toEqual([]);
      expect(await store.models()).toEqual([]);
      expect(await collect(store.streams())).toEqual([]);
      expect(await store.checkpointCovering('committed', 0)).toBeUndefined();
      expect(await store.latestCheckpoint('witnessed')).toBeUndefined();
    });

    test('gives back what was committed', async () => {
      const store = await openStore();
      const state = { sequence: 3, digest: MODEL_B, windowEnd: 1_790_000_000, model: MODEL_A };
      await store.commit(
        commitOf(0, 3, { streams: new Map([['s', state]]), mentions: [mention(MODEL_A, 1)] }),
      );
      expect(store.head()).toEqual(commitOf(0, 3).head);
      expect(store.entry(2)).toEqual(entryOf(2));
      expect(store.entry(3)).toBeUndefined();
      expect(await store.entries(1, 3)).toEqual([entryOf(1), entryOf(2)]);
      expect(store.entriesSync(1, 3)).toEqual([entryOf(1), entryOf(2)]);
      await expectBundle(store, [1, 3], [entryOf(1), entryOf(2)]);
      expect(store.tile(0, 0)).toEqual(rowOf(0, 3));
      const indexes = [2, 7, 0].map((index) => store.indexOf(leafHash(entryOf(index))));
      expect(indexes).toEqual([2, undefined, 0]);
      expect(await collect(store.misplaced())).toEqual([]);
      expect(store.stream('s')).toEqual(state);
      expect(await store.mentions(MODEL_A)).toEqual([mention(MODEL_A, 1)]);
    });

    test('keeps an empty log with its head, and goes on from there', async () => {
      const store = await openStore();
      await store.commit(commitOf(0, 0));
      expect(store.head()?.size).toBe(0);
      await store.commit(commitOf(0, 1));
      expect(store.head()?.size).toBe(1);
    });

    test('finds everything again after it is closed and opened', async () => {
      const bed = await bedOf();
      const before = await bed.open();
      await before.commit(commitOf(0, 300, { mentions: [mention(MODEL_A, 299)] }));
      await before.putCheckpoint('committed', 300, 'note\n');
      await before.close();
      const store = await bed.open();
      onTestFinished(() => store.close());
      expect(store.head()).toEqual(commitOf(0, 300).head);
      expect(await store.entries(0, 300)).toEqual(
        Array.from({ length: 300 }, (_, i) => entryOf(i)),
      );
      expect(await store.models()).toEqual([MODEL_A]);
      expect(await store.latestCheckpoint('committed')).toEqual({ size: 300, note: 'note\n' });
    });

    test('replaces the row of a tile that grows, and keeps other tiles', async () => {
      const store = await openStore();
      await store.commit(commitOf(0, 2));
      const grown = { level: 0, index: 0, hashes: new Uint8Array(32 * 256).fill(7) };
      const next = { level: 0, index: 1, hashes: new Uint8Array(32 * 4).fill(8) };
      const above = { level: 1, index: 0, hashes: new Uint8Array(32).fill(9) };
      await store.commit(commitOf(2, 258, { tiles: [grown, next, above] }));
      expect(store.tile(0, 0)).toEqual(grown.hashes);
      expect(store.tile(0, 1)).toEqual(next.hashes);
      expect(store.tile(1, 0)).toEqual(above.hashes);
      expect(store.tile(0, 2)).toBeUndefined();
      expect(store.tile(2, 0)).toBeUndefined();
    });

    test('keeps the middle nodes of a full tile, and refuses them of any other', async () => {
      const store = await openStore();
      const middle = new Uint8Array(32 * 16).fill(3);
      const full = { level: 0, index: 0, hashes: new Uint8Array(32 * 256).fill(7), middle };
      const partial = { level: 0, index: 0, hashes: new Uint8Array(32 * 255), middle };
      await expect(store.commit(commitOf(0, 255, { tiles: [partial] }))).rejects.toThrow(
        RangeError,
      );
      await expect(
        store.commit(commitOf(0, 256, { tiles: [{ ...full, level: 1 }] })),
      ).rejects.toThrow(RangeError);
      await store.commit(commitOf(0, 256, { tiles: [full] }));
      expect(store.middle(0)).toEqual(middle);
      expect(store.middle(1)).toBeUndefined();
    });

    test('keeps its own copy of the bytes, and hands out copies', async () => {
      const store = await openStore();
      const commit = commitOf(0, 1);
      await store.commit(commit);
      commit.entries[0]?.entry.fill(0);
      commit.head.root.fill(0);
      store.entry(0)?.fill(0);
      for (const entry of await store.entries(0, 1)) entry.fill(0);
      for (const entry of store.entriesSync(0, 1)) entry.fill(0);
      for (const piece of await store.bundlePieces(0, 1)) piece.fill(0);
      for (const piece of store.bundlePiecesSync(0, 1)) piece.fill(0);
      store.head()?.root.fill(0);
      store.tile(0, 0)?.fill(0);
      expect(store.entry(0)).toEqual(entryOf(0));
      expect(store.head()).toEqual(commitOf(0, 1).head);
      expect(store.tile(0, 0)).toEqual(rowOf(0, 1));
    });

    test('refuses a commit that does not continue at the size, and changes nothing', async () => {
      const store = await openStore();
      await store.commit(commitOf(0, 2));
      for (const from of [0, 1, 3]) {
        expect(await codeOf(() => store.commit(commitOf(from, 5)))).toBe('HEAD_CONFLICT');
      }
      expect(store.head()).toEqual(commitOf(0, 2).head);
      expect(store.entry(2)).toBeUndefined();
      await store.commit(commitOf(2, 1));
    });

    test('lets one of two commits through that were made for the same size', async () => {
      const store = await openStore();
      const both = [commitOf(0, 2), commitOf(0, 3)].map((commit) =>
        codeOf(() => store.commit(commit)),
      );
      expect(await Promise.all(both)).toEqual(['nothing thrown', 'HEAD_CONFLICT']);
      expect(store.head()?.size).toBe(2);
    });

    test('refuses an entry that the log has, or that the commit has twice', async () => {
      const store = await openStore();
      await store.commit(commitOf(0, 2));
      const old = { entries: commitOf(1, 1).entries };
      const [entry] = commitOf(2, 1).entries;
      const twice = { entries: [entry, entry].flatMap((e) => (e === undefined ? [] : [e])) };
      expect(await codeOf(() => store.commit(commitOf(2, 1, old)))).toBe('ENTRY_DUPLICATE');
      expect(await codeOf(() => store.commit(commitOf(2, 2, twice)))).toBe('ENTRY_DUPLICATE');
      expect(store.indexOf(leafHash(entryOf(1)))).toBe(1);
      expect(store.head()?.size).toBe(2);
    });

    test.each<[string, Partial<LogCommit>]>([
      ['a head of another size', { head: { size: 2, root: new Uint8Array(32) } }],
      ['a root that is no hash', { head: { size: 1, root: new Uint8Array(31) } }],
      ['a tile without hashes', { tiles: [{ level: 0, index: 0, hashes: new Uint8Array(0) }] }],
      ['a tile with half a hash', { tiles: [{ level: 0, index: 0, hashes: new Uint8Array(48) }] }],
      ['a tile too wide', { tiles: [{ level: 0, index: 0, hashes: new Uint8Array(32 * 257) }] }],
      ['a tile level too high', { tiles: [{ level: 64, index: 0, hashes: new Uint8Array(32) }] }],
      ['a mention of another entry', { mentions: [mention(MODEL_A, 1)] }],
      [
        'an entry too long for a bundle',
        { entries: [{ entry: new Uint8Array(65_536), entryHash: new Uint8Array(32) }] },
      ],
      [
        'an entry hash too short',
        {
          entries: [{ entry: entryOf(0), entryHash: new Uint8Array(20) }],
        },
      ],
    ])('throws RangeError for a commit with %s', async (_, extra) => {
      const store = await openStore();
      await expect(store.commit(commitOf(0, 1, extra))).rejects.toThrow(RangeError);
      expect(store.head()).toBeUndefined();
    });

    test('throws RangeError for numbers that are no index, and for ranges beyond the log', async () => {
      const store = await openStore();
      await store.commit(commitOf(0, 2));
      for (const index of [-1, 0.5, Number.NaN, 2 ** 53]) {
        expect(() => store.entry(index)).toThrow(RangeError);
        expect(() => store.tile(0, index)).toThrow(RangeError);
        await expect(store.checkpointCovering('committed', index)).rejects.toThrow(RangeError);
        await expect(store.putCheckpoint('committed', index, '')).rejects.toThrow(RangeError);
      }
      expect(() => store.tile(64, 0)).toThrow(RangeError);
      for (const [start, end] of [
        [0, 3],
        [2, 1],
        [-1, 1],
      ] as const) {
        await expect(store.entries(start, end)).rejects.toThrow(RangeError);
        expect(() => store.entriesSync(start, end)).toThrow(RangeError);
        await expect(store.bundlePieces(start, end)).rejects.toThrow(RangeError);
        expect(() => store.bundlePiecesSync(start, end)).toThrow(RangeError);
      }
    });

    test('lists streams by the bytes of their keys, with their newest state', async () => {
      const store = await openStore();
      const stateOf = (sequence: number) => ({
        sequence,
        digest: MODEL_B,
        windowEnd: 0,
        model: MODEL_A,
      });
      // U+FF5E sorts after U+1F600 by UTF-16 units, and before it by UTF-8 bytes.
      const keys = ['~', '\u{1f600}', '\uff5e', 'a', ''];
      await store.commit(
        commitOf(0, 1, { streams: new Map(keys.map((key, i) => [key, stateOf(i)])) }),
      );
      await store.commit(commitOf(1, 1, { streams: new Map([['a', stateOf(9)]]) }));
      expect(await collect(store.streams())).toEqual([
        ['', stateOf(4)],
        ['a', stateOf(9)],
        ['~', stateOf(0)],
        ['\uff5e', stateOf(2)],
        ['\u{1f600}', stateOf(1)],
      ]);
    });

    test('lists the mentions of one model in the order of the log', async () => {
      const store = await openStore();
      const mentions = [300, 2, 255, 256].map((index) => mention(MODEL_A, index, 'training'));
      await store.commit(
        commitOf(0, 301, { mentions: [...mentions, mention(MODEL_B, 4), mention(MODEL_LAST, 5)] }),
      );
      const indexes = (await store.mentions(MODEL_A)).map(({ index }) => index);
      expect(indexes).toEqual([2, 255, 256, 300]);
      const page = await store.mentions(MODEL_A, 3, 2);
      expect(page.map(({ index }) => index)).toEqual([255, 256]);
      expect(await store.mentions(MODEL_A, 301)).toEqual([]);
      expect(await store.mentions(MODEL_LAST)).toEqual([mention(MODEL_LAST, 5)]);
      expect(await store.mentions('ab'.repeat(32))).toEqual([]);
      expect(await codeOf(() => store.mentions('AA'.repeat(32)))).toBe('HEX_MALFORMED');
    });

    test('gives at most 1,000 mentions at once', async () => {
      const store = await openStore();
      const mentions = Array.from({ length: 1100 }, (_, i) => mention(MODEL_A, i));
      await store.commit(commitOf(0, 1100, { mentions }));
      const [first, second] = [await store.mentions(MODEL_A), await store.mentions(MODEL_A, 1000)];
      expect([first.length, second.length]).toEqual([1000, 100]);
      expect([first.at(-1)?.index, second[0]?.index]).toEqual([999, 1000]);
    });

    test('pages through the models without a gap', async () => {
      const store = await openStore();
      const zero = '00'.repeat(32);
      const models = [MODEL_LAST, MODEL_A, zero, MODEL_B];
      await store.commit(
        commitOf(0, 40, {
          mentions: models.flatMap((model, i) =>
            Array.from({ length: 10 }, (_, j) => mention(model, 10 * i + j)),
          ),
        }),
      );
      expect(await store.models()).toEqual([zero, MODEL_A, MODEL_B, MODEL_LAST]);
      expect(await store.models(undefined, 2)).toEqual([zero, MODEL_A]);
      expect(await store.models(MODEL_A, 2)).toEqual([MODEL_A, MODEL_B]);
      expect(await store.models(`${MODEL_A.slice(0, -1)}b`, 9)).toEqual([MODEL_B, MODEL_LAST]);
      expect(await store.models(MODEL_LAST, 0)).toEqual([]);
      expect(await codeOf(() => store.models('aa'))).toBe('HEX_MALFORMED');
    });

    test('keeps the first note for a state and size', async () => {
      const store = await openStore();
      await Promise.all([
        store.putCheckpoint('witnessed', 5, 'first\n'),
        store.putCheckpoint('witnessed', 5, 'second\n'),
      ]);
      await store.putCheckpoint('witnessed', 5, 'third\n');
      await store.putCheckpoint('committed', 5, 'other state\n');
      expect(await store.latestCheckpoint('witnessed')).toEqual({ size: 5, note: 'first\n' });
      expect(await store.latestCheckpoint('committed')).toEqual({ size: 5, note: 'other state\n' });
    });

    test('keeps checkpoints of earlier commits with a commit, and tells which still lack theirs', async () => {
      const bed = await bedOf();
      const before = await bed.open();
      expect(before.unkept()).toEqual([]);
      await before.putCheckpoint('committed', 0, 'note 0\n');
      await before.commit(commitOf(0, 2));
      expect(before.unkept()).toEqual([]);
      const unkept = [commitOf(0, 2).head];
      await before.commit(commitOf(2, 1, { before: { checkpoints: [], unkept } }));
      expect(before.unkept()).toEqual(unkept);
      const checkpoints = [2, 3].map((size) => ({ size, note: `note ${size}\n` }));
      const two = [commitOf(0, 2).head, commitOf(2, 1).head];
      await before.commit(commitOf(3, 1, { before: { checkpoints, unkept: two } }));
      await before.close();
      const store = await bed.open();
      onTestFinished(() => store.close());
      expect(store.head()).toEqual(commitOf(3, 1).head);
      expect(store.unkept()).toEqual(two);
      expect(await store.checkpointCovering('committed', 1)).toEqual(checkpoints[0]);
      expect(await store.latestCheckpoint('committed')).toEqual(checkpoints[1]);
      await store.putCheckpoint('committed', 3, 'later\n');
      expect(await store.latestCheckpoint('committed')).toEqual(checkpoints[1]);
      await store.commit(commitOf(4, 1));
      expect(store.unkept()).toEqual([]);
    });

    test('refuses checkpoints and heads of commits that are not before', async () => {
      const store = await openStore();
      const late = { checkpoints: [{ size: 2, note: 'note\n' }], unkept: [] };
      await expect(store.commit(commitOf(0, 2, { before: late }))).rejects.toThrow(RangeError);
      const unkept = [commitOf(0, 2).head];
      await expect(
        store.commit(commitOf(0, 2, { before: { checkpoints: [], unkept } })),
      ).rejects.toThrow(RangeError);
      expect(store.head()).toBeUndefined();
    });

    test('finds the smallest checkpoint that covers an entry', async () => {
      const store = await openStore();
      for (const size of [256, 3, 70_000, 0]) {
        await store.putCheckpoint('witnessed', size, `note ${size}\n`);
      }
      await store.putCheckpoint('committed', 4, 'note\n');
      const covering = async (index: number) =>
        (await store.checkpointCovering('witnessed', index))?.size;
      expect(await Promise.all([0, 2, 3, 255, 256, 69_999].map(covering))).toEqual([
        3, 3, 256, 256, 70_000, 70_000,
      ]);
      expect(await covering(70_000)).toBeUndefined();
      expect((await store.latestCheckpoint('witnessed'))?.size).toBe(70_000);
    });

    test('gives every checkpoint of a state, the smallest first', async () => {
      const store = await openStore();
      expect(await collect(store.checkpoints('witnessed'))).toEqual([]);
      for (const size of [256, 3, 70_000, 0])
        await store.putCheckpoint('witnessed', size, `note ${size}\n`);
      await store.putCheckpoint('committed', 4, 'note\n');
      expect(await collect(store.checkpoints('witnessed'))).toEqual(
        [0, 3, 256, 70_000].map((size) => ({ size, note: `note ${size}\n` })),
      );
    });

    test('is held by one opener at a time', async () => {
      const bed = await bedOf();
      const holder = await bed.open();
      expect(await codeOf(() => bed.open())).toBe('STORE_LOCKED');
      await holder.close();
      const next = await bed.open();
      await next.close();
    });

    test('fails, and does not look empty, once it is closed', async () => {
      const bed = await bedOf();
      const store = await bed.open();
      const commit = store.commit(commitOf(0, 1));
      await store.close();
      await commit;
      await store.close();
      const uses: (() => unknown)[] = [
        () => store.head(),
        () => store.entry(0),
        () => store.tile(0, 0),
        () => store.indexOf(leafHash(entryOf(0))),
        () => store.stream('s'),
        () => store.entries(0, 1),
        () => store.entriesSync(0, 1),
        () => store.bundlePieces(0, 1),
        () => store.bundlePiecesSync(0, 1),
        () => store.mentions(MODEL_A),
        () => store.models(),
        () => collect(store.streams()),
        () => store.checkpointCovering('committed', 0),
        () => store.latestCheckpoint('committed'),
        () => collect(store.misplaced()),
        () => store.commit(commitOf(1, 1)),
        () => store.putCheckpoint('committed', 1, 'note\n'),
      ];
      for (const use of uses) expect(await codeOf(use)).toBe('STORE_FAILED');
    });
  });
}
