import { describe, expect, it } from 'vitest';
import { parseFinding } from '../../src/core/finding/finding.ts';
import { type VerifiedFinding, verifyFinding } from '../../src/core/finding/verify.ts';
import { signCheckpoint } from '../../src/core/note/checkpoint.ts';
import type { Verifier } from '../../src/verifier/verifier.ts';
import { cosign, TestLog } from '../helpers/fixtures.ts';
import { digestOf } from '../helpers/statements.ts';
import { type ServedLog, standingOf, statusOf, VerifierBed } from '../helpers/verifier-bed.ts';

/** Appends evaluations of models that are named after their place in this history. */
function grow({ log }: { readonly log: TestLog }, count: number, history = 'first'): void {
  for (let i = 0; i < count; i++) {
    log.state('evaluation', { model: digestOf(`${history} ${log.entries.length}`) });
  }
}

/** Another history of the same log: the same key and the same first entries. */
function forkOf({ log }: ServedLog, common: number, bed: VerifierBed): TestLog {
  const fork = new TestLog(log.region, bed.network.witnesses.slice(0, 3));
  fork.entries.push(...log.entries.slice(0, common));
  return fork;
}

/** The findings, each judged by someone who has nothing but the file and the trust root. */
function judged(verifier: Verifier, bed: VerifierBed): VerifiedFinding[] {
  return verifier.findings
    .list()
    .map(({ id }) => verifyFinding(parseFinding(verifier.findings.read(id)), bed.network.rules));
}

function expectContradiction(verifier: Verifier, bed: VerifierBed): void {
  const { origin } = bed.eu.log;
  expect(judged(verifier, bed).filter(({ accused }) => accused === origin)).toMatchObject([
    { code: 'CHECKPOINT_CONTRADICTION', selfContained: true },
  ]);
  expect(standingOf(verifier, bed.eu)).toBe('contradicted CHECKPOINT_CONTRADICTION');
}

async function followed(size: number): Promise<{ bed: VerifierBed; verifier: Verifier }> {
  const bed = await VerifierBed.make();
  for (const served of bed.served) {
    grow(served, size);
    served.publish();
  }
  const verifier = await bed.openAndLook();
  expect(standingOf(verifier, bed.eu)).toBe('followed');
  return { bed, verifier };
}

describe('SignedHistory', () => {
  it.each([
    ['an entry rewritten', 4, 9],
    ['an entry rewritten and nothing added', 4, 5],
    ['the newest entries replaced', 6, 12],
    ['everything replaced', 0, 300],
    ['entries removed and others added', 3, 8],
  ])('proves a rewritten log with its own tiles: %s', async (_, common, size) => {
    const { bed, verifier } = await followed(7);
    const fork = forkOf(bed.eu, common, bed);
    grow({ log: fork }, size - common, 'second');
    bed.eu.log = fork;
    bed.eu.publish();
    await verifier.round();
    expectContradiction(verifier, bed);
    expect(standingOf(verifier, bed.us)).toBe('followed');
  });

  it('proves that the same size was signed with another root', async () => {
    const { bed, verifier } = await followed(7);
    bed.eu.log = forkOf(bed.eu, 6, bed);
    grow(bed.eu, 1, 'second');
    bed.eu.publish();
    await verifier.round();
    expectContradiction(verifier, bed);
  });

  it('proves a removed entry by the checkpoint that it does not fit', async () => {
    const { bed, verifier } = await followed(7);
    const { entries } = bed.eu.log;
    bed.eu.log = forkOf(bed.eu, 2, bed);
    bed.eu.log.entries.push(...entries.slice(3));
    grow(bed.eu, 5);
    bed.eu.publish();
    await verifier.round();
    expectContradiction(verifier, bed);
  });

  it('proves two entries that changed places', async () => {
    const { bed, verifier } = await followed(7);
    const { entries } = bed.eu.log;
    const [third, fourth] = entries.slice(3, 5) as [Uint8Array, Uint8Array];
    bed.eu.log = forkOf(bed.eu, 3, bed);
    bed.eu.log.entries.push(fourth, third, ...entries.slice(5));
    bed.eu.publish();
    await verifier.round();
    expectContradiction(verifier, bed);
  });

  it('says that a restored backup is old, and proves it once the log goes on from there', async () => {
    const { bed, verifier } = await followed(7);
    bed.eu.log = forkOf(bed.eu, 5, bed);
    bed.eu.publish();
    await verifier.round();
    expect(standingOf(verifier, bed.eu)).toBe('behind CHECKPOINT_STALE');
    expect(verifier.findings.list().map(({ kind }) => kind)).not.toContain(
      'checkpoint-contradiction',
    );
    grow(bed.eu, 4, 'after the restore');
    bed.eu.publish();
    await verifier.round();
    expectContradiction(verifier, bed);
  });

  it('convicts the witnesses that cosigned both histories, and no others', async () => {
    const { bed, verifier } = await followed(7);
    const fork = forkOf(bed.eu, 4, bed);
    grow({ log: fork }, 2, 'second');
    // The mirror's checkpoint carries the first three witnesses; the fourth has cosigned the fork alone.
    for (const i of [0, 3]) {
      bed.show(bed.witness(i), bed.eu, fork.cosigned({ witnesses: [bed.witness(i)] }));
    }
    await verifier.round();
    const convicted = (): string[] =>
      judged(verifier, bed)
        .filter(({ code }) => code === 'WITNESS_CONTRADICTION')
        .map(({ accused }) => accused);
    expect(convicted()).toEqual(['witness1.example']);
    // The log is followed no further; its witnesses still are.
    bed.show(bed.witness(2), bed.eu, fork.cosigned({ witnesses: [bed.witness(2)] }));
    await verifier.round();
    expect(convicted().toSorted()).toEqual(['witness1.example', 'witness3.example']);
    expectContradiction(verifier, bed);
  });

  it('convicts a witness that shows less than it cosigned before, though the log is in order', async () => {
    const { bed, verifier } = await followed(7);
    const witness = bed.witness(3);
    const show = (size: number, time: number): void =>
      bed.show(witness, bed.eu, bed.eu.log.cosigned({ size, witnesses: [witness], time }));
    show(7, bed.now - 30);
    await verifier.round();
    show(6, bed.now - 20);
    await verifier.round();
    await verifier.round();
    expect(judged(verifier, bed)).toMatchObject([
      { code: 'WITNESS_ROLLBACK', accused: 'witness4.example', selfContained: true },
    ]);
    expect(standingOf(verifier, bed.eu)).toBe('followed');
    // What this witness did says nothing about any model.
    expect(verifier.findings.about(digestOf('first 0'))).toEqual([]);
  });

  it('finds the fork that a witness was shown, smaller, as large and larger than the mirror', async () => {
    for (const [size, publishAll] of [
      [5, false],
      [7, false],
      [9, true],
    ] as const) {
      const { bed, verifier } = await followed(7);
      const fork = forkOf(bed.eu, 4, bed);
      grow({ log: fork }, size - 4, 'second');
      bed.show(bed.witness(3), bed.eu, fork.cosigned({ witnesses: [bed.witness(3)] }));
      await verifier.round();
      if (publishAll) {
        // Nothing to compare it with yet: it is kept until the mirror is long enough, also over a restart.
        expect(standingOf(verifier, bed.eu)).toBe('followed');
        await verifier.close();
        bed.seen.clear();
        grow(bed.eu, 4);
        bed.eu.publish();
        const restarted = await bed.openAndLook();
        expectContradiction(restarted, bed);
      } else expectContradiction(verifier, bed);
    }
  });

  it('finds a fork of which each half of the witnesses was shown one side, without a quorum for either', async () => {
    const { bed, verifier } = await followed(7);
    const fork = forkOf(bed.eu, 7, bed);
    grow(bed.eu, 1);
    grow({ log: fork }, 1, 'second');
    for (const i of [0, 1]) {
      bed.show(bed.witness(i), bed.eu, bed.eu.log.cosigned({ witnesses: [bed.witness(i)] }));
      const other = bed.witness(i + 2);
      bed.show(other, bed.eu, fork.cosigned({ witnesses: [other] }));
    }
    // The log need not serve what it has not published.
    bed.eu.damage = (path, served) => (path === 'checkpoint' ? served : undefined);
    await verifier.round();
    expectContradiction(verifier, bed);
  });

  it('finds a fork of two sizes, without a quorum for either, by the tiles that the log serves', async () => {
    const { bed, verifier } = await followed(7);
    const fork = forkOf(bed.eu, 7, bed);
    grow(bed.eu, 2);
    grow({ log: fork }, 1, 'second');
    bed.show(bed.witness(0), bed.eu, bed.eu.log.cosigned({ witnesses: [bed.witness(0)] }));
    bed.show(bed.witness(1), bed.eu, fork.cosigned({ witnesses: [bed.witness(1)] }));
    await verifier.round();
    expectContradiction(verifier, bed);
  });

  it('holds a log to a checkpoint that lacks the quorum', async () => {
    const { bed, verifier } = await followed(7);
    const fork = forkOf(bed.eu, 4, bed);
    grow({ log: fork }, 2, 'second');
    bed.eu.checkpoint = fork.checkpoint();
    await verifier.round();
    expectContradiction(verifier, bed);
  });

  it('files one finding, however often and under whatever cosignatures the same is shown', async () => {
    const { bed, verifier } = await followed(7);
    const fork = forkOf(bed.eu, 4, bed);
    grow({ log: fork }, 2, 'second');
    for (const i of [0, 1, 2, 3]) {
      bed.show(bed.witness(i), bed.eu, fork.cosigned({ witnesses: [bed.witness(i)] }));
    }
    await verifier.round();
    await verifier.round();
    expectContradiction(verifier, bed);
  });

  it('follows a contradicted log no further, also after a restart, and keeps what it had', async () => {
    const { bed, verifier } = await followed(7);
    const { log } = bed.eu;
    bed.eu.log = forkOf(bed.eu, 4, bed);
    grow(bed.eu, 9, 'second');
    bed.eu.publish();
    await verifier.round();
    await verifier.close();
    bed.eu.log = log;
    grow(bed.eu, 2);
    bed.eu.publish();
    const restarted = await bed.openAndLook();
    expectContradiction(restarted, bed);
    expect(statusOf(restarted, log.origin).facts.current?.checkpoint.size).toBe(7);
  });

  it('holds the log to the checkpoint under which a growth was begun that was never finished', async () => {
    const { bed, verifier } = await followed(7);
    grow(bed.eu, 1100);
    bed.eu.publish();
    bed.eu.damage = (path, served) => {
      if (path.startsWith('tile/entries/004')) throw new TypeError('cut off');
      return served;
    };
    await verifier.round();
    expect(statusOf(verifier, bed.eu.log.origin).mirroredSize).toBe(1024);
    await verifier.close();
    bed.eu.damage = (_, served) => served;
    bed.eu.log = forkOf(bed.eu, 900, bed);
    grow(bed.eu, 300, 'second');
    bed.eu.publish();
    const restarted = await bed.openAndLook();
    expectContradiction(restarted, bed);
  });

  it('does not believe a witness that shows what the log did not sign', async () => {
    const { bed, verifier } = await followed(7);
    const fork = forkOf(bed.eu, 4, bed);
    grow({ log: fork }, 2, 'second');
    const forged = { ...bed.us.log.signer, vkey: fork.signer.vkey };
    const { origin, tree } = fork;
    const note = signCheckpoint({ origin, size: 6, root: tree.root() }, forged);
    bed.show(bed.witness(0), bed.eu, cosign(note, [bed.witness(0)], bed.now));
    bed.show(bed.witness(1), bed.eu, bed.us.log.cosigned());
    await verifier.round();
    expect(verifier.findings.list()).toEqual([]);
    expect(standingOf(verifier, bed.eu)).toBe('followed');
    expect(verifier.witnesses().map(({ problem }) => problem?.code)).toEqual([
      'CHECKPOINT_SIGNATURE_INVALID',
      'CHECKPOINT_ORIGIN_UNKNOWN',
      undefined,
      undefined,
    ]);
  });

  it('accuses nobody for a witness that lags behind, or is ahead for a moment', async () => {
    const { bed, verifier } = await followed(7);
    bed.show(bed.witness(0), bed.eu, bed.eu.log.cosigned({ size: 3 }));
    grow(bed.eu, 3);
    bed.show(bed.witness(1), bed.eu, bed.eu.log.cosigned());
    await verifier.round();
    bed.eu.publish();
    await verifier.round();
    expect(standingOf(verifier, bed.eu)).toBe('followed');
    expect(verifier.findings.list()).toEqual([]);
  });
});
