/** Dossiers that leave something out, put something in, or show what went wrong. */
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import {
  type Dossier,
  type DossierEntry,
  type DossierLog,
  formatDossier,
} from '../../src/core/dossier/dossier.ts';
import type { Finding } from '../../src/core/finding/finding.ts';
import type { AttestryErrorCode } from '../../src/errors.ts';
import { contradiction, rootMismatch } from '../../test/helpers/findings.ts';
import {
  makeNetwork,
  signedEntry,
  type TestLog,
  type TestNetwork,
} from '../../test/helpers/fixtures.ts';
import { naiveLeafHash } from '../../test/helpers/naive-tree.ts';
import { digestOf, MODEL, NOW, sampleStream } from '../../test/helpers/statements.ts';
import { newNetwork, RULES, swap } from './network.ts';
import { inputOf, makeVector, type VectorFile } from './vector.ts';

type Case = readonly [
  desc: string,
  dossier: Dossier | Uint8Array,
  code: AttestryErrorCode | null,
  rules?: object,
];
type ShownLog = Extract<DossierLog, { checkpoint: string }>;

const NETWORK = networkWith((eu, us) => {
  eu.state('deployment');
  eu.state('deployment', { model: digestOf('other') });
  us.state('evaluation');
});
const [EU, US] = NETWORK.logs as [TestLog, TestLog];
const DOSSIER = NETWORK.dossier(MODEL);
const [SHOWN, OTHER] = DOSSIER.logs as [ShownLog, ShownLog];
const [ENTRY] = SHOWN.entries as [DossierEntry];

export function dossierVectors(): VectorFile[] {
  return [...fileCases(), ...logCases(), ...entryCases(), ...historyCases(), ...findingCases()].map(
    ([desc, dossier, code, rules = {}]) => {
      const bytes = dossier instanceof Uint8Array ? dossier : formatDossier(dossier);
      return makeVector(
        'dossier',
        { desc, wantCode: code },
        { ...inputOf(bytes), ...RULES, ...rules },
      );
    },
  );
}

function fileCases(): Case[] {
  const text = new TextDecoder().decode(formatDossier(DOSSIER));
  const damaged = (part: string, by: string): Uint8Array => encodeUtf8(swap(text, part, by));
  return [
    ['good dossier', DOSSIER, null],
    ['other version', damaged('"version":1', '"version":2'), 'DOSSIER_MALFORMED'],
    [
      'entries without a checkpoint',
      damaged(`"checkpoint":${JSON.stringify(SHOWN.checkpoint)},`, ''),
      'DOSSIER_MALFORMED',
    ],
    ['index of 2^53+1', damaged('"index":0', '"index":9007199254740993'), 'JSON_NUMBER_UNSAFE'],
    ['finding that is none', damaged('"findings":[]', '"findings":[{}]'), 'FINDING_MALFORMED'],
  ];
}

function logCases(): Case[] {
  const [stranger] = makeNetwork({ regions: ['mars'] }).logs as [TestLog];
  stranger.state('deployment');
  return [
    ['log left out', { ...DOSSIER, logs: [OTHER] }, 'DOSSIER_LOG_MISSING'],
    ['log twice', { ...DOSSIER, logs: [SHOWN, SHOWN, OTHER] }, 'DOSSIER_MALFORMED'],
    [
      'log that the trust root does not name',
      { ...DOSSIER, logs: [...DOSSIER.logs, stranger.dossierLog(MODEL)] },
      'CHECKPOINT_ORIGIN_UNKNOWN',
    ],
    [
      'checkpoint of another log',
      withLog({ checkpoint: US.cosigned(), entries: [] }),
      'DOSSIER_MALFORMED',
    ],
    ['checkpoint without witnesses', withLog({ checkpoint: EU.checkpoint() }), 'QUORUM_SHORT'],
    ['older than asked for', DOSSIER_OLD, 'CHECKPOINT_STALE', { maxAge: 600 }],
  ];
}

function entryCases(): Case[] {
  const [foreign] = (EU.dossierLog(digestOf('other')) as ShownLog).entries as [DossierEntry];
  return [
    ['entry about another model', withLog({ entries: [ENTRY, foreign] }), 'DOSSIER_MODEL_MISMATCH'],
    ['entry shown twice', withLog({ entries: [ENTRY, ENTRY] }), 'DOSSIER_MALFORMED'],
    [
      'hash of 33 bytes',
      withLog({ entries: [{ ...ENTRY, proof: [new Uint8Array(33)] }] }),
      'HASH_MALFORMED',
    ],
    [
      'proof one hash too long',
      withLog({ entries: [{ ...ENTRY, proof: [...ENTRY.proof, new Uint8Array(32)] }] }),
      'INCLUSION_LENGTH_WRONG',
    ],
    ['no statement anywhere', NETWORK.dossier(digestOf('unknown')), 'MODEL_UNKNOWN'],
  ];
}

function historyCases(): Case[] {
  const metered = networkWith((eu) => meter(eu, 3)).dossier(MODEL);
  const [first, ...rest] = metered.logs as [ShownLog, ShownLog];
  const window = { start: '2026-10-01T08:05:00Z', end: '2026-10-01T08:15:00Z' };
  const overlapping = networkWith((eu) => {
    meter(eu, 1);
    const [, second] = sampleStream(2);
    if (second === undefined) return;
    eu.append(signedEntry({ ...second, predicate: { ...second.predicate, window } }).entry);
  });
  const forked = networkWith((eu) => {
    meter(eu, 1);
    const [, second] = sampleStream(2, { context: { jurisdiction: 'FRA' } });
    if (second !== undefined) eu.append(signedEntry(second).entry);
  });
  return [
    ['good dossier with a meter', metered, null],
    [
      'usage statement left out',
      {
        ...metered,
        logs: [{ ...first, entries: first.entries.filter(({ index }) => index !== 1) }, ...rest],
      },
      'STREAM_SEQUENCE_MISMATCH',
    ],
    ['usage statement of another history', forked.dossier(MODEL), 'STREAM_PREVIOUS_MISMATCH'],
    ['usage windows that overlap', overlapping.dossier(MODEL), 'STREAM_WINDOW_OVERLAP'],
    [
      'entry logged twice',
      networkWith((eu) => {
        eu.state('deployment');
        eu.state('deployment');
      }).dossier(MODEL),
      'ENTRY_DUPLICATE',
    ],
    [
      'model withdrawn',
      networkWith((eu) => {
        eu.state('deployment');
        eu.state('revocation');
      }).dossier(MODEL),
      'MODEL_WITHDRAWN',
    ],
    [
      'statement withdrawn',
      networkWith((eu) => {
        eu.state('deployment');
        const entryHash = encodeHex(naiveLeafHash(eu.entries[0] as Uint8Array));
        eu.state('revocation', { predicate: { target: { scope: 'entry', entryHash } } });
      }).dossier(MODEL),
      'STATEMENT_WITHDRAWN',
    ],
  ];
}

function findingCases(): Case[] {
  const withFinding = (finding: Finding): Dossier => ({ ...DOSSIER, findings: [finding] });
  const false_ = { ...contradiction(EU), origin: US.origin };
  return [
    ['log that signed two histories', withFinding(contradiction(EU)), 'CHECKPOINT_CONTRADICTION'],
    ['accusation of another log', withFinding(false_), 'FINDING_UNPROVEN'],
    ['served hashes that miss the root', withFinding(rootMismatch(EU, 1)), 'FINDING_UNATTRIBUTED'],
  ];
}

function networkWith(fill: (eu: TestLog, us: TestLog) => void): TestNetwork {
  const network = newNetwork();
  const [eu, us] = network.logs as [TestLog, TestLog];
  fill(eu, us);
  return network;
}

function meter(log: TestLog, count: number): void {
  for (const statement of sampleStream(count)) log.append(signedEntry(statement).entry);
}

function withLog(changes: Partial<ShownLog>): Dossier {
  return { ...DOSSIER, logs: [{ ...SHOWN, ...changes }, OTHER] };
}

const DOSSIER_OLD: Dossier = withLog({ checkpoint: EU.cosigned({ time: NOW - 1200 }) });
