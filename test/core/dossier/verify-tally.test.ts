import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64, encodeBase64 } from '../../../src/core/bytes/base64.ts';
import { formatTime, parseTime } from '../../../src/core/bytes/time.ts';
import { type Dossier, formatDossier } from '../../../src/core/dossier/dossier.ts';
import { verifyDossier } from '../../../src/core/dossier/verify.ts';
import { judge } from '../../../src/core/report/judge.ts';
import type { Report } from '../../../src/core/report/report.ts';
import { encodeTallyProof } from '../../../src/core/tally/proof-bytes.ts';
import { questionsAbout, type UsageRange } from '../../../src/core/tally/questions.ts';
import { TALLY_METRICS } from '../../../src/core/tally/sums.ts';
import type { VerificationRules } from '../../../src/core/trust/quorum.ts';
import { opensslEngine } from '../../../src/keys/openssl-engine.ts';
import { codeOf } from '../../helpers/code-of.ts';
import type { TestLog } from '../../helpers/fixtures.ts';
import { signedEntry } from '../../helpers/fixtures.ts';
import { MemoryTally } from '../../helpers/memory-tally.ts';
import { testSigner } from '../../helpers/signed-log.ts';
import { digestOf, MODEL, SAMPLE_QUANTITIES, sampleStream } from '../../helpers/statements.ts';
import {
  leavesOfLog,
  makeTalliedNetwork,
  rulesOf,
  type ShownLog,
  talliedDossier,
  talliedLog,
  tallyNote,
  VERIFIERS,
} from '../../helpers/tallied-network.ts';

const OTHER = digestOf('other');
const RANGE: UsageRange = { from: '2026-10-01T08:00:00Z', to: '2026-10-01T11:00:00Z', by: 'hour' };

const NETWORK = makeTalliedNetwork({ regions: ['eu', 'us'] });
const [EU, US] = NETWORK.logs as [TestLog, TestLog];
for (const log of NETWORK.logs) {
  log.state('training');
  log.state('deployment', { model: OTHER });
  // Nine windows of ten minutes: six from 08:00, three from 09:00.
  for (const statement of sampleStream(9, { context: log.context })) {
    log.append(signedEntry(statement).entry);
  }
}
US.state('evaluation');

// The pure engine takes a millisecond for each of hundreds of signatures.
const rules: VerificationRules = { ...NETWORK.rules, engine: opensslEngine };
const LISTED = talliedDossier(NETWORK, MODEL);
const SUMMED = talliedDossier(NETWORK, MODEL, RANGE);
const [EU_LISTED, US_LISTED] = LISTED.logs as [ShownLog, ShownLog];
const [EU_SUMMED, US_SUMMED] = SUMMED.logs as [ShownLog, ShownLog];
const TALLY = EU_LISTED.tally as NonNullable<ShownLog['tally']>;

const listed = (changes: Partial<ShownLog>): Dossier => ({
  ...LISTED,
  logs: [{ ...EU_LISTED, ...changes }, US_LISTED],
});
const summed = (changes: Partial<ShownLog>): Dossier => ({
  ...SUMMED,
  logs: [{ ...EU_SUMMED, ...changes }, US_SUMMED],
});
const withNote = (note: string): Dossier => listed({ tally: { ...TALLY, note } });
const withProof = (proof: Uint8Array): Dossier =>
  listed({ tally: { ...TALLY, proof: encodeBase64(proof) } });

/** The problems of a dossier, as `<code> <origin>`. */
function problems(dossier: Dossier, other: Partial<VerificationRules> = {}): string[] {
  const verified = verifyDossier(dossier, { ...rules, ...other });
  return verified.problems.map(({ code, origin }) => `${code} ${origin}`);
}

const report = (dossier: Dossier, other: Partial<VerificationRules> = {}): Report =>
  judge(formatDossier(dossier), { ...rules, ...other });

describe('verifyDossier with tallies', () => {
  it('proves that every statement is listed, and by which verifiers', () => {
    const { problems: found, proven, statements } = verifyDossier(LISTED, rules);
    expect(found).toEqual([]);
    expect(statements).toHaveLength(21);
    expect(proven).toMatchObject([
      {
        verifiers: ['verifier1.example', 'verifier2.example'],
        absent: ['evaluation', 'deployment', 'revocation'],
        stretches: [],
      },
      { absent: ['deployment', 'revocation'], stretches: [] },
    ]);
  });

  it('proves that no log says anything about a model', () => {
    const { problems: found, proven } = verifyDossier(
      talliedDossier(NETWORK, digestOf('nobody')),
      rules,
    );
    expect(found.map(({ code }) => code)).toEqual(['MODEL_UNKNOWN']);
    expect(proven.map(({ absent }) => absent.length)).toEqual([5, 5]);
  });

  it('sums the usage that it does not list', () => {
    const { problems: found, proven, statements } = verifyDossier(SUMMED, rules);
    expect(found).toEqual([]);
    expect(statements.map(({ statement }) => statement.kind)).toEqual([
      'training',
      'training',
      'evaluation',
    ]);
    const [eu] = proven;
    expect(eu?.stretches.map(({ from, windows, sums }) => [from, windows, sums[0]])).toEqual([
      ['2026-10-01T08:00:00Z', 6, 18n],
      ['2026-10-01T09:00:00Z', 3, 9n],
      ['2026-10-01T10:00:00Z', 0, 0n],
    ]);
    expect(eu?.absent).not.toContain('usage');
  });

  describe('with a range that counts', () => {
    const network = makeTalliedNetwork({ regions: ['eu', 'us'] });
    const [eu, us] = network.logs as [TestLog, TestLog];
    eu.state('training');
    for (const deploymentId of ['one', 'two'])
      eu.state('deployment', { predicate: { deploymentId } });
    us.state('revocation');
    const countedDossier = talliedDossier(network, MODEL, { ...RANGE, others: 'counted' });
    const listedDossier = talliedDossier(network, MODEL, RANGE);
    const codesOf = (dossier: Dossier): readonly string[] =>
      verifyDossier(dossier, network.rules).problems.map(({ code, origin }) => `${code} ${origin}`);

    it('lists withdrawals, counts other statements, and is not VALID for what it has not checked', () => {
      const { statements, proven } = verifyDossier(countedDossier, network.rules);
      expect(codesOf(countedDossier)).toEqual([
        `STATEMENTS_COUNTED ${eu.origin}`,
        `MODEL_WITHDRAWN ${us.origin}`,
      ]);
      expect(statements.map(({ statement }) => statement.kind)).toEqual(['revocation']);
      expect(proven[0]?.counted).toEqual([
        { kind: 'training', statements: 1 },
        { kind: 'evaluation', statements: 0 },
        { kind: 'deployment', statements: 2 },
      ]);
      expect(proven.map(({ absent }) => absent)).toEqual([
        ['evaluation', 'revocation'],
        ['training', 'evaluation', 'deployment'],
      ]);
      const { checked } = judge(formatDossier(countedDossier), network.rules);
      expect(checked.join()).toContain('how many statements they hold about the model');
    });

    it('takes no count for a list, and no list for a count', () => {
      const counts = { ...listedDossier, logs: countedDossier.logs };
      const lists = { ...countedDossier, logs: listedDossier.logs };
      for (const swapped of [counts, lists]) {
        expect(codesOf(swapped)).toContain(`TALLY_PROOF_INVALID ${eu.origin}`);
      }
      const [shown, ...others] = countedDossier.logs as [ShownLog, ShownLog];
      const { entries } = listedDossier.logs[0] as ShownLog;
      const both = { ...countedDossier, logs: [{ ...shown, entries }, ...others] };
      expect(codesOf(both)).toContain(`DOSSIER_INCOMPLETE ${eu.origin}`);
    });
  });

  it('takes a log without entries, whose tally is empty', () => {
    const network = makeTalliedNetwork({ regions: ['eu'] });
    const [log] = network.logs as [TestLog];
    const { proven, problems: found } = verifyDossier(
      talliedDossier(network, MODEL),
      network.rules,
    );
    expect(found.map(({ code }) => code)).toEqual(['MODEL_UNKNOWN']);
    expect(proven).toMatchObject([{ checkpoint: { checkpoint: { size: 0 } } }]);
    log.state('training');
    expect(verifyDossier(talliedDossier(network, MODEL), network.rules).problems).toEqual([]);
  });

  it('finds any one statement that is left out', () => {
    for (let i = 0; i < EU_LISTED.entries.length; i++) {
      const found = problems(listed({ entries: EU_LISTED.entries.toSpliced(i, 1) }));
      expect(found, `without entry ${i}`).toContain('DOSSIER_INCOMPLETE eu.log.example');
    }
    const hidden = { ...SUMMED, logs: [{ ...EU_SUMMED, entries: [] }, US_SUMMED] };
    expect(problems(hidden)).toEqual(['DOSSIER_INCOMPLETE eu.log.example']);
  });

  it('says which statement is left out', () => {
    const { problems: found } = verifyDossier(
      listed({ entries: EU_LISTED.entries.slice(1) }),
      rules,
    );
    expect(found[0]?.message).toContain('leaves out entry 0 of eu.log.example');
    expect(found[0]?.message).toContain('training');
  });

  it('refuses a tally that does not list a statement which the log holds', () => {
    const leaves = leavesOfLog(EU).slice(1);
    const lying = talliedLog(EU, MODEL, { leaves });
    expect(problems({ ...LISTED, logs: [lying, US_LISTED] })).toEqual([
      'DOSSIER_INCOMPLETE eu.log.example',
    ]);
  });

  it('refuses usage statements where they are summed', () => {
    expect(problems(summed({ entries: EU_LISTED.entries }))).toEqual([
      'DOSSIER_INCOMPLETE eu.log.example',
    ]);
  });

  it('refuses a tally of another size or root, even one of the same log', () => {
    const size = EU.entries.length - 1;
    const tally = new MemoryTally(leavesOfLog(EU, size));
    const earlier = tallyNote(EU, tally, { head: { size } });
    expect(problems(withNote(earlier))).toEqual(['TALLY_CHECKPOINT_MISMATCH eu.log.example']);
    const whole = new MemoryTally(leavesOfLog(EU));
    const forked = tallyNote(EU, whole, { head: { logRoot: new Uint8Array(32) } });
    expect(problems(withNote(forked))).toEqual(['TALLY_CHECKPOINT_MISMATCH eu.log.example']);
  });

  it('refuses a note that the log did not sign', () => {
    const tally = new MemoryTally(leavesOfLog(EU));
    const stranger = testSigner(EU.origin, 1, 'a stranger');
    const noteOf = (options: Parameters<typeof tallyNote>[2]): string =>
      tallyNote(EU, tally, options);
    for (const note of [
      noteOf({ signer: stranger }),
      noteOf({ signer: US.signer }),
      (US_LISTED.tally as NonNullable<ShownLog['tally']>).note,
      noteOf({}).replace(/\ncount \d+\n/, '\ncount 1\n'),
    ]) {
      expect(problems(withNote(note))).toEqual(['TALLY_NOTE_UNSIGNED eu.log.example']);
    }
    expect(problems(withNote(EU.cosigned()))).toEqual(['TALLY_NOTE_MALFORMED eu.log.example']);
    expect(problems(withNote('not a note'))).toEqual(['NOTE_MALFORMED eu.log.example']);
  });

  it('is inconclusive with fewer verifiers than the trust root asks for', () => {
    const tally = new MemoryTally(leavesOfLog(EU));
    const [first] = VERIFIERS;
    const unknown = testSigner('verifier2.example', 4, 'a stranger');
    const short = [
      [],
      VERIFIERS.slice(0, 1),
      [...VERIFIERS.slice(0, 1), unknown],
      [...VERIFIERS.slice(0, 1), ...NETWORK.witnesses],
      [first, first].flatMap((signer) => signer ?? []),
    ];
    for (const verifiers of short) {
      const judged = report(withNote(tallyNote(EU, tally, { verifiers })));
      expect(judged.problems.map(({ code }) => code)).toEqual(['VERIFIER_QUORUM_SHORT']);
      expect(judged.outcome).toBe('INCONCLUSIVE');
      expect(judged.proven.map(({ origin }) => origin)).toEqual([US.origin]);
    }
  });

  it("refuses a verifier's cosignature on another note", () => {
    const lines = (note: string): string => note.slice(note.lastIndexOf('\n\n') + 2);
    const [, , cosignature] = lines((US_LISTED.tally as typeof TALLY).note).split('\n');
    expect(problems(withNote(`${TALLY.note}${cosignature}\n`))).toEqual([
      'COSIGNATURE_INVALID eu.log.example',
    ]);
  });

  it('is inconclusive without the tally that the trust root asks for', () => {
    const { tally: _, ...bare } = EU_LISTED;
    const judged = report({ ...LISTED, logs: [bare, US_LISTED] });
    expect(judged.problems).toMatchObject([
      { code: 'TALLY_MISSING', origin: EU.origin, outcome: 'INCONCLUSIVE' },
    ]);
    expect(judged.outcome).toBe('INCONCLUSIVE');
  });

  it('asks for no tally where the trust root does not, unless usage is to be summed', () => {
    const trusting = rulesOf({ ...NETWORK.file, verifierQuorum: 0 });
    const { tally: _, ...bare } = EU_LISTED;
    const { tally: __, ...bareSummed } = EU_SUMMED;
    expect(problems({ ...LISTED, logs: [bare, US_LISTED] }, trusting)).toEqual([]);
    expect(problems({ ...SUMMED, logs: [bareSummed, US_SUMMED] }, trusting)).toEqual([
      'TALLY_MISSING eu.log.example',
    ]);
    // A tally that is there must hold all the same.
    expect(problems(listed({ entries: EU_LISTED.entries.slice(0, -1) }), trusting)).toEqual([
      'DOSSIER_INCOMPLETE eu.log.example',
    ]);
  });

  it('refuses proofs for another model, range or tally', () => {
    const whole = new MemoryTally(leavesOfLog(EU));
    const proofs = {
      'another model': whole.prove(questionsAbout(OTHER, null)),
      'another range': whole.prove(questionsAbout(MODEL, RANGE)),
      'the day': whole.prove(questionsAbout(MODEL, { ...RANGE, by: 'total' })),
      'another log': new MemoryTally(leavesOfLog(US)).prove(questionsAbout(MODEL, null)),
      'no tally': null,
    };
    for (const [what, proof] of Object.entries(proofs)) {
      const found = problems(withProof(encodeTallyProof(proof)));
      expect(found, what).toHaveLength(1);
      expect(found[0], what).toMatch(/^TALLY_(PROOF_INVALID|ROOT_MISMATCH|PROOF_MALFORMED) eu/);
    }
  });

  it('refuses a proof in which any one byte is otherwise', () => {
    const proof = decodeBase64(TALLY.proof);
    for (let at = 0; at < proof.length; at += Math.ceil(proof.length / 12)) {
      const mutated = proof.with(at, (proof[at] as number) ^ 0x01);
      const found = problems(withProof(mutated));
      expect(found, `byte ${at}`).toHaveLength(1);
      expect(found[0], `byte ${at}`).toMatch(/^(TALLY_|DOSSIER_INCOMPLETE)/);
    }
    expect(problems(withProof(proof.subarray(0, -1)))).toHaveLength(1);
  });

  it('is never silently smaller without a log', () => {
    const judged = report({ ...SUMMED, logs: [EU_SUMMED] });
    expect(judged.outcome).toBe('INCONCLUSIVE');
    expect(judged.problems).toMatchObject([{ code: 'DOSSIER_LOG_MISSING', origin: US.origin }]);
    expect(judged.notProven.join('\n')).toContain('us.log.example');
    const missing = { code: 'PEER_UNAVAILABLE', message: 'no answer' } as const;
    const named = report({ ...SUMMED, logs: [EU_SUMMED, { origin: US.origin, missing }] });
    expect(named.outcome).toBe('INCONCLUSIVE');
  });

  it('gives the exact sums of any windows over any range', () => {
    const start = parseTime('2026-09-30T00:00:00Z');
    const hours = fc.nat(71);
    const windows = fc.array(fc.tuple(hours, fc.bigInt({ min: 0n, max: 2n ** 63n })), {
      maxLength: 4,
    });
    const by = fc.constantFrom('total', 'day', 'hour' as const);
    const property = fc.property(windows, fc.tuple(hours, hours), by, (used, [a, b], step) => {
      const network = makeTalliedNetwork({ regions: ['eu'], quorum: 1, verifierQuorum: 1 });
      const [log] = network.logs as [TestLog];
      used.forEach(([hour, cached], i) => {
        const [statement] = sampleStream(1, {
          context: { ...log.context, issuedAt: '2026-10-05T00:00:00Z' },
          meter: `meter-${i}`,
          predicate: {
            window: {
              start: formatTime(start + hour * 3600),
              end: formatTime(start + hour * 3600 + 600),
            },
            quantities: {
              ...SAMPLE_QUANTITIES,
              inputCachedTokens: String(cached),
              inputTokens: String(cached + 80n),
            },
          },
        });
        if (statement !== undefined) log.append(signedEntry(statement).entry);
      });
      const [from, to] = [Math.min(a, b), Math.max(a, b) + 1];
      const range = {
        from: formatTime(start + from * 3600),
        to: formatTime(start + to * 3600),
        by: step,
      } as UsageRange;
      const { proven } = verifyDossier(talliedDossier(network, MODEL, range), network.rules);
      const cachedAt = TALLY_METRICS.indexOf('inputCachedTokens');
      const got = (proven[0]?.stretches ?? []).map(({ from: at, windows: count, sums }) => [
        at,
        count,
        sums[cachedAt],
      ]);
      expect(got).toEqual(
        naiveSums(used, { from, to, step }).map(([hour, count, sum]) => [
          formatTime(start + hour * 3600),
          count,
          sum,
        ]),
      );
    });
    fc.assert(property, { numRuns: 20 });
  }, 30_000);
});

/** Hour of the start, windows and sum of each stretch, by counting. */
function naiveSums(
  used: readonly (readonly [number, bigint])[],
  { from, to, step }: { from: number; to: number; step: string },
): [number, number, bigint][] {
  const stretches = new Map<number, [number, number, bigint]>();
  for (let hour = from; hour < to; hour++) {
    // The first hour of all is a midnight.
    const start = { total: from, day: Math.max(from, hour - (hour % 24)), hour }[step] as number;
    const stretch = stretches.get(start) ?? [start, 0, 0n];
    const here = used.filter(([at]) => at === hour);
    stretch[1] += here.length;
    stretch[2] = here.reduce((sum, [, value]) => sum + value, stretch[2]);
    stretches.set(start, stretch);
  }
  return [...stretches.values()];
}

describe('judge of a dossier with tallies', () => {
  it('says what is proven, and what is proven absent', () => {
    const { outcome, checked, notProven, proven } = report(LISTED);
    expect(outcome).toBe('VALID');
    expect(checked).toContain(
      'The tallies of 2 of 2 logs prove that nothing they hold about the model is missing here; at least 2 of 2 verifiers have rebuilt and cosigned each tally.',
    );
    expect(checked).toContain(
      'Proven absent on these logs: any statement of kind deployment, revocation.',
    );
    expect(notProven.join('\n')).not.toMatch(/complete|tallies/);
    expect(proven.map(({ region, operator }) => [region, operator])).toEqual([
      ['eu', 'operator-eu'],
      ['us', 'operator-us'],
    ]);
  });

  it('gives one row of totals for each log whose usage is summed', () => {
    const { usage } = report(SUMMED);
    expect(usage).toMatchObject([
      { region: 'eu', from: RANGE.from, to: RANGE.to, windows: 9 },
      { region: 'us', from: RANGE.from, to: RANGE.to, windows: 9 },
    ]);
    expect(usage[0]?.totals).toEqual({
      requests: '27',
      inputUncachedTokens: '630',
      inputCachedTokens: '180',
      inputCacheWriteTokens: '90',
      inputTokens: '900',
      outputVisibleTokens: '360',
      outputReasoningTokens: '18',
      outputTokens: '378',
      energyWattHours: '45',
    });
  });

  it('says that the tallies rest on the logs alone where no verifier is asked for', () => {
    const { checked, notProven, outcome } = report(
      LISTED,
      rulesOf({ ...NETWORK.file, verifierQuorum: 0 }),
    );
    expect(outcome).toBe('VALID');
    expect(checked.join('\n')).toContain('The tallies of 2 of 2 logs prove');
    expect(checked.join('\n')).not.toContain('at least 0');
    expect(notProven.join('\n')).toContain('this rests on the logs');
  });

  it('says which lists are not proven complete', () => {
    const { tally: _, ...bare } = EU_LISTED;
    const { notProven } = report({ ...LISTED, logs: [bare, US_LISTED] });
    expect(notProven[0]).toContain('complete');
    expect(notProven[0]).toContain('eu.log.example');
    expect(notProven[0]).not.toContain('us.log.example');
  });

  it('refuses a dossier whose range is none', () => {
    const bytes = new TextEncoder().encode(
      new TextDecoder()
        .decode(formatDossier(SUMMED))
        .replace('"to":"2026-10-01T11:00:00Z"', '"to":"2026-10-01T08:00:00Z"'),
    );
    expect(judge(bytes, rules).problems).toMatchObject([{ code: 'USAGE_RANGE_INVALID' }]);
    expect(codeOf(() => questionsAbout(MODEL, { ...RANGE, to: RANGE.from }))).toBe(
      'USAGE_RANGE_INVALID',
    );
  });
});
