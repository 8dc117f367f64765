/** Bugs of verifiers, and of whatever judges a file. */

import { signCosignature } from '../../../src/core/note/cosignature.ts';
import { parseNote } from '../../../src/core/note/note.ts';
import { judge } from '../../../src/core/report/judge.ts';
import type { AttestryErrorCode } from '../../../src/errors.ts';
import type { VerifierOptions } from '../../../src/verifier/verifier.ts';
import { FORGED_STATEMENT_LIE } from '../lies/admissions.ts';
import { COSIGNED_TALLY_LIE, HIDDEN_ENTRY_LIE } from '../lies/tallies.ts';
import { COSIGNED_FORK_LIE } from '../lies/witnesses.ts';
import { replacing } from '../replacing.ts';
import type { Bug } from './bug.ts';

export const JUDGING_BUGS: readonly Bug[] = [
  {
    name: 'verifier cosigns a tally that it has not rebuilt',
    wiring: { verifier: cosigningUnseen },
    lie: HIDDEN_ENTRY_LIE,
  },
  {
    name: 'verifier admits what nobody has signed',
    wiring: {
      verifier: (options) => ({ ...options, verifyMany: async (claims) => claims.map(() => true) }),
    },
    lie: FORGED_STATEMENT_LIE,
  },
  ignoring('length of proofs unchecked', 'INCLUSION_LENGTH_WRONG', 'DOSSIER_INCOMPLETE'),
  ignoring('root of proofs unchecked', 'INCLUSION_ROOT_MISMATCH', 'DOSSIER_INCOMPLETE'),
  ignoring('completeness unchecked', 'DOSSIER_INCOMPLETE'),
  {
    ...ignoring('quorum of verifiers uncounted', 'VERIFIER_QUORUM_SHORT'),
    lie: COSIGNED_TALLY_LIE,
  },
  {
    name: 'quorum counts a key twice',
    wiring: {
      judge: (bytes, rules) =>
        judge(bytes, { ...rules, trust: replacing(rules.trust, { witnessQuorum: 1 }) }),
    },
    lie: COSIGNED_FORK_LIE,
  },
];

/** A judge that does not look at one thing, nor at what follows from it. */
function ignoring(what: string, ...codes: readonly AttestryErrorCode[]): Bug {
  return {
    name: `judge: ${what}`,
    wiring: {
      judge: (bytes, rules) => {
        const report = judge(bytes, rules);
        const isAll = report.problems.every(({ code }) => codes.includes(code));
        return isAll ? { ...report, outcome: 'VALID', problems: [] } : report;
      },
    },
  };
}

/** Signs what the log shows, the moment that it is shown. */
function cosigningUnseen(options: VerifierOptions): VerifierOptions {
  const { tallies, now } = options;
  const signer = tallies?.signer;
  if (tallies === undefined || signer === undefined) return options;
  const source: typeof tallies.source = (log) => {
    const real = tallies.source(log);
    return {
      ...real,
      readPair: async (which, signal) => {
        const pair = await real.readPair(which, signal);
        if (pair === undefined) return undefined;
        const line = signCosignature(parseNote(pair.tally).text, now(), signer);
        await real.offerCosignature(line, signal);
        return pair;
      },
    };
  };
  return { ...options, tallies: { ...tallies, source } };
}
