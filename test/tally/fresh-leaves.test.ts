import { describe, expect, it } from 'vitest';
import { leavesOf, leavesOfStatement } from '../../src/core/tally/leaves.ts';
import { FreshLeaves } from '../../src/tally/fresh-leaves.ts';
import { LogBed } from '../helpers/log-bed.ts';
import { digestOf, sampleStatement, sampleStream } from '../helpers/statements.ts';
import { deployments } from '../log/sequencer-bed.ts';

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

  it('gives leaves the index of their entry, and forgets the oldest', () => {
    const leavesAt = (index: number, number: number) =>
      deployments(1, number).map(({ statement, entryHash }) =>
        leavesOfStatement(statement, index, entryHash),
      );
    const fresh = new FreshLeaves(3);
    for (let index = 10; index < 17; index++) fresh.add(index, leavesAt(0, index));
    expect(fresh.between(10, 17)).toBeUndefined();
    expect(fresh.between(13, 17)).toBeUndefined();
    expect(fresh.between(14, 17)).toEqual(
      [14, 15, 16].flatMap((index) => leavesAt(index, index).flat()),
    );
  });
});
