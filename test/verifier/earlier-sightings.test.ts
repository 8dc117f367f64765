import { describe, expect, it } from 'vitest';
import { formatTime } from '../../src/core/bytes/time.ts';
import { type DossierLog, parseDossier } from '../../src/core/dossier/dossier.ts';
import { formatReceipt } from '../../src/core/receipt/receipt.ts';
import { judge } from '../../src/core/report/judge.ts';
import type { TrustRoot } from '../../src/core/trust/trust-root.ts';
import type { WindowFields } from '../../src/core/trust/window.ts';
import { AttestryError } from '../../src/errors.ts';
import { opensslEngine } from '../../src/keys/openssl-engine.ts';
import type { Verifier } from '../../src/verifier/verifier.ts';
import { END, endedKeyNetwork, withEnd } from '../helpers/ended-key.ts';
import { makeNetwork, TestLog } from '../helpers/fixtures.ts';
import { trustOf } from '../helpers/signed-trust.ts';
import { MODEL, NOW } from '../helpers/statements.ts';
import { VerifierBed } from '../helpers/verifier-bed.ts';

const NETWORK = endedKeyNetwork();
const BEFORE_THE_END = trustOf(makeNetwork({ regions: ['eu', 'us'] }).file);

/** The trust root with a window for the second key too. */
function withWindowOfNextKey(window: WindowFields): TrustRoot {
  const { file } = NETWORK;
  const [eu, ...others] = file.operators as [(typeof file.operators)[0]];
  const [first, second] = eu.keys as [(typeof eu.keys)[0], (typeof eu.keys)[0]];
  const operators = [{ ...eu, keys: [first, { ...second, ...window }] }, ...others];
  return trustOf({ ...file, operators });
}

/** Two logs; the one in the EU shows its first entries, at their time. */
async function bedAt(...seen: readonly { readonly size: number; readonly time: number }[]) {
  const bed = await VerifierBed.make(NETWORK);
  for (const { size, time } of seen) {
    bed.now = time + 10;
    bed.eu.publish({ size, time });
    bed.us.publish({ time });
    const verifier = await bed.openAndLook({ trust: BEFORE_THE_END });
    await verifier.close();
  }
  bed.now = NOW;
  for (const served of bed.served) served.publish();
  return bed;
}

/** The EU's part of the dossier, by size of the earlier checkpoints and of what each entry names; and the problems. */
async function shownBy(verifier: Verifier, trust: TrustRoot) {
  const bytes = await verifier.dossiers.bytesOf(MODEL);
  const [eu] = parseDossier(bytes).logs as [Extract<DossierLog, { checkpoint: string }>];
  const report = judge(bytes, { trust, now: NOW, engine: opensslEngine });
  return {
    earlier: eu.earlier?.map(({ checkpoint }) => Number(checkpoint.split('\n')[1])),
    named: eu.entries.map(({ index, earlier }) => [index, earlier?.size]),
    problems: report.problems.map(({ code }) => code),
  };
}

/** What the ended key signed, shown under the checkpoint of three entries. */
const BOTH_UNDER_THREE = {
  earlier: [3],
  named: [
    [0, 3],
    [2, 3],
    [3, undefined],
  ],
  problems: [],
};

describe('withEarlierSightings', () => {
  it('shows what an ended key signed under one checkpoint from before, which anyone finds valid', async () => {
    const bed = await bedAt({ size: 1, time: END - 900 }, { size: 3, time: END - 600 });
    const verifier = await bed.openAndLook();
    expect(await shownBy(verifier, NETWORK.rules.trust)).toEqual(BOTH_UNDER_THREE);
    expect(await shownBy(verifier, BEFORE_THE_END)).toEqual(BOTH_UNDER_THREE);
  });

  it('shows each of two keys that have ended under a checkpoint of its own', async () => {
    const trust = withWindowOfNextKey({ validUntil: formatTime(END + 600) });
    const bed = await bedAt({ size: 3, time: END - 600 }, { size: 4, time: END + 300 });
    expect(await shownBy(await bed.openAndLook({ trust }), trust)).toEqual({
      earlier: [3, 4],
      named: [
        [0, 3],
        [2, 3],
        [3, 4],
      ],
      problems: [],
    });
  });

  it('goes further back for entries that a later checkpoint shows too late', async () => {
    const bed = await bedAt({ size: 1, time: END - 600 }, { size: 3, time: END });
    expect(await shownBy(await bed.openAndLook(), NETWORK.rules.trust)).toEqual({
      earlier: [1],
      named: [
        [0, 1],
        [2, undefined],
        [3, undefined],
      ],
      problems: ['KEY_OUT_OF_WINDOW'],
    });
  });

  it('shows the newest tree as it was seen first, where the log has not grown since', async () => {
    const bed = await bedAt({ size: 4, time: END - 600 });
    expect(await shownBy(await bed.openAndLook(), NETWORK.rules.trust)).toMatchObject({
      earlier: [4],
      problems: [],
    });
  });

  it('shows nothing from before where no key has ended, or none of the kept checkpoints counts', async () => {
    const bed = await bedAt({ size: 3, time: END - 600 });
    const named = [
      [0, undefined],
      [2, undefined],
      [3, undefined],
    ];
    const open = await bed.openAndLook({ trust: BEFORE_THE_END });
    expect(await shownBy(open, BEFORE_THE_END)).toEqual({
      earlier: undefined,
      named,
      problems: [],
    });
    await open.close();
    const [first, ...more] = NETWORK.file.witnesses as [(typeof NETWORK.file.witnesses)[0]];
    const witnesses = [{ ...first, validFrom: '2026-10-01T11:30:00Z' }, ...more];
    const strict = trustOf({ ...withEnd(NETWORK.file), witnesses });
    const late = await bed.openAndLook({ trust: strict });
    expect(await shownBy(late, strict)).toEqual({
      earlier: undefined,
      named,
      problems: ['KEY_OUT_OF_WINDOW', 'KEY_OUT_OF_WINDOW'],
    });
  });
});

describe('FirstSightings', () => {
  const BEFORE = { size: 3, time: END - 600 };
  const late = ['KEY_OUT_OF_WINDOW', 'KEY_OUT_OF_WINDOW'];
  const receiptsAsked = ({ eu }: VerifierBed): string[] =>
    eu.asked.filter((path) => path.startsWith('receipt'));

  /** A dossier made anew, since the log shows newer cosignatures. */
  async function problemsLater(bed: VerifierBed, verifier: Verifier): Promise<string[]> {
    bed.now += 1;
    bed.eu.publish({ time: bed.now });
    await verifier.round();
    const report = await verifier.dossiers.reportOn(MODEL);
    return report.problems.map(({ code }) => code);
  }

  it('come from one receipt of the log, where the verifier did not follow it at that time', async () => {
    const bed = await bedAt();
    bed.eu.firstSeen.set(2, BEFORE);
    const verifier = await bed.openAndLook();
    expect(await shownBy(verifier, NETWORK.rules.trust)).toEqual(BOTH_UNDER_THREE);
    expect(await problemsLater(bed, verifier)).toEqual([]);
    expect(receiptsAsked(bed)).toEqual(['receipt 2']);
  });

  it('are not believed where a receipt is late, broken, short of the quorum or of another log', async () => {
    const { witnesses, logs } = NETWORK;
    const [eu] = logs as [TestLog];
    const twin = new TestLog('us', witnesses.slice(0, 3));
    for (const entry of eu.entries) twin.append(entry);
    for (const receipt of [
      formatReceipt(eu.receipt(2, { size: 3, time: END })),
      new Uint8Array(3),
      formatReceipt(eu.receipt(2, { ...BEFORE, witnesses: witnesses.slice(0, 2) })),
      formatReceipt(twin.receipt(2, BEFORE)),
      undefined,
    ]) {
      const bed = await bedAt();
      bed.eu.damage = (path, served) => (path.startsWith('receipt') ? receipt : served);
      const verifier = await bed.openAndLook();
      expect(await shownBy(verifier, NETWORK.rules.trust)).toMatchObject({ problems: late });
      expect(await problemsLater(bed, verifier)).toEqual(late);
      expect(receiptsAsked(bed)).toEqual(['receipt 2', 'receipt 0']);
    }
  });

  it('accuse a log whose receipt is of another history', async () => {
    const bed = await bedAt();
    const fork = new TestLog('eu', NETWORK.witnesses.slice(0, 3));
    for (const entry of bed.eu.log.entries) fork.append(entry);
    fork.entries[1] = new TextEncoder().encode('another history');
    bed.eu.damage = (path, served) =>
      path.startsWith('receipt') ? formatReceipt(fork.receipt(2, BEFORE)) : served;
    const verifier = await bed.openAndLook();
    expect(await shownBy(verifier, NETWORK.rules.trust)).toMatchObject({
      earlier: undefined,
      problems: expect.arrayContaining(late),
    });
    expect(verifier.findings.contradictionOf(bed.eu.log.origin)).toBeDefined();
  });

  it('are no use where they are later than what the dossier stands on', async () => {
    const trust = withWindowOfNextKey({ validFrom: formatTime(NOW - 30) });
    const bed = await bedAt({ size: 3, time: END - 600 });
    bed.eu.firstSeen.set(3, { size: 4, time: NOW - 10 });
    expect(await shownBy(await bed.openAndLook({ trust }), trust)).toMatchObject({
      earlier: [3],
      problems: ['KEY_OUT_OF_WINDOW'],
    });
  });

  it('leave a log that does not answer alone for a while', async () => {
    const bed = await bedAt();
    bed.eu.firstSeen.set(2, BEFORE);
    bed.eu.damage = (path, served) => {
      if (path.startsWith('receipt')) throw new AttestryError('PEER_UNAVAILABLE', 'no answer');
      return served;
    };
    const verifier = await bed.openAndLook();
    expect(await problemsLater(bed, verifier)).toEqual(late);
    bed.eu.damage = (_, served) => served;
    expect(await problemsLater(bed, verifier)).toEqual(late);
    expect(receiptsAsked(bed)).toEqual(['receipt 2']);
    bed.now += 15;
    expect(await problemsLater(bed, verifier)).toEqual([]);
  });
});
