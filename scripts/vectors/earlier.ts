/** Dossiers under a trust root in which a key has ended: what it signed before is shown under an earlier checkpoint. */
import { type Dossier, type DossierEntry, formatDossier } from '../../src/core/dossier/dossier.ts';
import type { EarlierCheckpoint, EarlierSighting } from '../../src/core/dossier/earlier.ts';
import type { AttestryErrorCode } from '../../src/errors.ts';
import {
  END,
  earlierCheckpoint,
  endedKeyDossier,
  endedKeyNetwork,
  sighting,
} from '../../test/helpers/ended-key.ts';
import { TestLog } from '../../test/helpers/fixtures.ts';
import { signTrust } from '../../test/helpers/signed-trust.ts';
import { NOW } from '../../test/helpers/statements.ts';
import type { ShownLog } from '../../test/helpers/tallied-network.ts';
import { RULES } from './network.ts';
import { inputOf, makeVector, type VectorFile } from './vector.ts';

const TRUST_PATH = 'trust-root-key-ended.json';
const NETWORK = endedKeyNetwork();
const [EU] = NETWORK.logs as [TestLog];
const DOSSIER = endedKeyDossier(NETWORK);
const [SHOWN, OTHER] = DOSSIER.logs as [ShownLog, ShownLog];
const [FIRST, ...MORE] = SHOWN.entries as [DossierEntry, DossierEntry, DossierEntry];
const [EARLIER] = SHOWN.earlier as [EarlierCheckpoint];

export function earlierVectors(): VectorFile[] {
  const cases: readonly (readonly [string, Dossier, AttestryErrorCode | null])[] = [
    ['entries seen before their key ended', DOSSIER, null],
    ['earlier checkpoint of the newest tree', newestTree(), null],
    ...checkpointCases(),
    ...sightingCases(),
  ];
  return [
    { path: TRUST_PATH, text: new TextDecoder().decode(signTrust(NETWORK.file)) },
    ...cases.map(([desc, dossier, wantCode]) =>
      makeVector(
        'dossier',
        { desc, wantCode },
        { ...inputOf(formatDossier(dossier)), ...RULES, trust: TRUST_PATH },
      ),
    ),
  ];
}

function checkpointCases(): [string, Dossier, AttestryErrorCode][] {
  const twoWitnesses = NETWORK.witnesses.slice(0, 2);
  return [
    [
      'earlier checkpoint without the quorum',
      under(earlierCheckpoint(EU, { size: 3, witnesses: twoWitnesses })),
      'QUORUM_SHORT',
    ],
    [
      'earlier checkpoint of another log',
      under({ ...EARLIER, checkpoint: logOf('us', EU.entries).cosigned(BEFORE) }),
      'DOSSIER_MALFORMED',
    ],
    ['earlier checkpoint larger than the newest', larger(), 'DOSSIER_MALFORMED'],
    [
      'earlier checkpoint that is not earlier',
      under(earlierCheckpoint(EU, { size: 3, time: NOW - 60 })),
      'DOSSIER_MALFORMED',
    ],
    [
      'earlier checkpoint that no entry names',
      withLog({ earlier: [earlierCheckpoint(EU, { size: 2 }), EARLIER] }),
      'DOSSIER_MALFORMED',
    ],
    ['earlier checkpoint twice', withLog({ earlier: [EARLIER, EARLIER] }), 'DOSSIER_MALFORMED'],
    ['list of no earlier checkpoints', noList(), 'DOSSIER_MALFORMED'],
    ['earlier checkpoint of another history', forked(), 'CONSISTENCY_ROOT_MISMATCH'],
    [
      'earlier checkpoint with a proof one hash short',
      under({ ...EARLIER, proof: EARLIER.proof.slice(1) }),
      'CONSISTENCY_LENGTH_WRONG',
    ],
  ];
}

function sightingCases(): [string, Dossier, AttestryErrorCode][] {
  const afterTheEnd = earlierCheckpoint(EU, { size: 3, time: END });
  return [
    [
      'earlier sighting with the proof of another entry',
      seen(sighting(EU, 1, 3)),
      'INCLUSION_ROOT_MISMATCH',
    ],
    [
      'earlier sighting with a proof one hash too long',
      seen({ size: 3, proof: [...sighting(EU, 0, 3).proof, new Uint8Array(32)] }),
      'INCLUSION_LENGTH_WRONG',
    ],
    [
      'earlier sighting under a checkpoint that is not there',
      seen(sighting(EU, 0, 2)),
      'DOSSIER_MALFORMED',
    ],
    [
      'entry whose key had ended before the earlier checkpoint too',
      withLog({ earlier: [afterTheEnd], entries: [FIRST, ...MORE.slice(1)] }),
      'KEY_OUT_OF_WINDOW',
    ],
    [
      'entry of a key that has ended without an earlier checkpoint',
      { ...DOSSIER, logs: [logOf('eu', EU.entries.slice(0, 1)).dossierLog(DOSSIER.model), OTHER] },
      'KEY_OUT_OF_WINDOW',
    ],
  ];
}

const BEFORE = { size: 3, time: END - 600 };

function withLog(changes: Partial<ShownLog>): Dossier {
  return { ...DOSSIER, logs: [{ ...SHOWN, ...changes }, OTHER] };
}

/** The sample under another earlier checkpoint. */
function under(earlier: EarlierCheckpoint): Dossier {
  return withLog({ earlier: [earlier] });
}

/** The sample with another earlier sighting of its first entry. */
function seen(earlier: EarlierSighting): Dossier {
  return withLog({ entries: [{ ...FIRST, earlier }, ...MORE] });
}

function logOf(region: string, entries: readonly Uint8Array[]): TestLog {
  const log = new TestLog(region, NETWORK.witnesses.slice(0, 3));
  for (const entry of entries) log.append(entry);
  return log;
}

/** The log has not grown since before the key ended, and its checkpoint has been witnessed again. */
function newestTree(): Dossier {
  const earlier = [earlierCheckpoint(EU, { size: 4 })];
  return withLog({ earlier, entries: [{ ...FIRST, earlier: sighting(EU, 0, 4) }] });
}

function larger(): Dossier {
  return withLog({
    checkpoint: EU.cosigned({ size: 3 }),
    earlier: [{ ...earlierCheckpoint(EU, { size: 4 }), proof: [] }],
    entries: [{ ...FIRST, proof: EU.tree.path(0, 3), earlier: sighting(EU, 0, 4) }],
  });
}

function noList(): Dossier {
  return withLog({ earlier: [], entries: MORE.slice(1) });
}

function forked(): Dossier {
  const [first, , third] = EU.entries as [Uint8Array, Uint8Array, Uint8Array];
  const fork = logOf('eu', [first, third, third]);
  const earlier = [{ ...EARLIER, checkpoint: fork.cosigned(BEFORE) }];
  return withLog({ earlier, entries: [{ ...FIRST, earlier: sighting(fork, 0, 3) }] });
}
