import { describe, expect, it } from 'vitest';
import { formatTime } from '../../../src/core/bytes/time.ts';
import {
  type Dossier,
  type DossierEntry,
  formatDossier,
  parseDossier,
} from '../../../src/core/dossier/dossier.ts';
import type { EarlierCheckpoint, EarlierSighting } from '../../../src/core/dossier/earlier.ts';
import { verifyDossier } from '../../../src/core/dossier/verify.ts';
import { judge } from '../../../src/core/report/judge.ts';
import type { VerificationRules } from '../../../src/core/trust/quorum.ts';
import { opensslEngine } from '../../../src/keys/openssl-engine.ts';
import {
  END,
  earlierCheckpoint,
  endedKeyDossier,
  endedKeyNetwork,
  rulesWith,
  sighting,
  withEnd,
} from '../../helpers/ended-key.ts';
import { TestLog } from '../../helpers/fixtures.ts';
import { trustOf } from '../../helpers/signed-trust.ts';
import { NOW } from '../../helpers/statements.ts';
import type { ShownLog } from '../../helpers/tallied-network.ts';

const NETWORK = endedKeyNetwork();
const { file, witnesses } = NETWORK;
const RULES: VerificationRules = { ...NETWORK.rules, engine: opensslEngine };
const [EU] = NETWORK.logs as [TestLog];
const DOSSIER = endedKeyDossier(NETWORK);
const [SHOWN, OTHER] = DOSSIER.logs as [ShownLog, ShownLog];
const [FIRST, THIRD, BY_NEXT_KEY] = SHOWN.entries as [DossierEntry, DossierEntry, DossierEntry];
const [EARLIER] = SHOWN.earlier as [EarlierCheckpoint];
const SEEN = FIRST.earlier as EarlierSighting;

/** The codes of the problems of a dossier. */
function problems(dossier: Dossier, other: Partial<VerificationRules> = {}): string[] {
  return verifyDossier(dossier, { ...RULES, ...other }).problems.map(({ code }) => code);
}

/** The sample dossier with its first log otherwise. */
const withLog = (changes: Partial<ShownLog>): Dossier => ({
  ...DOSSIER,
  logs: [{ ...SHOWN, ...changes }, OTHER],
});

/** The sample with the old key's first entry alone, shown under other earlier checkpoints, of which it names one. */
const shownUnder = (earlier: readonly EarlierCheckpoint[], seen: EarlierSighting = SEEN): Dossier =>
  withLog({ earlier, entries: [{ ...FIRST, earlier: seen }, BY_NEXT_KEY] });

/** The sample dossier without anything from before. */
const bare = (entries: readonly DossierEntry[]): DossierEntry[] =>
  entries.map(({ index, envelope, proof }) => ({ index, envelope, proof }));

describe('an earlier checkpoint', () => {
  it('keeps what a key signed, and witnesses saw, before the key ended', () => {
    const verified = verifyDossier(DOSSIER, RULES);
    expect(verified.problems).toEqual([]);
    expect(
      verified.statements.map(({ index, checkpoint }) => [index, checkpoint.witnessedAt]),
    ).toEqual([
      [0, END - 600],
      [2, END - 600],
      [3, NOW - 60],
    ]);
    expect(verified.checkpoints.map(({ checkpoint }) => checkpoint.size)).toEqual([4, 0]);
    const { outcome, statements } = judge(formatDossier(DOSSIER), RULES);
    expect([outcome, statements[0]?.witnessedAt]).toEqual(['VALID', formatTime(END - 600)]);
  });

  it('is what such entries need: without one they are seen too late', () => {
    const { earlier: _, ...log } = SHOWN;
    const without = { ...DOSSIER, logs: [{ ...log, entries: bare(SHOWN.entries) }, OTHER] };
    expect(problems(without)).toEqual(['KEY_OUT_OF_WINDOW', 'KEY_OUT_OF_WINDOW']);
  });

  it('is no hindrance where the trust root knows of no end', () => {
    const { operators } = NETWORK.file;
    const [eu, ...others] = operators as [(typeof operators)[0]];
    const keys = eu.keys.map(({ key }) => ({ key }));
    expect(problems(DOSSIER, rulesWith(file, { operators: [{ ...eu, keys }, ...others] }))).toEqual(
      [],
    );
  });

  it('may be of the same tree as the newest one, seen anew since', () => {
    const still = earlierCheckpoint(EU, { size: 4 });
    expect(problems(shownUnder([still], sighting(EU, 0, 4)))).toEqual([]);
  });

  it('comes back from its bytes', () => {
    expect(parseDossier(formatDossier(DOSSIER))).toEqual(DOSSIER);
  });

  const fork = new TestLog('eu', witnesses.slice(0, 3));
  for (const entry of EU.entries) fork.append(entry);
  fork.entries[1] = new TextEncoder().encode('another history');
  const twin = new TestLog('us', witnesses.slice(0, 3));
  for (const entry of EU.entries) twin.append(entry);
  const two = earlierCheckpoint(EU, { size: 2, time: END - 900 });

  it.each<[string, Dossier, string]>([
    [
      'without the quorum',
      shownUnder([earlierCheckpoint(EU, { size: 3, witnesses: witnesses.slice(0, 2) })]),
      'QUORUM_SHORT',
    ],
    [
      'that its log did not sign',
      shownUnder([{ ...EARLIER, checkpoint: EARLIER.checkpoint.replace('\n3\n', '\n2\n') }]),
      'CHECKPOINT_SIGNATURE_INVALID',
    ],
    [
      'of another log with the same entries',
      shownUnder([{ ...EARLIER, checkpoint: twin.cosigned({ size: 3, time: END - 600 }) }]),
      'DOSSIER_MALFORMED',
    ],
    [
      'of a larger tree than the newest one',
      withLog({
        checkpoint: EU.cosigned({ size: 3 }),
        earlier: [{ ...earlierCheckpoint(EU, { size: 4 }), proof: [] }],
        entries: [{ ...FIRST, proof: EU.tree.path(0, 3), earlier: sighting(EU, 0, 4) }],
      }),
      'DOSSIER_MALFORMED',
    ],
    [
      'that was witnessed no earlier than the newest one',
      shownUnder([earlierCheckpoint(EU, { size: 3, time: NOW - 60 })]),
      'DOSSIER_MALFORMED',
    ],
    ['that no entry names', withLog({ earlier: [two, EARLIER] }), 'DOSSIER_MALFORMED'],
    ['twice', shownUnder([EARLIER, EARLIER]), 'DOSSIER_MALFORMED'],
    [
      'out of order',
      withLog({
        earlier: [EARLIER, two],
        entries: [{ ...FIRST, earlier: sighting(EU, 0, 2) }, THIRD, BY_NEXT_KEY],
      }),
      'DOSSIER_MALFORMED',
    ],
    [
      'of no entries',
      shownUnder([{ ...earlierCheckpoint(EU, { size: 0 }), proof: [] }], { size: 0, proof: [] }),
      'DOSSIER_MALFORMED',
    ],
    [
      'that an entry names and nobody shows',
      withLog({ entries: [{ ...FIRST, earlier: sighting(EU, 0, 2) }, THIRD, BY_NEXT_KEY] }),
      'DOSSIER_MALFORMED',
    ],
    [
      'of another history',
      shownUnder(
        [{ checkpoint: fork.cosigned({ size: 3, time: END - 600 }), proof: EARLIER.proof }],
        sighting(fork, 0, 3),
      ),
      'CONSISTENCY_ROOT_MISMATCH',
    ],
    [
      'of the same size and another root',
      shownUnder(
        [{ checkpoint: fork.cosigned({ size: 4, time: END - 600 }), proof: [] }],
        sighting(fork, 0, 4),
      ),
      'CONSISTENCY_ROOT_MISMATCH',
    ],
    [
      'whose proof is a hash short',
      shownUnder([{ ...EARLIER, proof: EARLIER.proof.slice(1) }]),
      'CONSISTENCY_LENGTH_WRONG',
    ],
  ])('is refused %s, once and with nothing that rests on it', (_, dossier, code) => {
    const verified = verifyDossier(dossier, RULES);
    expect(verified.problems.map((problem) => problem.code)).toEqual([code]);
    expect(verified.statements.every(({ index }) => index === 3)).toBe(true);
  });

  it.each<[string, EarlierSighting, string]>([
    ['with the proof of another entry', sighting(EU, 1, 3), 'INCLUSION_ROOT_MISMATCH'],
    [
      'with its proof under the newest one',
      { size: 3, proof: [...FIRST.proof, new Uint8Array(32)] },
      'INCLUSION_LENGTH_WRONG',
    ],
    [
      'with a hash of 33 bytes',
      { size: 3, proof: [new Uint8Array(33), new Uint8Array(32)] },
      'HASH_MALFORMED',
    ],
  ])('shows no entry %s', (_, seen, code) => {
    const dossier = withLog({ entries: [{ ...FIRST, earlier: seen }, THIRD, BY_NEXT_KEY] });
    const verified = verifyDossier(dossier, RULES);
    expect(verified.problems.map((problem) => problem.code)).toEqual([code]);
    expect(verified.statements.map(({ index }) => index)).toEqual([2, 3]);
  });

  it('shows no entry that its tree did not hold yet', () => {
    const entries = [FIRST, { ...THIRD, earlier: sighting(EU, 0, 2) }, BY_NEXT_KEY];
    expect(problems(withLog({ earlier: [two, EARLIER], entries }))).toEqual([
      'INCLUSION_INDEX_OUT_OF_RANGE',
    ]);
  });

  it('is of no use to a key that had ended by then, or is revoked', () => {
    const early = { trust: trustOf(withEnd(file, formatTime(END - 600))) };
    expect(problems(DOSSIER, early)).toEqual(['KEY_OUT_OF_WINDOW', 'KEY_OUT_OF_WINDOW']);
    const { operators } = file;
    const [eu, ...others] = operators as [(typeof operators)[0]];
    const [old, ...keys] = eu.keys as [(typeof eu.keys)[0]];
    const revoked = { ...old, revoked: { [EU.origin]: 1 } };
    const rules = rulesWith(file, { operators: [{ ...eu, keys: [revoked, ...keys] }, ...others] });
    expect(problems(DOSSIER, rules)).toEqual(['KEY_REVOKED']);
  });

  it('counts only with witnesses and a log that counted by then', () => {
    const [first, ...more] = file.witnesses as [(typeof file.witnesses)[0]];
    const late = { ...first, validFrom: formatTime(END) };
    expect(problems(DOSSIER, rulesWith(file, { witnesses: [late, ...more] }))).toEqual([
      'QUORUM_SHORT',
    ]);
    const [log, other] = file.logs as [(typeof file.logs)[0], (typeof file.logs)[0]];
    const young = { ...log, validFrom: formatTime(END) };
    expect(problems(DOSSIER, rulesWith(file, { logs: [young, other] }))).toEqual([
      'LOG_OUT_OF_WINDOW',
    ]);
  });

  it('shows no statement that is dated after it was seen', () => {
    const time = END - 2 * 3_600 - 301;
    expect(problems(shownUnder([earlierCheckpoint(EU, { size: 3, time })]))).toEqual([
      'STATEMENT_TIME_FUTURE',
    ]);
  });

  it('is refused with any one byte of it otherwise', () => {
    const flipped = (text: string, at: number): string =>
      text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 0x01) + text.slice(at + 1);
    const { checkpoint: note, proof } = EARLIER;
    const changed = [
      ...Array.from({ length: 24 }, (_, i) => Math.floor((i * note.length) / 24)).map((at) =>
        shownUnder([{ checkpoint: flipped(note, at), proof }]),
      ),
      ...proof.map((hash, i) =>
        shownUnder([{ checkpoint: note, proof: proof.with(i, tweaked(hash)) }]),
      ),
      ...SEEN.proof.map((hash, i) =>
        shownUnder([EARLIER], { size: 3, proof: SEEN.proof.with(i, tweaked(hash)) }),
      ),
    ];
    expect(changed.map((dossier) => problems(dossier).length)).toEqual(changed.map(() => 1));
  });
});

function tweaked(hash: Uint8Array): Uint8Array {
  return hash.with(17, (hash[17] as number) ^ 0x01);
}
