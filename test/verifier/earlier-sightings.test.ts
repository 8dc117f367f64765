import { describe, expect, it } from 'vitest';
import { type DossierLog, parseDossier } from '../../src/core/dossier/dossier.ts';
import { judge } from '../../src/core/report/judge.ts';
import type { TrustRoot } from '../../src/core/trust/trust-root.ts';
import { opensslEngine } from '../../src/keys/openssl-engine.ts';
import type { Verifier } from '../../src/verifier/verifier.ts';
import { END, endedKeyNetwork, withEnd } from '../helpers/ended-key.ts';
import { makeNetwork } from '../helpers/fixtures.ts';
import { trustOf } from '../helpers/signed-trust.ts';
import { MODEL, NOW } from '../helpers/statements.ts';
import { VerifierBed } from '../helpers/verifier-bed.ts';

const NETWORK = endedKeyNetwork();
const BEFORE_THE_END = trustOf(makeNetwork({ regions: ['eu', 'us'] }).file);

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

describe('withEarlierSightings', () => {
  it('shows what an ended key signed under one checkpoint from before, which anyone finds valid', async () => {
    const bed = await bedAt({ size: 1, time: END - 900 }, { size: 3, time: END - 600 });
    const verifier = await bed.openAndLook();
    const wanted = {
      earlier: [3],
      named: [
        [0, 3],
        [2, 3],
        [3, undefined],
      ],
      problems: [],
    };
    expect(await shownBy(verifier, NETWORK.rules.trust)).toEqual(wanted);
    expect(await shownBy(verifier, BEFORE_THE_END)).toEqual(wanted);
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
