/** Findings: true ones, and accusations that their own evidence does not prove. */
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import {
  type Contradiction,
  type Finding,
  formatFinding,
  type Inadmissible,
  type RootMismatch,
  type WitnessContradiction,
} from '../../src/core/finding/finding.ts';
import type { NoteSigner } from '../../src/core/note/vkey.ts';
import type { AttestryErrorCode } from '../../src/errors.ts';
import {
  contradiction,
  inadmissible,
  otherTree,
  rootMismatch,
  twoViews,
  wentBack,
} from '../../test/helpers/findings.ts';
import { makeNetwork, signedEntry, type TestLog } from '../../test/helpers/fixtures.ts';
import { digestOf, NOW, sampleStatement, sampleStream } from '../../test/helpers/statements.ts';
import { logWith, newNetwork, RULES, resign, swap, WITNESSES } from './network.ts';
import { inputOf, makeVector, type VectorFile } from './vector.ts';

type Case = readonly [desc: string, finding: Finding | Uint8Array, code: AttestryErrorCode];

const [M0, M1, M2] = sampleStream(3).map((statement) => signedEntry(statement).entry) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
const LOG = logWith(M0, M1, M2);

export function findingVectors(): VectorFile[] {
  const cases = [fileCases, forkCases, entryCases, meterCases, servedCases, witnessCases];
  return cases
    .flatMap((all) => all())
    .map(([desc, finding, code]) => {
      const bytes = finding instanceof Uint8Array ? finding : formatFinding(finding);
      return makeVector('finding', { desc, wantCode: code }, { ...inputOf(bytes), ...RULES });
    });
}

function fileCases(): Case[] {
  const text = new TextDecoder().decode(formatFinding(contradiction(LOG, 2)));
  const damaged = (part: string, by: string): Uint8Array => encodeUtf8(swap(text, part, by));
  return [
    ['other version', damaged('"version":1', '"version":2'), 'FINDING_MALFORMED'],
    ['kind that is unknown', damaged('checkpoint-contradiction', 'rumour'), 'FINDING_MALFORMED'],
  ];
}

function forkCases(): Case[] {
  const fork = contradiction(LOG, 2);
  const evidence = fork.evidence as Contradiction;
  const change = (changes: Partial<Contradiction>): Finding => ({
    ...fork,
    evidence: { ...evidence, ...changes },
  });
  const [, us] = newNetwork().logs as [TestLog, TestLog];
  const [stranger] = makeNetwork({ regions: ['mars'] }).logs as [TestLog];
  for (const log of [us, stranger])
    for (const kind of ['deployment', 'evaluation'] as const) log.state(kind);
  return [
    ['two roots of one size', contradiction(LOG), 'CHECKPOINT_CONTRADICTION'],
    ['two roots of different sizes', fork, 'CHECKPOINT_CONTRADICTION'],
    ['two checkpoints that agree', change({ first: LOG.checkpoint(2) }), 'FINDING_UNPROVEN'],
    [
      'consistency proof one hash too long',
      change({ proof: [...evidence.proof, encodeBase64(new Uint8Array(32))] }),
      'FINDING_UNPROVEN',
    ],
    [
      'first root made up',
      change({ rootAtFirst: encodeBase64(otherTree(3).root()) }),
      'FINDING_UNPROVEN',
    ],
    [
      'checkpoint of another log as evidence',
      change({ first: us.checkpoint() }),
      'FINDING_UNPROVEN',
    ],
    ['checkpoint of a log that is unknown', contradiction(stranger), 'CHECKPOINT_ORIGIN_UNKNOWN'],
    [
      'checkpoint with another size',
      change({ second: swap(evidence.second, '\n4\n', '\n5\n') }),
      'CHECKPOINT_SIGNATURE_INVALID',
    ],
    [
      'checkpoint that the log did not sign',
      change({ first: swap(evidence.first, '\n— eu.', '\n— xu.') }),
      'CHECKPOINT_UNSIGNED',
    ],
  ];
}

function entryCases(): Case[] {
  const bad = logWith(resign('{}').entry);
  const finding = inadmissible(bad, 'STATEMENT_MALFORMED', [1]);
  const { entries } = finding.evidence as Inadmissible;
  const change = (changes: Partial<Inadmissible>): Finding => ({
    ...finding,
    evidence: { ...(finding.evidence as Inadmissible), ...changes },
  });
  const twice = logWith(M0, logWith().entries[0] as Uint8Array);
  return [
    ['entry that is no statement', finding, 'ENTRY_INADMISSIBLE'],
    ['entry logged twice', inadmissible(twice, 'ENTRY_DUPLICATE', [0, 2]), 'ENTRY_INADMISSIBLE'],
    ['one entry shown twice', inadmissible(LOG, 'ENTRY_DUPLICATE', [0, 0]), 'FINDING_UNPROVEN'],
    ['entry that is admissible', inadmissible(LOG, 'SIGNATURE_INVALID', [0]), 'FINDING_UNPROVEN'],
    ['refusal with another code', change({ code: 'KEY_UNKNOWN' }), 'FINDING_UNPROVEN'],
    [
      'entry that the log does not hold',
      change({ entries: entries.map((entry) => ({ ...entry, entry: 'e30=' })) }),
      'FINDING_UNPROVEN',
    ],
  ];
}

function meterCases(): Case[] {
  const [, second] = sampleStream(2);
  if (second === undefined) return [];
  const window = { start: '2026-10-01T08:05:00Z', end: '2026-10-01T08:15:00Z' };
  const overlap = signedEntry({ ...second, predicate: { ...second.predicate, window } }).entry;
  const subject = [{ name: 'other', digest: { sha256: digestOf('other') } }];
  const other = signedEntry({ ...second, subject }).entry;
  const forked = sampleStream(2, { context: { jurisdiction: 'FRA' } }).map(
    (statement) => signedEntry(statement).entry,
  );
  const all = (code: AttestryErrorCode, ...logged: Uint8Array[]): Finding => {
    const log = logWith(...logged);
    return inadmissible(
      log,
      code,
      log.entries.map((_, i) => i),
    );
  };
  return [
    ['missing number of a meter', all('STREAM_SEQUENCE_MISMATCH', M0, M2), 'ENTRY_INADMISSIBLE'],
    [
      'statement that does not commit to the one before',
      all('STREAM_PREVIOUS_MISMATCH', M0, forked[1] as Uint8Array),
      'ENTRY_INADMISSIBLE',
    ],
    [
      'windows of a meter that overlap',
      all('STREAM_WINDOW_OVERLAP', M0, overlap),
      'ENTRY_INADMISSIBLE',
    ],
    ['meter that changes its model', all('STREAM_MODEL_CHANGED', M0, other), 'ENTRY_INADMISSIBLE'],
    ['meter that continues', all('STREAM_SEQUENCE_MISMATCH', M0, M1), 'FINDING_UNPROVEN'],
    [
      'gap that the evidence made',
      inadmissible(LOG, 'STREAM_SEQUENCE_MISMATCH', [0, 1, 3]),
      'FINDING_UNPROVEN',
    ],
  ];
}

function servedCases(): Case[] {
  const log = logWith(signedEntry(sampleStatement('evaluation')).entry, M0);
  const finding = rootMismatch(log, 2);
  const evidence = finding.evidence as RootMismatch;
  const change = (changes: Partial<RootMismatch>): Finding => ({
    ...finding,
    evidence: { ...evidence, ...changes },
  });
  return [
    ['served hashes that miss the root', finding, 'FINDING_UNATTRIBUTED'],
    [
      'served hashes that give the root',
      change({ checkpoint: log.checkpoint() }),
      'FINDING_UNPROVEN',
    ],
    [
      'served hash of 31 bytes',
      change({ leafHashes: [encodeBase64(new Uint8Array(31))] }),
      'FINDING_UNPROVEN',
    ],
  ];
}

function witnessCases(): Case[] {
  const [witness, other] = WITNESSES as [NoteSigner, NoteSigner];
  const views = twoViews(LOG, witness, 2);
  const change = (changes: Partial<WitnessContradiction>): Finding => ({
    ...views,
    evidence: { ...(views.evidence as WitnessContradiction), ...changes },
  });
  const { first, second } = views.evidence as WitnessContradiction;
  const lineOf = (note: string): string => `${note.split('\n').at(-2)}\n`;
  return [
    ['witness that cosigned two histories', views, 'WITNESS_CONTRADICTION'],
    [
      'witness that cosigned one of two histories',
      change({ witness: other.vkey.name }),
      'FINDING_UNPROVEN',
    ],
    ['witness that nobody trusts', change({ witness: 'stranger.example' }), 'FINDING_UNPROVEN'],
    [
      'cosignature of a witness from another note',
      change({ first: swap(first, lineOf(first), lineOf(second)) }),
      'COSIGNATURE_INVALID',
    ],
    [
      'witness that cosigned less after more',
      wentBack(LOG, witness, { smaller: 2 }),
      'WITNESS_ROLLBACK',
    ],
    [
      'witness that cosigned less and more in one second',
      wentBack(LOG, witness, { smaller: 2, at: [NOW - 20, NOW - 20] }),
      'FINDING_UNPROVEN',
    ],
    [
      'witness that cosigned one size twice',
      wentBack(LOG, witness, { smaller: 4 }),
      'FINDING_UNPROVEN',
    ],
  ];
}
