import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leavesOf, leavesOfStatement } from '../../src/core/tally/leaves.ts';
import { FreshLeaves } from '../../src/tally/fresh-leaves.ts';
import { LogBed } from '../helpers/log-bed.ts';
import { digestOf, sampleStatement, sampleStream } from '../helpers/statements.ts';
import { deployments } from '../log/sequencer-bed.ts';

/** First index and number of entries. */
const COMMITS = [
  [5, 1],
  [6, 4],
  [10, 2],
  [12, 9],
  [21, 4],
] as const;

/** Entries of those numbers as the sequencer has them: their place is not known yet. */
function tallied(count: number, from: number) {
  return deployments(count, from).map(({ statement, entryHash }) => ({
    entryHash,
    tallyLeaves: leavesOfStatement(statement, 0, entryHash),
  }));
}

function leavesOfEntries(start: number, end: number) {
  return deployments(end - start, start).flatMap(({ statement, entryHash }, i) =>
    leavesOfStatement(statement, start + i, entryHash),
  );
}

describe('FreshLeaves', () => {
  it('gives what a tally makes of the logged bytes, of every entry since the start', async () => {
    const bed = await LogBed.make();
    const { context } = bed.eu;
    const subject = ['a', 'b'].map((name) => ({ name, digest: { sha256: digestOf(name) } }));
    const training = bed.entryOf(sampleStatement('training', { context }));
    const evaluation = bed.entryOf(sampleStatement('evaluation', { context, subject }));
    await bed.run(({ log }) => bed.submit(log, [training]));
    const { log } = await bed.open();
    await bed.submit(log, [evaluation]);
    const rest = [...sampleStream(2, { context }), sampleStatement('revocation', { context })];
    await bed.submit(
      log,
      rest.map((statement) => bed.entryOf(statement)),
    );
    const entries = await log.reader.entries(1, log.size);
    expect(entries).toHaveLength(4);
    expect(log.freshLeaves(1, log.size)).toEqual(
      entries.flatMap((entry, i) => leavesOf(entry, 1 + i)),
    );
    expect(log.freshLeaves(0, log.size)).toBeUndefined();
    expect(log.freshLeaves(1, log.size + 1)).toBeUndefined();
  });

  it('gives leaves the index of their entry, and forgets the oldest block', () => {
    // An entry and its leaf count as two: a block of two entries as four.
    const fresh = new FreshLeaves(8, 2);
    for (let index = 10; index < 17; index++) fresh.add(index, tallied(1, index));
    expect(fresh.between(11, 17)).toBeUndefined();
    expect(fresh.between(12, 17)).toEqual(leavesOfEntries(12, 17));
    expect(fresh.between(12, 18)).toBeUndefined();
  });

  it('gives every range of entries that came in commits of every size', () => {
    const fresh = new FreshLeaves(1000, 3);
    for (const [from, count] of COMMITS) fresh.add(from, tallied(count, from));
    const ranges = fc.tuple(fc.integer({ min: 5, max: 25 }), fc.integer({ min: 5, max: 25 }));
    fc.assert(
      fc.property(ranges, ([a, b]) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        expect(fresh.between(start, end)).toEqual(leavesOfEntries(start, end));
      }),
    );
    expect(fresh.between(4, 25)).toBeUndefined();
  });

  it('holds a commit of statements about many models each', () => {
    const tallyLeaves = tallied(64, 0).flatMap((entry) => entry.tallyLeaves);
    const entry = { entryHash: new Uint8Array(32), tallyLeaves };
    const fresh = new FreshLeaves();
    fresh.add(
      0,
      Array.from({ length: 2_100 }, () => entry),
    );
    expect(fresh.between(0, 2_100)).toHaveLength(64 * 2_100);
  });

  it('begins anew where entries came that it has not seen', () => {
    const fresh = new FreshLeaves(1000, 2);
    fresh.add(10, tallied(3, 10));
    fresh.add(20, tallied(3, 20));
    expect(fresh.between(10, 13)).toBeUndefined();
    expect(fresh.between(12, 21)).toBeUndefined();
    expect(fresh.between(20, 23)).toEqual(leavesOfEntries(20, 23));
  });
});
