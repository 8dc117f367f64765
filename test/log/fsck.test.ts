import { describe, expect, it, onTestFinished } from 'vitest';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatCanonicalJson } from '../../src/core/bytes/json.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { Frontier, frontierAt } from '../../src/core/merkle/frontier.ts';
import { leafHash } from '../../src/core/merkle/hash.ts';
import { tileNodeReader } from '../../src/core/merkle/tile.ts';
import { signCheckpoint } from '../../src/core/note/checkpoint.ts';
import { formatStatement, type Statement } from '../../src/core/statement/statement.ts';
import type { TrustedLog } from '../../src/core/trust/trust-root.ts';
import { AttestryError } from '../../src/errors.ts';
import { type FsckReport, fsck } from '../../src/log/fsck.ts';
import { DEFAULT_LOG_LIMITS } from '../../src/log/limits.ts';
import { Sequencer } from '../../src/log/sequencer.ts';
import type { LogStore } from '../../src/store/log-store.ts';
import { openMemoryLogStore } from '../../src/store/memory-log-store.ts';
import { tileReader } from '../../src/store/tile-reader.ts';
import { openLevelTallyStore } from '../../src/tally/level-tally-store.ts';
import { Tally } from '../../src/tally/tally.ts';
import type { TallyStore } from '../../src/tally/tally-store.ts';
import { operatorSeed } from '../helpers/fixtures.ts';
import { copyDisk, LogBed } from '../helpers/log-bed.ts';
import { openMemoryHeadLock } from '../helpers/memory-head-lock.ts';
import { quickEnvelope } from '../helpers/quick-entry.ts';
import { NOW, SAMPLE_QUANTITIES, sampleStatement, sampleStream } from '../helpers/statements.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { flipBit, wrapStore } from '../helpers/wrapped-store.ts';

const SIZE = 300;
const METER = 4;

/** A stopped log of 300 entries, of which 296 to 299 are one meter's. */
async function stoppedLog(): Promise<LogBed> {
  const bed = await LogBed.make();
  await bed.grow(SIZE - METER);
  await bed.run(async ({ log }) => {
    const stream = sampleStream(METER, { context: bed.eu.context });
    await bed.submit(
      log,
      stream.map((statement) => bed.entryOf(statement)),
    );
    await log.waitForWitnesses(SIZE - 1, 10_000);
  });
  return bed;
}

let whole: Promise<LogBed> | undefined;

/** A copy of one log that is made once, to be damaged. */
async function copyOfLog(): Promise<LogBed> {
  whole ??= stoppedLog();
  const source = await whole;
  const bed = new LogBed();
  bed.disk = copyDisk(source.disk);
  bed.lock = { ...source.lock };
  return bed;
}

async function check(
  bed: LogBed,
  change?: (store: LogStore) => Partial<LogStore>,
  signatures?: boolean,
  tally?: TallyStore,
) {
  bed.disk.held = false;
  const store = openMemoryLogStore(bed.disk);
  const { trust } = bed.network.rules;
  const progress: number[] = [];
  const report = await fsck({
    store: wrapStore(store, change?.(store) ?? {}),
    headLock: openMemoryHeadLock(bed.lock),
    trust,
    log: trust.logs.get(bed.eu.origin) as TrustedLog,
    now: NOW,
    ...(signatures === undefined ? {} : { signatures }),
    tally,
    onProgress: (done) => progress.push(done),
  });
  return { report, progress };
}

type Entries = readonly Uint8Array[];

/** The tally of the log's entries, as they are or as `change` makes them. */
async function tallyOf(
  { disk }: LogBed,
  change: (entries: Entries) => Entries = (entries) => entries,
  size: number = SIZE,
): Promise<TallyStore> {
  const store = await openLevelTallyStore(await temporaryFolder());
  onTestFinished(() => store.close());
  const readEntries = async (start: number, end: number): Promise<Entries> =>
    change(
      Array.from({ length: end - start }, (_, i) => disk.entries.get(start + i) as Uint8Array),
    );
  await new Tally({ store, readEntries }).grow(size);
  return store;
}

/** The plain way: what is read of many entries at once is refused, so that each is read by itself. */
function onePerEntry(): Partial<LogStore> {
  const refused = (): never => {
    throw new AttestryError('STORE_CORRUPT', 'nothing of many at once');
  };
  return { bundlePiecesSync: refused };
}

/** Every code once, in the order in which they came. */
function codesOf({ problems }: FsckReport): string[] {
  return [...new Set(problems.map(({ code }) => code))];
}

/** Appends bytes past admission, as a broken or dishonest node would: tiles, tables, lock and signature are all right. */
async function appendByHand(bed: LogBed, entry: Uint8Array): Promise<void> {
  bed.disk.held = false;
  const store = openMemoryLogStore(bed.disk);
  const head = store.head() as NonNullable<ReturnType<LogStore['head']>>;
  const sequencer = new Sequencer({
    store,
    headLock: openMemoryHeadLock(bed.lock),
    signer: bed.eu.signer,
    limits: DEFAULT_LOG_LIMITS,
    head,
    frontier: frontierAt(head.size, tileNodeReader(tileReader(store))),
    clockMs: () => performance.now(),
    onCheckpoint: () => undefined,
    onFatal: (error) => {
      throw error;
    },
  });
  const statement = sampleStatement('deployment') as Statement;
  const envelope = { payload: entry, message: entry, signatures: [], entry };
  await sequencer.enqueue([{ entry, entryHash: leafHash(entry), envelope, statement }]);
}

describe('fsck', () => {
  it('finds nothing wrong with a log that nobody touched', async () => {
    const { report, progress } = await check(await copyOfLog());
    expect(report).toMatchObject({ origin: 'eu.log.example', size: SIZE, problems: [] });
    expect(progress).toEqual([256, SIZE]);
    expect(report.checked.join(' ')).toContain('300 of 300 entries');
  });

  it('finds nothing wrong with a log without entries', async () => {
    const bed = new LogBed();
    await bed.run(async () => {});
    expect((await check(bed)).report).toMatchObject({ size: 0, problems: [] });
  });

  // Their roots come out of the full tile's middle nodes.
  it('compares checkpoints that were kept before their tile was full', async () => {
    const bed = await copyOfLog();
    const { committed } = bed.disk.checkpoints;
    const frontier = new Frontier();
    for (let size = 1; size <= 255; size++) {
      frontier.append(leafHash(bed.disk.entries.get(size - 1) as Uint8Array));
      const checkpoint = { origin: bed.eu.origin, size, root: frontier.root() };
      if (size % 37 === 0) committed.set(size, signCheckpoint(checkpoint, bed.eu.signer));
    }
    expect((await check(bed)).report.problems).toEqual([]);
    const other = { origin: bed.eu.origin, size: 200, root: frontier.root() };
    committed.set(200, signCheckpoint(other, bed.eu.signer));
    expect((await check(bed)).report.problems).toMatchObject([
      { code: 'ROOT_MISMATCH', message: expect.stringContaining('size 200') },
    ]);
  });

  it('says what it did not check', async () => {
    const { report } = await check(await copyOfLog());
    const said = report.notChecked.join('\n');
    expect(said).toContain('a witness or a verifier');
    expect(said).toContain('true');
    expect(said).toContain('no entry leads to');
  });
});

type Damage = (bed: LogBed) => unknown;

const damages: readonly (readonly [string, readonly string[], Damage])[] = [
  [
    'a flipped bit in an entry',
    ['ENTRY_HASH_MISMATCH'],
    ({ disk }) => disk.entries.set(17, flipBit(disk.entries.get(17) as Uint8Array, 2_000)),
  ],
  ['an entry that is gone', ['STORE_CORRUPT'], ({ disk }) => disk.entries.delete(17)],
  [
    'a flipped bit in a full tile',
    ['TILE_HASH_MISMATCH', 'ENTRY_HASH_MISMATCH'],
    ({ disk }) => disk.tiles.set('0/0', flipBit(disk.tiles.get('0/0') as Uint8Array, 600)),
  ],
  ['a tile that is gone', ['STORE_CORRUPT'], ({ disk }) => disk.tiles.delete('0/0')],
  [
    'a tile that is too short',
    ['TILE_LENGTH_WRONG', 'ENTRY_HASH_MISMATCH'],
    ({ disk }) => disk.tiles.set('0/0', (disk.tiles.get('0/0') as Uint8Array).slice(0, 64)),
  ],
  [
    'a flipped bit in a partial tile',
    ['ROOT_MISMATCH', 'HEAD_FORK', 'ENTRY_HASH_MISMATCH'],
    ({ disk }) => disk.tiles.set('0/1', flipBit(disk.tiles.get('0/1') as Uint8Array, 600)),
  ],
  [
    'a flipped bit in the middle nodes of a tile',
    ['TILE_HASH_MISMATCH'],
    ({ disk }) => disk.middles.set(0, flipBit(disk.middles.get(0) as Uint8Array, 600)),
  ],
  [
    'a flipped bit in a tile of a higher level',
    ['ROOT_MISMATCH', 'HEAD_FORK', 'TILE_HASH_MISMATCH'],
    ({ disk }) => disk.tiles.set('1/0', flipBit(disk.tiles.get('1/0') as Uint8Array, 100)),
  ],
  [
    'a look-up row that leads elsewhere',
    ['TABLE_MISMATCH'],
    ({ disk }) => disk.indexes.set(hashOf(disk, 17), 200),
  ],
  [
    'a look-up row that is gone',
    ['TABLE_MISMATCH'],
    ({ disk }) => disk.indexes.delete(hashOf(disk, 17)),
  ],
  [
    'the state of a meter',
    ['TABLE_MISMATCH'],
    ({ disk }) => {
      for (const [key, state] of disk.streams) disk.streams.set(key, { ...state, sequence: 7 });
    },
  ],
  ['the state of a meter that is gone', ['TABLE_MISMATCH'], ({ disk }) => disk.streams.clear()],
  [
    'the state of a meter that never was',
    ['TABLE_MISMATCH'],
    ({ disk }) => {
      const [state] = disk.streams.values();
      disk.streams.set('["operator-eu","ghost"]', state as NonNullable<typeof state>);
    },
  ],
  [
    'a flipped bit in the stored root',
    ['ROOT_MISMATCH'],
    ({ disk }) => {
      disk.head = { size: SIZE, root: flipBit(disk.head?.root as Uint8Array) };
    },
  ],
  [
    'a head that was set back',
    ['ROOT_MISMATCH', 'HEAD_ROLLBACK', 'TABLE_MISMATCH'],
    ({ disk }) => {
      disk.head = { size: 256, root: leafHash(encodeUtf8('any')) };
    },
  ],
  [
    'a head lock that is gone',
    ['HEAD_MALFORMED'],
    ({ lock }) => Object.assign(lock, { head: undefined }),
  ],
  [
    'a head lock with another history',
    ['HEAD_FORK'],
    ({ lock }) => {
      lock.head = { size: SIZE, root: leafHash(encodeUtf8('other')) };
    },
  ],
  [
    'an old committed checkpoint',
    ['CHECKPOINT_SIGNATURE_INVALID'],
    ({ disk }) => changeFirst(disk.checkpoints.committed, otherSignature),
  ],
  [
    'a checkpoint that is kept as another',
    ['ROOT_MISMATCH'],
    ({ disk }) => {
      const { committed } = disk.checkpoints;
      committed.set(298, committed.get(SIZE) as string);
    },
  ],
  [
    'a checkpoint that is no note',
    ['NOTE_MALFORMED'],
    ({ disk }) => changeFirst(disk.checkpoints.committed, () => 'damaged'),
  ],
  [
    'the checkpoint of the empty log',
    ['NOTE_MALFORMED'],
    ({ disk }) => void disk.checkpoints.committed.set(0, 'damaged'),
  ],
  [
    'a cosignature',
    ['COSIGNATURE_INVALID'],
    ({ disk }) => changeFirst(disk.checkpoints.witnessed, otherSignature),
  ],
  [
    'a cosignature that is gone',
    ['QUORUM_SHORT'],
    ({ disk }) =>
      changeFirst(disk.checkpoints.witnessed, (note) => note.replace(/\n[^\n]*\n$/, '\n')),
  ],
];

function hashOf({ entries }: LogBed['disk'], index: number): string {
  return encodeHex(leafHash(entries.get(index) as Uint8Array));
}

type Change = (note: string) => string;

function changeFirst(notes: Map<number, string>, change: Change): void {
  changeAt(Math.min(...[...notes.keys()].filter((size) => size > 0)), notes, change);
}

function changeNewest(notes: Map<number, string>, change: Change): void {
  changeAt(Math.max(...notes.keys()), notes, change);
}

function changeAt(size: number, notes: Map<number, string>, change: Change): void {
  notes.set(size, change(notes.get(size) as string));
}

/** The last signature of a note with one letter changed. */
const otherSignature: Change = (note) =>
  note.replace(/(.)(.{40})$/s, (_, letter, rest) => `${letter === 'A' ? 'B' : 'A'}${rest}`);

describe('fsck of a damaged log', () => {
  it.each(damages)('finds %s', async (_, codes, damage) => {
    const bed = await copyOfLog();
    await damage(bed);
    expect(codesOf((await check(bed)).report)).toEqual(codes);
    // Of hashes alone it says what it says where each entry is read and judged by itself.
    const { report } = await check(bed, undefined, false);
    expect(report).toEqual((await check(bed, onePerEntry, false)).report);
  });

  it('reads no entry by itself of a log that is whole', async () => {
    const refuse = (): never => {
      throw new AttestryError('STORE_CORRUPT', 'nothing by itself');
    };
    const inPieces = (): Partial<LogStore> => ({
      entry: refuse,
      entries: refuse,
      entriesSync: refuse,
    });
    const { report } = await check(await copyOfLog(), inPieces, false);
    expect(report.problems).toEqual([]);
  });

  it('takes no other bytes for an entry that has the same text', async () => {
    const bed = await copyOfLog();
    await appendByHand(bed, encodeUtf8('\ufffd'));
    expect((await check(bed, undefined, false)).report.problems).toEqual([]);
    bed.disk.entries.set(SIZE, Uint8Array.of(0xff));
    expect(codesOf((await check(bed, undefined, false)).report)).toEqual(['ENTRY_HASH_MISMATCH']);
  });

  it('names every damaged entry, and what it could not judge because of them', async () => {
    const bed = await copyOfLog();
    for (const index of [3, 4, 260, 297]) {
      bed.disk.entries.set(index, flipBit(bed.disk.entries.get(index) as Uint8Array, 99));
    }
    const { report } = await check(bed);
    expect(report.problems.map(({ code }) => code)).toEqual(Array(4).fill('ENTRY_HASH_MISMATCH'));
    for (const index of [3, 4, 260, 297]) {
      expect(report.problems.some(({ message }) => message.includes(`Entry ${index} `))).toBe(true);
    }
    expect(report.checked.join(' ')).toContain('296 of 300 entries');
    expect(report.notChecked[0]).toContain('4 damaged entries, the first at 3');
  });

  it('finds a database that was put back to an older state', async () => {
    const bed = await LogBed.make();
    await bed.grow(5);
    const backup = copyDisk(bed.disk);
    await bed.grow(5, 5);
    bed.disk = backup;
    expect(codesOf((await check(bed)).report)).toEqual(['HEAD_ROLLBACK']);
  });

  it('finds an entry that was replaced by another one of the same operator', async () => {
    const bed = await copyOfLog();
    const other = bed.entry(10_000);
    bed.disk.entries.set(17, other);
    bed.disk.indexes.set(encodeHex(leafHash(other)), 17);
    expect(codesOf((await check(bed)).report)).toEqual(['ENTRY_HASH_MISMATCH']);
  });

  it('checks hashes alone on request, and says so', async () => {
    const bed = await copyOfLog();
    const { report } = await check(bed, undefined, false);
    expect(report.problems).toEqual([]);
    expect(report.checked[0]).toBe(
      '300 of 300 entries: hash; of one in 8: duplicates, look-up table.',
    );
    expect(report.notChecked[0]).toContain("The operators' signatures, and with them everything");
    expect(report.notChecked[1]).toContain('Whether any other entry is there twice');
    const row = bed.disk.entries.get(17) as Uint8Array;
    bed.disk.entries.set(17, flipBit(row, 40));
    const damaged = await check(bed, undefined, false);
    expect(codesOf(damaged.report)).toEqual(['ENTRY_HASH_MISMATCH']);
  });

  it.each([
    ['committed', 'CHECKPOINT_SIGNATURE_INVALID'],
    ['witnessed', 'COSIGNATURE_INVALID'],
  ] as const)('verifies the newest %s checkpoint alone with hashes alone', async (state, code) => {
    const bed = await copyOfLog();
    const notes = bed.disk.checkpoints[state];
    changeFirst(notes, otherSignature);
    const { report } = await check(bed, undefined, false);
    expect(report.problems).toEqual([]);
    expect(report.checked[1]).toContain('every kept checkpoint; signatures of the newest.');
    expect(report.notChecked[1]).toContain('the signatures of earlier checkpoints: left out');
    changeNewest(notes, otherSignature);
    expect(codesOf((await check(bed, undefined, false)).report)).toEqual([code]);
  });

  it.each([
    ['size', (note) => note.replace(/\n\d+\n/, '\n7\n')],
    ['root', (note) => note.replace(/\n[^\n]{43}=/, `\n${'A'.repeat(43)}=`)],
    ['origin', (note) => `x${note}`],
  ] as [string, Change][])(
    'finds a checkpoint of another %s with hashes alone',
    async (_, change) => {
      const bed = await copyOfLog();
      changeFirst(bed.disk.checkpoints.committed, change);
      const { report } = await check(bed, undefined, false);
      expect(codesOf(report)).toEqual(['ROOT_MISMATCH']);
    },
  );

  it('looks up one hash in eight of those that alone it checks, and every one in a full check', async () => {
    let [looked, passed] = [0, 0];
    for (let index = 0; index < 40; index++) {
      const bed = await copyOfLog();
      const hash = hashOf(bed.disk, index);
      bed.disk.indexes.delete(hash);
      const isChosen = Number.parseInt(hash.slice(0, 2), 16) % 8 === 0;
      if (isChosen) looked++;
      else passed++;
      const alone = await check(bed, undefined, false);
      expect(codesOf(alone.report)).toEqual(isChosen ? ['TABLE_MISMATCH'] : []);
      if (isChosen || passed === 1)
        expect(codesOf((await check(bed)).report)).toEqual(['TABLE_MISMATCH']);
    }
    expect(looked).toBeGreaterThan(0);
    expect(passed).toBeGreaterThan(looked);
  });

  it('tells an entry that is there twice from one that is not found', async () => {
    const bed = await copyOfLog();
    bed.disk.indexes.set(hashOf(bed.disk, 17), 3);
    bed.disk.indexes.delete(hashOf(bed.disk, 18));
    bed.disk.indexes.set(hashOf(bed.disk, 19), 290);
    const { problems } = (await check(bed)).report;
    expect(problems).toEqual([
      { code: 'ENTRY_DUPLICATE', message: 'Entry 17 is looked up at 3.' },
      { code: 'TABLE_MISMATCH', message: 'Entry 18 is looked up at no index.' },
      { code: 'TABLE_MISMATCH', message: 'Entry 19 is looked up at 290.' },
    ]);
  });

  it('builds the tally anew, and puts it in the place of one that is wrong', async () => {
    const bed = await copyOfLog();
    const tally = await tallyOf(bed, (entries) => entries.toReversed());
    const before = tally.state();
    const alone = (await check(bed, undefined, false, tally)).report;
    expect(alone.problems).toEqual([]);
    expect(alone.checked.join(' ')).not.toContain('tally');
    expect(tally.state()).toEqual(before);
    expect(codesOf((await check(bed, undefined, true, tally)).report)).toEqual(['TABLE_MISMATCH']);
    const { report } = await check(bed, undefined, true, tally);
    expect(report.problems).toEqual([]);
    expect(report.checked.at(-1)).toBe(
      `As it is kept: the tally, built anew from ${SIZE} entries, of ${SIZE} leaves.`,
    );
  });

  it('reports a tally that cannot be built, with all else that it finds', async () => {
    const bed = await copyOfLog();
    const tally = await tallyOf(bed);
    bed.disk.entries.delete(17);
    const { report } = await check(bed, undefined, true, tally);
    expect(codesOf(report)).toEqual(['STORE_CORRUPT']);
    expect(report.problems).toHaveLength(2);
  });

  it('builds no tally out of an entry that is not what was logged', async () => {
    const bed = await copyOfLog();
    const tally = await tallyOf(bed);
    bed.disk.entries.set(17, flipBit(bed.disk.entries.get(17) as Uint8Array));
    const { report } = await check(bed, undefined, true, tally);
    expect(codesOf(report)).toEqual(['ENTRY_HASH_MISMATCH', 'STORE_CORRUPT']);
    expect(report.checked.join(' ')).not.toContain('tally');
  });

  it('does not take a failing disk for a damaged log', async () => {
    const eio = new AttestryError('STORE_FAILED', 'EIO');
    const failing = (): never => {
      throw eio;
    };
    await expect(check(await copyOfLog(), () => ({ entries: failing }))).rejects.toBe(eio);
  });
});

describe('fsck of a log that took what it must refuse', () => {
  const bed = new LogBed();
  const { context, operator } = bed.eu;
  const seed = operatorSeed(operator);
  const signed = (statement: Statement): Uint8Array =>
    quickEnvelope(formatStatement(statement), seed);
  const deployment = (change: object): Uint8Array =>
    signed(sampleStatement('deployment', { context: { ...context, ...change } }) as Statement);
  const gap = sampleStream(METER + 2, { context }).at(-1) as Statement;
  const other = { outputReasoningTokens: '1', outputVisibleTokens: '1', outputTokens: '2' };
  const predicate = { quantities: { ...SAMPLE_QUANTITIES, ...other } };
  const again = sampleStream(1, { context, predicate })[0] as Statement;

  const rows: readonly (readonly [string, string, Uint8Array])[] = [
    ['no envelope', 'JSON_MALFORMED', encodeUtf8('not JSON')],
    ['an envelope with an unknown field', 'ENVELOPE_MALFORMED', formatCanonicalJson({ x: 1 })],
    [
      'a statement for another log',
      'STATEMENT_LOG_MISMATCH',
      deployment({ log: 'us.log.example' }),
    ],
    [
      'a statement in the name of another operator',
      'OPERATOR_UNAUTHORIZED',
      deployment({ operator: 'operator-us' }),
    ],
    [
      'a statement from the future',
      'STATEMENT_TIME_FUTURE',
      deployment({ issuedAt: '2026-10-02T12:00:00Z' }),
    ],
    [
      'a signature that does not verify',
      'SIGNATURE_INVALID',
      withSignatureOf(bed.entry(1), bed.entry(2)),
    ],
    [
      'a key that nobody knows',
      'KEY_UNKNOWN',
      quickEnvelope(
        formatStatement(sampleStatement('deployment', { context }) as Statement),
        new Uint8Array(32).fill(3),
      ),
    ],
    ['a meter reading again what it read', 'STREAM_', signed(again)],
    ['a meter that jumps', 'STREAM_', signed(gap)],
    ['a payload that is no statement', 'STATEMENT_', quickEnvelope(encodeUtf8('{}'), seed)],
  ];

  /** The first envelope with the signature of the second. */
  function withSignatureOf(entry: Uint8Array, other: Uint8Array): Uint8Array {
    const [own, foreign] = [entry, other].map((bytes) =>
      JSON.parse(new TextDecoder().decode(bytes)),
    );
    return formatCanonicalJson({ ...own, signatures: foreign.signatures });
  }

  it.each(rows)('finds %s, and counts it in the tally as it is counted', async (_, code, entry) => {
    const own = await copyOfLog();
    await appendByHand(own, entry);
    const tally = await tallyOf(own, undefined, SIZE + 1);
    const { problems } = (await check(own, undefined, true, tally)).report;
    expect(problems.map((problem) => problem.code)).toEqual(['ENTRY_INADMISSIBLE']);
    expect(problems[0]?.message).toContain(`Entry ${SIZE} must not be in the log: ${code}`);
  });

  it('finds an entry that is there twice', async () => {
    const own = await copyOfLog();
    const hash = hashOf(own.disk, 17);
    own.disk.indexes.delete(hash);
    await appendByHand(own, own.disk.entries.get(17) as Uint8Array);
    own.disk.indexes.set(hash, 17);
    expect(codesOf((await check(own)).report)).toEqual(['ENTRY_DUPLICATE']);
  });
});
