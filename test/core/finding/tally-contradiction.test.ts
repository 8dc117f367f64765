import { describe, expect, it } from 'vitest';
import { encodeBase64 } from '../../../src/core/bytes/base64.ts';
import { formatDossier } from '../../../src/core/dossier/dossier.ts';
import {
  type Finding,
  formatFinding,
  parseFinding,
  type TallyContradiction,
  type TallySumContradiction,
} from '../../../src/core/finding/finding.ts';
import { verifyFinding } from '../../../src/core/finding/verify.ts';
import type { NoteSigner } from '../../../src/core/note/vkey.ts';
import { judge } from '../../../src/core/report/judge.ts';
import { encodeKey } from '../../../src/core/tally/key.ts';
import { type Branch, EMPTY_TALLY, type TallyLeaf } from '../../../src/core/tally/node.ts';
import type { TallyHead } from '../../../src/core/tally/tally-note.ts';
import { codeOf } from '../../helpers/code-of.ts';
import type { TestLog } from '../../helpers/fixtures.ts';
import { MemoryTally } from '../../helpers/memory-tally.ts';
import { testSigner } from '../../helpers/signed-log.ts';
import { digestOf, MODEL, NOW } from '../../helpers/statements.ts';
import {
  leavesOfLog,
  makeTalliedNetwork,
  type TallyNoteOptions,
  talliedDossier,
  tallyNote,
  VERIFIERS,
} from '../../helpers/tallied-network.ts';
import { TallyAccuser } from '../../helpers/tally-findings.ts';

const NETWORK = makeTalliedNetwork({ regions: ['eu', 'us'] });
const [EU, US] = NETWORK.logs as [TestLog, TestLog];
for (const log of NETWORK.logs) {
  log.state('training');
  log.state('usage');
  log.state('revocation');
}
const RIGHT = leavesOfLog(EU);
const [TRAINING, USAGE, REVOCATION] = RIGHT as [TallyLeaf, TallyLeaf, TallyLeaf];
const { rules } = NETWORK;

const accuser = new TallyAccuser(EU);
const accuse = (
  leaves: readonly TallyLeaf[],
  key: Uint8Array,
  index: number,
  changes: Partial<TallyContradiction> = {},
): Finding => accuser.contradiction(leaves, { key, index }, changes);

const verdict = (finding: Finding): string => codeOf(() => verifyFinding(finding, rules));
const sentence = (finding: Finding): string => verifyFinding(finding, rules).sentence;
const INFLATED = { ...USAGE, sums: USAGE.sums.map((sum, i) => (i === 0 ? sum + 1n : sum)) };
const WITHOUT_REVOCATION = RIGHT.filter((leaf) => leaf !== REVOCATION);
const LIE = accuse(WITHOUT_REVOCATION, REVOCATION.key, 2);

describe('verifyFinding of a tally contradiction', () => {
  it('proves that a statement is left out', () => {
    expect(sentence(LIE)).toMatch(/leaves out entry 2, a statement of kind revocation/);
    expect(verifyFinding(LIE, rules)).toMatchObject({
      code: 'TALLY_CONTRADICTION',
      selfContained: true,
    });
  });

  it('proves that sums are not those of the statement', () => {
    const leaves = RIGHT.with(1, INFLATED);
    const [right = 0n] = USAGE.sums;
    expect(sentence(accuse(leaves, USAGE.key, 1))).toContain(
      `gets wrong entry 1 (${right + 1n} requests in place of ${right}), a statement of kind usage`,
    );
  });

  it('proves that the tally names another entry than stands at the index', () => {
    const other = { ...USAGE, entryHash: new Uint8Array(32) };
    expect(sentence(accuse(RIGHT.with(1, other), USAGE.key, 1))).toMatch(/gets wrong entry 1, /);
  });

  it('proves that a statement is invented: another model, kind or hour', () => {
    const parts = { model: MODEL, kind: 'usage', hour: 497_000, index: 1 } as const;
    for (const key of [
      encodeKey({ ...parts, model: digestOf('other') }),
      encodeKey({ ...parts, hour: 1 }),
      encodeKey({ ...parts, kind: 'training', index: 2 }),
    ]) {
      const invented = { ...USAGE, key };
      const index = key.at(-1) as number;
      expect(sentence(accuse([...RIGHT, invented], key, index))).toMatch(/invents something/);
    }
  });

  it('accuses each verifier whose right cosignature stands on the note, and nobody for a wrong line', () => {
    const [first, second] = VERIFIERS as [NoteSigner, NoteSigner];
    const note = (options: TallyNoteOptions): string =>
      tallyNote(EU, new MemoryTally(WITHOUT_REVOCATION), options);
    const accused = (tally: string): string[] => {
      const { code, further } = verifyFinding(
        accuse(WITHOUT_REVOCATION, REVOCATION.key, 2, { tally }),
        rules,
      );
      expect([code, ...new Set(further.map((other) => other.code))].slice(0, 2)).toEqual(
        further.length === 0
          ? ['TALLY_CONTRADICTION']
          : ['TALLY_CONTRADICTION', 'TALLY_COSIGNED_WRONG'],
      );
      return further.map((other) => other.accused);
    };
    const names = VERIFIERS.map(({ vkey }) => vkey.name);
    expect(accused(note({ verifiers: [] }))).toEqual([]);
    expect(accused(note({}))).toEqual(names);
    expect(accused(note({ verifiers: [second] }))).toEqual([second.vkey.name]);
    const elsewhere = note({ head: { count: 9 }, verifiers: [first] })
      .split('\n')
      .at(-2);
    expect(accused(`${note({ verifiers: [second] })}${elsewhere}\n`)).toEqual([second.vkey.name]);
    // From a clock further ahead than clocks may differ.
    expect(accused(note({ verifiers: [first], time: NOW + 301 }))).toEqual([]);
  });

  it('proves it against a tally that is empty', () => {
    expect(sentence(accuse([], TRAINING.key, 0))).toMatch(/leaves out entry 0/);
  });

  it('is verified offline from its bytes: EQUIVOCATION', () => {
    const report = judge(formatFinding(LIE), rules);
    expect(report).toMatchObject({
      of: 'finding',
      outcome: 'EQUIVOCATION',
      problems: [{ code: 'TALLY_CONTRADICTION', origin: EU.origin }],
      notProven: [],
    });
    expect(parseFinding(formatFinding(LIE))).toEqual(LIE);
  });

  it('makes a dossier that carries it EQUIVOCATION', () => {
    const dossier = { ...talliedDossier(NETWORK, MODEL), findings: [LIE] };
    const { outcome, problems } = judge(formatDossier(dossier), rules);
    expect(outcome).toBe('EQUIVOCATION');
    expect(problems.map(({ code }) => code)).toContain('TALLY_CONTRADICTION');
  });

  it('refuses to accuse a tally that is right', () => {
    for (const [i, { key }] of RIGHT.entries()) {
      expect(verdict(accuse(RIGHT, key, i)), `leaf ${i}`).toBe('FINDING_UNPROVEN');
    }
    // Nothing stands under this key, neither in the entry nor in the tally.
    const empty = encodeKey({ model: digestOf('other'), kind: 'usage', hour: 1, index: 1 });
    expect(verdict(accuse(RIGHT, empty, 1))).toBe('FINDING_UNPROVEN');
  });

  it('refuses to accuse with the tally of another checkpoint', () => {
    const leaves = leavesOfLog(EU, 2);
    const tally = new MemoryTally(leaves);
    // A right tally of two entries does not hold the third.
    const earlier = tallyNote(EU, tally, { verifiers: [], head: { size: 2 } });
    expect(verdict(accuse(leaves, REVOCATION.key, 2, { tally: earlier }))).toBe('FINDING_UNPROVEN');
    const smaller = { tally: earlier, checkpoint: EU.checkpoint(2) };
    expect(verdict(accuse(leaves, REVOCATION.key, 2, smaller))).not.toBe('none');
    const forked = tallyNote(EU, tally, { verifiers: [], head: { logRoot: new Uint8Array(32) } });
    expect(verdict(accuse(leaves, REVOCATION.key, 2, { tally: forked }))).toBe('FINDING_UNPROVEN');
  });

  it('refuses notes that the log did not sign', () => {
    const tally = new MemoryTally(WITHOUT_REVOCATION);
    const signer = testSigner(EU.origin, 1, 'a stranger');
    for (const note of [
      tallyNote(EU, tally, { verifiers: [], signer }),
      tallyNote(US, tally, { verifiers: [] }),
    ]) {
      expect(verdict(accuse(WITHOUT_REVOCATION, REVOCATION.key, 2, { tally: note }))).toBe(
        'TALLY_NOTE_UNSIGNED',
      );
    }
    expect(verdict({ ...LIE, origin: US.origin })).toBe('FINDING_UNPROVEN');
    const foreign = { checkpoint: US.checkpoint() };
    expect(verdict(accuse(WITHOUT_REVOCATION, REVOCATION.key, 2, foreign))).toBe(
      'FINDING_UNPROVEN',
    );
  });

  it('refuses an entry that does not stand at the index of the key', () => {
    expect(verdict(accuse(WITHOUT_REVOCATION, REVOCATION.key, 1))).not.toBe('none');
    const elsewhere = encodeKey({ model: MODEL, kind: 'revocation', hour: 497_000, index: 9 });
    expect(verdict(accuse(WITHOUT_REVOCATION, elsewhere, 2))).not.toBe('none');
  });

  it('refuses a key that is none, and a proof for another key', () => {
    for (const key of ['', 'AAAA', encodeBase64(REVOCATION.key.with(32, 99))]) {
      expect(verdict(accuse(WITHOUT_REVOCATION, REVOCATION.key, 2, { key }))).toBe(
        'FINDING_UNPROVEN',
      );
    }
    expect(verdict(accuse(RIGHT, REVOCATION.key, 2, { key: encodeBase64(TRAINING.key) }))).not.toBe(
      'none',
    );
    expect(verdict(accuse(WITHOUT_REVOCATION, REVOCATION.key, 2, { proof: '' }))).toBe(
      'TALLY_ROOT_MISMATCH',
    );
  });
});

describe('verifyFinding of sums that a tally root does not commit to', () => {
  const accuseSums = (head: Partial<TallyHead>, leaves = RIGHT): Finding =>
    accuser.sums(head, leaves);
  const { sums } = new MemoryTally(RIGHT).root as Branch;

  it('proves a wrong count, and each wrong sum, without anything but the note', () => {
    const wrong = [{ count: RIGHT.length + 1 }, { count: 0 }];
    const wrongSums = sums.map((sum, i) => ({ sums: sums.with(i, sum + 1n) }));
    for (const head of [...wrong, ...wrongSums]) {
      const finding = parseFinding(formatFinding(accuseSums(head)));
      expect(verifyFinding(finding, rules)).toMatchObject({
        code: 'TALLY_CONTRADICTION',
        selfContained: true,
      });
    }
    expect(sentence(accuseSums({ count: 99 }))).toMatch(/a count of 99 .* which holds 3\.$/);
  });

  it('proves nothing about a note that is right, whatever is shown', () => {
    expect(verdict(accuseSums({}))).toBe('FINDING_UNPROVEN');
    const inflated = { sums: sums.with(0, 99n) };
    expect(verdict(accuseSums(inflated, RIGHT.slice(1)))).toBe('TALLY_ROOT_MISMATCH');
    const stranger = { ...accuseSums(inflated), origin: 'stranger.example' };
    expect(verdict(stranger)).toBe('FINDING_UNPROVEN');
    expect(verdict({ ...accuseSums(inflated), origin: US.origin })).toBe('TALLY_NOTE_UNSIGNED');
    const { evidence } = accuseSums(inflated) as { evidence: TallySumContradiction };
    const bent = { ...evidence, tally: evidence.tally.replace('requests 99', 'requests 98') };
    expect(verdict({ ...accuseSums(inflated), evidence: bent })).toBe('TALLY_NOTE_UNSIGNED');
  });

  it('proves a count under the root of an empty tally', () => {
    const finding = accuseSums({ tallyRoot: EMPTY_TALLY, count: 1 }, []);
    expect(verifyFinding(finding, rules).code).toBe('TALLY_CONTRADICTION');
  });
});
