import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseDossier } from '../../src/core/dossier/dossier.ts';
import { parseFinding } from '../../src/core/finding/finding.ts';
import { verifyFinding } from '../../src/core/finding/verify.ts';
import { signCosignature, verifyCosignatures } from '../../src/core/note/cosignature.ts';
import { formatSignatureLine, parseNote } from '../../src/core/note/note.ts';
import type { NoteSigner } from '../../src/core/note/vkey.ts';
import { judge } from '../../src/core/report/judge.ts';
import { encodeKey } from '../../src/core/tally/key.ts';
import type { TallyLeaf } from '../../src/core/tally/node.ts';
import type { TallyHead } from '../../src/core/tally/tally-note.ts';
import type { TrustedLog } from '../../src/core/trust/trust-root.ts';
import { AttestryError } from '../../src/errors.ts';
import type { TallyPair, TallyStore } from '../../src/tally/tally-store.ts';
import { openLevelVerifierStore } from '../../src/verifier/level-verifier-store.ts';
import type { TallyOptions, Verifier } from '../../src/verifier/verifier.ts';
import { type ServedTally, TallyBed, tallyStandingOf } from '../helpers/served-tally.ts';
import { testSigner } from '../helpers/signed-log.ts';
import { trustOf } from '../helpers/signed-trust.ts';
import { digestOf, MODEL } from '../helpers/statements.ts';
import { leavesOfLog, type ShownLog, VERIFIERS } from '../helpers/tallied-network.ts';

const RANGE = { from: '2026-10-01T00:00:00Z', to: '2026-10-02T00:00:00Z', by: 'day' } as const;
const [FIRST, SECOND] = VERIFIERS as [NoteSigner, NoteSigner];
const WITNESSES = VERIFIERS.map(({ vkey }) => vkey);

async function dossierOf(verifier: Verifier, origin: string): Promise<ShownLog> {
  const dossier = parseDossier(await verifier.dossiers.bytesOf(MODEL));
  return dossier.logs.find((log) => log.origin === origin) as ShownLog;
}

/** Names of the verifiers on the tally note that the dossier shows of the first log. */
async function verifiersOf(verifier: Verifier, bed: TallyBed): Promise<string[]> {
  const { tally } = await dossierOf(verifier, bed.eu.log.origin);
  const note = parseNote(tally?.note ?? '');
  const cosigned = verifyCosignatures(note, { witnesses: WITNESSES, now: bed.now });
  return cosigned.map(({ name }) => name).sort();
}

describe('TallyFollower', () => {
  it('cosigns a tally that is equal to its own, and hands the line in', async () => {
    const bed = await TallyBed.make();
    const verifier = await bed.follow();
    expect(tallyStandingOf(verifier, bed.eu)).toBe('2');
    const { offered, pair } = bed.euTally;
    const { text } = parseNote(pair?.tally ?? '');
    expect(offered).toEqual([signCosignature(text, bed.now, FIRST)]);
    expect(await verifiersOf(verifier, bed)).toEqual(['verifier1.example']);
    const report = await verifier.dossiers.reportOn(MODEL, RANGE);
    expect(report.problems).toEqual([]);
    expect(report.proven.map(({ verifiers }) => verifiers)).toEqual([
      ['verifier1.example'],
      ['verifier1.example'],
    ]);
    expect(bed.defects).toEqual([]);
  });

  it('only compares where it has no key', async () => {
    const bed = await TallyBed.make();
    bed.signer = undefined;
    const verifier = await bed.follow();
    expect(tallyStandingOf(verifier, bed.eu)).toBe('2');
    expect(bed.euTally.offered).toEqual([]);
    const { outcome, problems } = await verifier.dossiers.reportOn(MODEL);
    expect(outcome).toBe('INCONCLUSIVE');
    expect(problems.map(({ code }) => code)).toEqual([
      'VERIFIER_QUORUM_SHORT',
      'VERIFIER_QUORUM_SHORT',
    ]);
  });

  it('waits until the mirror has the entries of the tally', async () => {
    const bed = await TallyBed.make();
    const before = bed.eu.checkpoint;
    bed.eu.log.state('evaluation');
    bed.euTally.publish();
    const verifier = await bed.follow();
    expect(tallyStandingOf(verifier, bed.eu)).toBe('0');
    expect(bed.euTally.offered).toEqual([]);
    expect(bed.eu.checkpoint).toBe(before);
    bed.eu.publish();
    await verifier.round();
    expect(tallyStandingOf(verifier, bed.eu)).toBe('3');
    expect(bed.euTally.offered).toHaveLength(1);
  });

  it('follows the log as it grows', async () => {
    const bed = await TallyBed.make();
    const verifier = await bed.follow();
    bed.eu.log.state('evaluation');
    bed.publishAll();
    await verifier.round();
    expect(tallyStandingOf(verifier, bed.eu)).toBe('3');
    expect((await dossierOf(verifier, bed.eu.log.origin)).entries).toHaveLength(3);
    expect(await verifiersOf(verifier, bed)).toEqual(['verifier1.example']);
  });

  it('does not cosign sums that count an entry which admission refuses', async () => {
    const bed = await TallyBed.make();
    const { log } = bed.eu;
    log.append(log.entries[0] as Uint8Array);
    bed.publishAll();
    const verifier = await bed.follow();
    expect(tallyStandingOf(verifier, bed.eu)).toBe('0 ENTRY_INADMISSIBLE');
    expect(bed.euTally.offered).toEqual([]);
    expect(tallyStandingOf(verifier, bed.us)).toBe('2');
    expect((await verifier.dossiers.reportOn(MODEL, RANGE)).outcome).not.toBe('VALID');
    // Another model is not accused, but its totals are not vouched for either, and the reason is named.
    const other = await verifier.dossiers.reportOn(digestOf('another'), RANGE);
    expect(other.outcome).toBe('INCONCLUSIVE');
    expect(other.problems).toMatchObject([{ code: 'TALLY_MISSING', origin: log.origin }]);
    expect(other.problems[0]?.message).toMatch(/holds entries that admission refuses \(1\)/);
    const filed = verifier.findings.list().map(({ code, origin }) => [code, origin]);
    expect(filed).toEqual([['ENTRY_INADMISSIBLE', log.origin]]);
  });

  it('has after a restart what it cosigned before', async () => {
    const bed = await TallyBed.make();
    const first = await bed.follow();
    const note = (await dossierOf(first, bed.eu.log.origin)).tally?.note;
    await first.close();
    const again = await bed.open({ tallies: bed.tallyOptions });
    expect(tallyStandingOf(again, bed.eu)).toBe('2');
    bed.eu.log.state('evaluation');
    bed.publishAll();
    await again.round();
    expect(tallyStandingOf(again, bed.eu)).toBe('3');
    expect(note).toContain('verifier1.example');
  });

  it('starts anew under a trust root that does not bear out what it kept', async () => {
    const bed = await TallyBed.make();
    const first = await bed.follow();
    await first.close();
    const { file } = bed.network;
    const strict = trustOf({ ...file, witnessQuorum: 4 });
    const verifier = await bed.open({ tallies: bed.tallyOptions, trust: strict });
    expect(tallyStandingOf(verifier, bed.eu)).toBe('0');
  });

  it('hands its line in again where the log has lost it', async () => {
    const bed = await TallyBed.make();
    const verifier = await bed.follow();
    await verifier.round();
    expect(bed.euTally.offered).toHaveLength(2);
    expect(new Set(bed.euTally.offered).size).toBe(1);
    bed.euTally.publish({ verifiers: [FIRST] });
    await verifier.round();
    expect(bed.euTally.offered).toHaveLength(2);
  });

  it("passes other verifiers' cosignatures on", async () => {
    const bed = await TallyBed.make();
    const verifier = await bed.follow();
    bed.euTally.publish({ verifiers: [SECOND] });
    await verifier.round();
    expect(await verifiersOf(verifier, bed)).toEqual(['verifier1.example', 'verifier2.example']);
  });

  it('passes no line on that is not a right one of a verifier', async () => {
    const bed = await TallyBed.make();
    const forged = testSigner(SECOND.vkey.name, 4, 'a forger');
    const stranger = testSigner('stranger.example', 4);
    const bad = [{ ...forged, vkey: SECOND.vkey }, forged, stranger];
    bed.euTally.publish({ verifiers: bad });
    const verifier = await bed.follow();
    expect(await verifiersOf(verifier, bed)).toEqual(['verifier1.example']);
    const sizeOf = async (): Promise<number | undefined> =>
      (await dossierOf(verifier, bed.eu.log.origin)).tally?.note.length;
    const size = await sizeOf();
    for (let i = 0; i < 5; i++) {
      bed.euTally.publish({ verifiers: [...bad, testSigner(`stranger${i}.example`, 4)] });
      await verifier.round();
    }
    expect(await sizeOf()).toBe(size);
    expect((await verifier.dossiers.reportOn(MODEL)).outcome).toBe('VALID');
  });

  it.each<[string, (right: TallyLeaf[]) => TallyLeaf[]]>([
    ['leaves a statement out', (right) => right.slice(1)],
    ['is empty', () => []],
    [
      'inflates a sum',
      (right) => right.map((leaf) => ({ ...leaf, sums: leaf.sums.map((sum) => sum * 2n + 1n) })),
    ],
    [
      'invents a statement',
      (right) => [
        ...right,
        {
          ...(right[0] as TallyLeaf),
          key: encodeKey({ model: MODEL, kind: 'usage', hour: 9, index: 0 }),
        },
      ],
    ],
  ])('refuses to cosign a tally that %s, and proves it', async (_, lie) => {
    const bed = await TallyBed.make();
    bed.euTally.publish({ leaves: lie(leavesOfLog(bed.eu.log)) });
    const verifier = await bed.follow();
    expect(tallyStandingOf(verifier, bed.eu)).toBe('0 TALLY_CONTRADICTION');
    expect(tallyStandingOf(verifier, bed.us)).toBe('2');
    expect(bed.euTally.offered).toEqual([]);
    const filed = verifier.findings.about(MODEL);
    expect(filed).toMatchObject([{ code: 'TALLY_CONTRADICTION', origin: bed.eu.log.origin }]);
    const finding = parseFinding(verifier.findings.read(filed[0]?.id ?? ''));
    expect(verifyFinding(finding, bed.network.rules).code).toBe('TALLY_CONTRADICTION');
    expect((await verifier.dossiers.reportOn(MODEL)).outcome).toBe('EQUIVOCATION');
    expect(bed.defects).toEqual([]);
  });

  it('files one finding for one lie, and asks for its proof once', async () => {
    const bed = await TallyBed.make();
    bed.euTally.publish({ leaves: [] });
    const verifier = await bed.follow();
    const { length } = bed.euTally.asked;
    for (let i = 0; i < 3; i++) await verifier.round();
    expect(verifier.findings.about(MODEL)).toHaveLength(1);
    expect(bed.euTally.asked).toHaveLength(length);
    expect(tallyStandingOf(verifier, bed.eu)).toBe('0 TALLY_CONTRADICTION');
  });

  it('names the verifier whose cosignature stands on a wrong tally, as soon as it does', async () => {
    const bed = await TallyBed.make();
    const leaves = leavesOfLog(bed.eu.log).slice(1);
    bed.euTally.publish({ leaves });
    const verifier = await bed.follow();
    expect(verifier.findings.list()).toMatchObject([{ accused: [bed.eu.log.origin] }]);
    bed.euTally.publish({ leaves, verifiers: [SECOND] });
    const { length } = bed.euTally.asked;
    for (let i = 0; i < 3; i++) await verifier.round();
    expect(bed.euTally.asked).toHaveLength(length);
    const [newest, ...others] = verifier.findings.list();
    expect(others).toHaveLength(1);
    expect(newest?.accused).toEqual([bed.eu.log.origin, SECOND.vkey.name]);
    const report = judge(verifier.findings.read(newest?.id ?? ''), bed.network.rules);
    expect(report.outcome).toBe('EQUIVOCATION');
    expect(report.problems.map(({ code }) => code)).toEqual([
      'TALLY_CONTRADICTION',
      'TALLY_COSIGNED_WRONG',
    ]);
    expect(report.problems.at(-1)?.message).toContain(SECOND.vkey.name);
  });

  it('does not blame a verifier for a line that anyone could have added', async () => {
    const bed = await TallyBed.make();
    const leaves = leavesOfLog(bed.eu.log).slice(1);
    bed.euTally.publish({ leaves });
    const pair = bed.euTally.pair as TallyPair;
    const { text } = parseNote(pair.tally);
    const other = signCosignature(text.replace('\n2\n', '\n3\n'), bed.now, SECOND);
    bed.euTally.pair = { ...pair, tally: pair.tally + other };
    const verifier = await bed.follow();
    expect(verifier.findings.list()).toMatchObject([{ accused: [bed.eu.log.origin] }]);
  });

  it('has a wrong tally among its findings after a restart', async () => {
    const bed = await TallyBed.make();
    bed.euTally.publish({ leaves: [] });
    const first = await bed.follow();
    const filed = first.findings.list();
    await first.close();
    const again = await bed.follow();
    expect(again.findings.list()).toEqual(filed);
    expect(filed).toHaveLength(1);
  });

  it('cosigns the right tally that comes after a wrong one', async () => {
    const bed = await TallyBed.make();
    bed.euTally.publish({ leaves: [] });
    const verifier = await bed.follow();
    bed.eu.log.state('evaluation');
    bed.publishAll();
    await verifier.round();
    expect(tallyStandingOf(verifier, bed.eu)).toBe('3');
    expect((await verifier.dossiers.reportOn(MODEL)).outcome).toBe('EQUIVOCATION');
  });

  it('proves a wrong tally of a size that it has cosigned a right one of, and keeps the right one', async () => {
    const bed = await TallyBed.make();
    const verifier = await bed.follow();
    expect(tallyStandingOf(verifier, bed.eu)).toBe('2');
    const offered = [...bed.euTally.offered];
    for (const leaves of [[], leavesOfLog(bed.eu.log).slice(1)]) {
      bed.euTally.publish({ leaves });
      await verifier.round();
      expect(tallyStandingOf(verifier, bed.eu)).toBe('2 TALLY_CONTRADICTION');
    }
    expect(bed.euTally.offered).toEqual(offered);
    expect(verifier.findings.about(MODEL)).toMatchObject([{ code: 'TALLY_CONTRADICTION' }]);
    bed.euTally.publish();
    await verifier.round();
    expect(tallyStandingOf(verifier, bed.eu)).toBe('2');
  });

  it('does not cosign where the log hides the difference, and says so', async () => {
    const bed = await TallyBed.make();
    const other = digestOf('a model that no entry names');
    const invented = { model: other, kind: 'usage', hour: 9, index: 0 } as const;
    const [leaf] = leavesOfLog(bed.eu.log) as [TallyLeaf];
    const leaves = [...leavesOfLog(bed.eu.log), { ...leaf, key: encodeKey(invented) }];
    bed.euTally.publish({ leaves });
    const verifier = await bed.follow();
    expect(tallyStandingOf(verifier, bed.eu)).toBe('0 TALLY_CONTRADICTION');
    expect(bed.euTally.offered).toEqual([]);
  });

  it.each<[string, Partial<TallyHead>]>([
    ['count', { count: 99 }],
    ['sums', { sums: [99n, 0n, 0n, 0n, 0n, 0n, 0n] }],
  ])(
    'does not cosign a note whose %s are not those of its tally, and proves it',
    async (_, head) => {
      const bed = await TallyBed.make();
      bed.euTally.publish({ head });
      const verifier = await bed.follow();
      for (let i = 0; i < 2; i++) await verifier.round();
      expect(tallyStandingOf(verifier, bed.eu)).toBe('0 TALLY_CONTRADICTION');
      expect(bed.euTally.offered).toEqual([]);
      // It counts against the log whichever model is asked about.
      const filed = verifier.findings.about(digestOf('any model'));
      expect(filed).toMatchObject([{ kind: 'tally-sum-contradiction', origin: bed.eu.log.origin }]);
      const finding = parseFinding(verifier.findings.read(filed[0]?.id ?? ''));
      expect(verifyFinding(finding, bed.network.rules).code).toBe('TALLY_CONTRADICTION');
      expect((await verifier.dossiers.reportOn(MODEL)).outcome).toBe('EQUIVOCATION');
      expect(bed.defects).toEqual([]);
    },
  );

  it('accuses a log that signs another tally of a size whose right one it has cosigned', async () => {
    const bed = await TallyBed.make();
    const verifier = await bed.follow();
    bed.euTally.publish({ leaves: [] });
    await verifier.round();
    expect(tallyStandingOf(verifier, bed.eu)).toBe('2 TALLY_CONTRADICTION');
    expect(verifier.findings.about(MODEL)).toMatchObject([{ code: 'TALLY_CONTRADICTION' }]);
  });

  it('takes in what enough verifiers have cosigned already, and adds its own line', async () => {
    const bed = await TallyBed.make();
    const verifier = await bed.follow();
    bed.eu.log.state('evaluation');
    bed.publishAll();
    const { pair: cosigned } = bed.euTally;
    bed.euTally.publish({ verifiers: [SECOND] });
    bed.euTally.cosigned = bed.euTally.pair;
    bed.euTally.pair = undefined;
    await verifier.round();
    expect(tallyStandingOf(verifier, bed.eu)).toBe('3');
    expect(await verifiersOf(verifier, bed)).toEqual(['verifier1.example', 'verifier2.example']);
    const { text } = parseNote(cosigned?.tally ?? '');
    expect(bed.euTally.offered.at(-1)).toBe(signCosignature(text, bed.now, FIRST));
  });

  it.each<[string, string, (tally: ServedTally, bed: TallyBed) => void]>([
    [
      'no answer',
      'PEER_UNAVAILABLE',
      (tally) => {
        tally.damage = () => {
          throw new AttestryError('PEER_UNAVAILABLE', 'no answer');
        };
      },
    ],
    [
      'a note that is none',
      'NOTE_MALFORMED',
      (tally) => {
        tally.pair = { checkpoint: '', tally: 'garbage' };
      },
    ],
    [
      'a note of a stranger',
      'TALLY_NOTE_UNSIGNED',
      (tally) => tally.publish({ signer: testSigner(tally.log.origin, 1, 'a stranger') }),
    ],
    [
      "another log's note",
      'TALLY_NOTE_UNSIGNED',
      (tally, bed) => {
        const { pair } = bed.tallies[1] as ServedTally;
        tally.pair = pair;
      },
    ],
    [
      'a checkpoint of another size',
      'TALLY_CHECKPOINT_MISMATCH',
      (tally) => tally.publish({ head: { size: 1 } }),
    ],
    [
      'a checkpoint without the quorum',
      'QUORUM_SHORT',
      (tally) => {
        tally.pair = { tally: tally.pair?.tally ?? '', checkpoint: tally.log.checkpoint() };
      },
    ],
  ])('says what is wrong with %s, and goes on', async (_, code, spoil) => {
    const bed = await TallyBed.make();
    spoil(bed.euTally, bed);
    const verifier = await bed.follow();
    expect(tallyStandingOf(verifier, bed.eu)).toBe(`0 ${code}`);
    expect(tallyStandingOf(verifier, bed.us)).toBe('2');
    expect(bed.defects).toEqual([]);
    bed.euTally.damage = (answer) => answer;
    bed.euTally.publish();
    await verifier.round();
    expect(tallyStandingOf(verifier, bed.eu)).toBe('2');
  });

  it('keeps the tally that it has where the log shows none, or an older one', async () => {
    const bed = await TallyBed.make();
    const older = bed.euTally.pair;
    bed.eu.log.state('evaluation');
    bed.publishAll();
    const verifier = await bed.follow();
    bed.euTally.pair = older;
    await verifier.round();
    bed.euTally.pair = undefined;
    await verifier.round();
    expect(tallyStandingOf(verifier, bed.eu)).toBe('3');
  });

  it('does not take a line that a log refuses for a defect', async () => {
    const bed = await TallyBed.make();
    bed.euTally.damage = (answer) => {
      if (typeof answer === 'string') throw new AttestryError('RESPONSE_INVALID', 'answered 400');
      return answer;
    };
    const verifier = await bed.follow();
    expect(tallyStandingOf(verifier, bed.eu)).toBe('2 RESPONSE_INVALID');
    expect(await verifiersOf(verifier, bed)).toEqual(['verifier1.example']);
    expect(bed.defects).toEqual([]);
  });
});

describe('TallyFollower on a bad disk', () => {
  const failure = new AttestryError('STORE_CORRUPT', 'damage in /secret/folder');

  /** A bed whose tally stores are spoiled, and the logs whose stores are open. */
  async function spoiled(spoil: (store: TallyStore) => void): Promise<{
    readonly bed: TallyBed;
    readonly open: ReadonlySet<string>;
    readonly tallies: TallyOptions;
  }> {
    const bed = await TallyBed.make();
    const open = new Set<string>();
    const openStore = async (log: TrustedLog): Promise<TallyStore> => {
      const store = await bed.tallyOptions.openStore(log);
      const close = store.close.bind(store);
      open.add(log.origin);
      store.close = async () => {
        open.delete(log.origin);
        await close();
      };
      spoil(store);
      return store;
    };
    return { bed, open, tallies: { ...bed.tallyOptions, openStore } };
  }

  it('tells its own people what is wrong, and others only the kind', async () => {
    const { bed, tallies } = await spoiled((store) => {
      store.commit = () => Promise.reject(failure);
    });
    const verifier = await bed.openAndLook({ tallies });
    expect(tallyStandingOf(verifier, bed.eu)).toBe('0 STORE_CORRUPT');
    const problems = verifier.logs().map(({ tallyProblem }) => tallyProblem);
    expect(JSON.stringify(problems)).not.toContain('secret');
    expect(bed.defects).toEqual([failure, failure]);
  });

  it('does not open on notes that it cannot read, and leaves no store open', async () => {
    const { bed, tallies, open } = await spoiled((store) => {
      store.pair = () => {
        throw failure;
      };
    });
    const records = await openLevelVerifierStore(join(bed.folder, 'records'));
    onTestFinished(() => records.close());
    await expect(bed.open({ tallies, records })).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    expect([...open]).toEqual([]);
  });
});

describe('Dossiers with tallies', () => {
  it('shows the entries under the checkpoint of the tally while the log is ahead of it', async () => {
    const bed = await TallyBed.make();
    const verifier = await bed.follow();
    bed.eu.log.state('evaluation');
    bed.eu.publish();
    await verifier.round();
    expect((await dossierOf(verifier, bed.eu.log.origin)).entries).toHaveLength(2);
    const { outcome } = await verifier.dossiers.reportOn(MODEL);
    expect(outcome).toBe('VALID');
  });

  it('does not let a tally that stands still hide what its log holds since', async () => {
    const bed = await TallyBed.make();
    const verifier = await bed.follow();
    bed.now += 600;
    bed.eu.log.state('revocation');
    bed.eu.publish({ time: bed.now - 1 });
    bed.us.publish({ time: bed.now - 1 });
    await verifier.round();
    const { tally, entries } = await dossierOf(verifier, bed.eu.log.origin);
    expect(tally).toBeUndefined();
    expect(entries).toHaveLength(3);
    const { problems } = await verifier.dossiers.reportOn(MODEL);
    expect(problems.map(({ code, origin }) => `${code} ${origin}`)).toEqual([
      'TALLY_MISSING eu.log.example',
      'MODEL_WITHDRAWN eu.log.example',
    ]);
  });

  it('names a log whose tally it does not have: the totals are then INCONCLUSIVE', async () => {
    const bed = await TallyBed.make();
    bed.euTally.pair = undefined;
    const verifier = await bed.follow();
    const { outcome, problems, proven } = await verifier.dossiers.reportOn(MODEL, RANGE);
    expect(outcome).toBe('INCONCLUSIVE');
    expect(problems).toMatchObject([{ code: 'TALLY_MISSING', origin: bed.eu.log.origin }]);
    expect(proven.map(({ origin }) => origin)).toEqual([bed.us.log.origin]);
  });

  it('keeps dossiers of one model and different ranges apart', async () => {
    const bed = await TallyBed.make();
    const verifier = await bed.follow();
    const before = { ...RANGE, to: '2026-10-01T10:00:00Z' };
    const windows = async (range?: typeof RANGE | typeof before): Promise<number> => {
      const { usage } = await verifier.dossiers.reportOn(MODEL, range);
      return usage.reduce((sum, row) => sum + row.windows, 0);
    };
    for (let i = 0; i < 2; i++) {
      expect([await windows(), await windows(RANGE), await windows(before)]).toEqual([2, 2, 0]);
    }
  });

  it('holds lines that its format can read again', async () => {
    const bed = await TallyBed.make();
    const verifier = await bed.follow();
    const { tally } = await dossierOf(verifier, bed.eu.log.origin);
    const { text, signatures } = parseNote(tally?.note ?? '');
    expect(`${text}\n${signatures.map(formatSignatureLine).join('')}`).toBe(tally?.note);
  });
});
