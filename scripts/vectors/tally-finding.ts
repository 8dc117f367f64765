/** Findings against tallies, and dossiers that tallies prove complete, under a trust root that asks for two verifiers. */
import { type Dossier, formatDossier } from '../../src/core/dossier/dossier.ts';
import { type Finding, formatFinding } from '../../src/core/finding/finding.ts';
import { encodeKey } from '../../src/core/tally/key.ts';
import type { TallyLeaf } from '../../src/core/tally/node.ts';
import type { AttestryErrorCode } from '../../src/errors.ts';
import type { TestLog } from '../../test/helpers/fixtures.ts';
import { MemoryTally } from '../../test/helpers/memory-tally.ts';
import { testSigner } from '../../test/helpers/signed-log.ts';
import { signTrust } from '../../test/helpers/signed-trust.ts';
import { digestOf, MODEL, NOW } from '../../test/helpers/statements.ts';
import {
  leavesOfLog,
  makeTalliedNetwork,
  talliedDossier,
  talliedLog,
  tallyNote,
  VERIFIERS,
} from '../../test/helpers/tallied-network.ts';
import { TallyAccuser } from '../../test/helpers/tally-findings.ts';
import { inputOf, makeVector, type VectorFile } from './vector.ts';

const TALLIED_PATH = 'trust-root-tallied.json';
const NETWORK = makeTalliedNetwork({ regions: ['eu', 'us'] });
const [EU, US] = NETWORK.logs as [TestLog, TestLog];
for (const log of NETWORK.logs) {
  for (const kind of ['training', 'usage', 'evaluation'] as const) log.state(kind);
}
const RIGHT = leavesOfLog(EU);
const [TRAINING, USAGE, EVALUATION] = RIGHT as [TallyLeaf, TallyLeaf, TallyLeaf];
const INFLATED = { ...USAGE, sums: USAGE.sums.map((sum) => sum + 1n) };
const WITHOUT_LAST = RIGHT.slice(0, -1);

type Code = AttestryErrorCode | null;

export function talliedVectors(): VectorFile[] {
  const rules = { trust: TALLIED_PATH, now: NOW };
  return [
    { path: TALLIED_PATH, text: new TextDecoder().decode(signTrust(NETWORK.file)) },
    ...[...leafCases(), ...sumCases()].map(([desc, finding, wantCode]) =>
      makeVector('finding', { desc, wantCode }, { ...inputOf(formatFinding(finding)), ...rules }),
    ),
    ...dossierCases().map(([desc, dossier, wantCode]) =>
      makeVector('dossier', { desc, wantCode }, { ...inputOf(formatDossier(dossier)), ...rules }),
    ),
  ];
}

function leafCases(): (readonly [string, Finding, Code])[] {
  const accuser = new TallyAccuser(EU);
  const last = { key: EVALUATION.key, index: 2 };
  const used = { key: USAGE.key, index: 1 };
  const invented = encodeKey({ model: digestOf('other'), kind: 'usage', hour: 497_000, index: 1 });
  const signer = testSigner(EU.origin, 1, 'a stranger');
  const strange = tallyNote(EU, new MemoryTally(WITHOUT_LAST), { verifiers: [], signer });
  const earlier = tallyNote(EU, new MemoryTally(leavesOfLog(EU, 2)), {
    verifiers: [],
    head: { size: 2 },
  });
  const of = accuser.contradiction.bind(accuser);
  return [
    ['tally that leaves out a statement', of(WITHOUT_LAST, last), 'TALLY_CONTRADICTION'],
    ['tally with inflated sums', of(RIGHT.with(1, INFLATED), used), 'TALLY_CONTRADICTION'],
    [
      'tally with a statement that is invented',
      of([...RIGHT, { ...USAGE, key: invented }], { key: invented, index: 1 }),
      'TALLY_CONTRADICTION',
    ],
    ['tally that is right', of(RIGHT, last), 'FINDING_UNPROVEN'],
    [
      'right tally of fewer entries',
      of(leavesOfLog(EU, 2), last, { tally: earlier }),
      'FINDING_UNPROVEN',
    ],
    [
      'tally note that the log did not sign',
      of(WITHOUT_LAST, last, { tally: strange }),
      'TALLY_NOTE_UNSIGNED',
    ],
    [
      'tally contradiction with a key of two bytes',
      of(WITHOUT_LAST, last, { key: 'AAA=' }),
      'FINDING_UNPROVEN',
    ],
    [
      'tally contradiction with the entry of another index',
      of(RIGHT.with(1, INFLATED), { key: USAGE.key, index: 0 }),
      'INCLUSION_ROOT_MISMATCH',
    ],
    [
      'tally contradiction with the proof of another key',
      of(RIGHT, { key: TRAINING.key, index: 0 }, { proof: proofOf(of(RIGHT, last)) }),
      'TALLY_PROOF_INVALID',
    ],
    [
      'tally contradiction without a proof',
      of(WITHOUT_LAST, last, { proof: '' }),
      'TALLY_ROOT_MISMATCH',
    ],
  ];
}

function proofOf({ evidence }: Finding): string {
  if (evidence.kind !== 'tally-contradiction')
    throw new TypeError('Expected a tally contradiction.');
  return evidence.proof;
}

function sumCases(): (readonly [string, Finding, Code])[] {
  const accuser = new TallyAccuser(EU);
  const { sums = [] as readonly bigint[] } = new MemoryTally(RIGHT).root ?? {};
  const inflated = { sums: sums.with(0, 99n) };
  const right = accuser.sums({});
  return [
    ['tally note with a wrong count', accuser.sums({ count: 99 }), 'TALLY_CONTRADICTION'],
    ['tally note with a wrong sum', accuser.sums(inflated), 'TALLY_CONTRADICTION'],
    ['tally note that is right', right, 'FINDING_UNPROVEN'],
    [
      'tally note with the proof of another tally',
      accuser.sums(inflated, RIGHT.slice(1)),
      'TALLY_ROOT_MISMATCH',
    ],
    [
      'tally note of another log as evidence',
      { ...accuser.sums(inflated), origin: US.origin },
      'TALLY_NOTE_UNSIGNED',
    ],
    [
      'tally note of a log that is unknown',
      { ...accuser.sums(inflated), origin: 'stranger.example' },
      'FINDING_UNPROVEN',
    ],
  ];
}

function dossierCases(): (readonly [string, Dossier, Code])[] {
  const good = talliedDossier(NETWORK, MODEL);
  const [eu, us] = good.logs as [(typeof good.logs)[0], (typeof good.logs)[0]];
  const withEu = (changes: object): Dossier => ({ ...good, logs: [{ ...eu, ...changes }, us] });
  const shown = talliedLog(EU, MODEL);
  const twoEntries = { head: { size: 2 }, leaves: leavesOfLog(EU, 2) };
  const earlier = talliedLog(EU, MODEL, twoEntries).tally;
  return [
    ['good dossier with tallies', good, null],
    [
      'tally that one verifier of two has cosigned',
      withEu(talliedLog(EU, MODEL, { verifiers: VERIFIERS.slice(1) })),
      'VERIFIER_QUORUM_SHORT',
    ],
    [
      'tally of fewer entries than the checkpoint',
      withEu({ tally: earlier }),
      'TALLY_CHECKPOINT_MISMATCH',
    ],
    ['log without a tally', withEu({ tally: undefined }), 'TALLY_MISSING'],
    [
      'statement hidden from the dossier and not from the tally',
      withEu({ entries: shown.entries.slice(0, -1) }),
      'DOSSIER_INCOMPLETE',
    ],
    [
      'statement hidden from the tally and not from the dossier',
      withEu(talliedLog(EU, MODEL, { leaves: WITHOUT_LAST })),
      'DOSSIER_INCOMPLETE',
    ],
    [
      'proof from the tally of another log',
      withEu({ tally: { ...shown.tally, proof: talliedLog(US, MODEL).tally?.proof } }),
      'TALLY_ROOT_MISMATCH',
    ],
  ];
}
