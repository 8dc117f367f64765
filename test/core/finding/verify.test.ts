import { describe, expect, it } from 'vitest';
import { encodeBase64 } from '../../../src/core/bytes/base64.ts';
import { canonicalText } from '../../../src/core/bytes/json.ts';
import { formatTime } from '../../../src/core/bytes/time.ts';
import { encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import type {
  Contradiction,
  Finding,
  Inadmissible,
  RootMismatch,
} from '../../../src/core/finding/finding.ts';
import { verifyFinding } from '../../../src/core/finding/verify.ts';
import { fieldsOf, signEnvelope } from '../../../src/core/statement/envelope.ts';
import type { StatementOf } from '../../../src/core/statement/statement.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { contradiction, inadmissible, otherTree, rootMismatch } from '../../helpers/findings.ts';
import { makeNetwork, operatorSeed, signedEntry, type TestLog } from '../../helpers/fixtures.ts';
import { digestOf, NOW, sampleStatement, sampleStream } from '../../helpers/statements.ts';

type Usage = StatementOf<'usage'>;

const NETWORK = makeNetwork({ regions: ['eu', 'us'] });
const [LOG, OTHER] = NETWORK.logs as [TestLog, TestLog];
for (const log of NETWORK.logs) for (let i = 0; i < 6; i++) state(log, i);

function state(log: TestLog, i: number): number {
  return log.state('deployment', { predicate: { deploymentId: `deployment-${i}` } });
}

/** The code that a finding proves, or the one that it is refused with. */
const judged = (finding: Finding): string => {
  let proven = 'none';
  const refused = codeOf(() => {
    proven = verifyFinding(finding, NETWORK.rules).code;
  });
  return refused === 'none' ? proven : refused;
};

function withEvidence<E extends Finding['evidence']>(
  finding: Finding,
  changes: Partial<E>,
): Finding {
  return { ...finding, evidence: { ...(finding.evidence as E), ...changes } };
}

describe('verifyFinding on two checkpoints', () => {
  const fork = contradiction(LOG, 4);
  const change = (changes: Partial<Contradiction>): Finding => withEvidence(fork, changes);
  const evidence = fork.evidence as Contradiction;

  it('proves two histories of any two sizes', () => {
    for (let size = 1; size <= 6; size++) {
      expect(judged(contradiction(LOG, size))).toBe('CHECKPOINT_CONTRADICTION');
    }
    expect(verifyFinding(fork, NETWORK.rules)).toMatchObject({
      finding: fork,
      selfContained: true,
    });
  });

  it.each<[string, Finding]>([
    ['checkpoints that agree', change({ first: LOG.checkpoint(4) })],
    [
      'one checkpoint twice',
      withEvidence<Contradiction>(contradiction(LOG), { first: LOG.checkpoint() }),
    ],
    ['checkpoints in the wrong order', change({ first: evidence.second, second: evidence.first })],
    ['a proof that is cut', change({ proof: evidence.proof.slice(1) })],
    [
      'a proof one hash too long',
      change({ proof: [...evidence.proof, encodeBase64(new Uint8Array(32))] }),
    ],
    [
      'a hash of 31 bytes',
      change({ proof: evidence.proof.map(() => encodeBase64(new Uint8Array(31))) }),
    ],
    ['a root made up for the first', change({ rootAtFirst: encodeBase64(otherTree(9).root(4)) })],
    ['a root that is too short', change({ rootAtFirst: 'AAAA' })],
    ['the empty log against a larger one', change({ first: LOG.checkpoint(0), proof: [] })],
    ['two checkpoints of two logs', change({ first: OTHER.checkpoint(4) })],
    ['checkpoints of another log than accused', { ...fork, origin: OTHER.origin }],
  ])('takes %s for no proof', (_, finding) => {
    expect(judged(finding)).toBe('FINDING_UNPROVEN');
  });

  it('refuses checkpoints that the log did not sign', () => {
    const forged = evidence.first.replace('\n4\n', '\n3\n');
    expect(judged(change({ first: forged }))).toBe('CHECKPOINT_SIGNATURE_INVALID');
    expect(judged(change({ second: forged }))).toBe('CHECKPOINT_SIGNATURE_INVALID');
    const [stranger] = makeNetwork({ regions: ['mars'] }).logs as [TestLog];
    stranger.state('deployment');
    expect(judged(contradiction(stranger))).toBe('CHECKPOINT_ORIGIN_UNKNOWN');
    expect(judged(change({ first: 'x' }))).toBe('NOTE_MALFORMED');
  });
});

/** A log of the network with these entries and no others. */
function logOf(...entries: readonly Uint8Array[]): TestLog {
  const [log] = makeNetwork({ regions: ['eu', 'us'] }).logs as [TestLog];
  for (const entry of entries) log.append(entry);
  return log;
}

const usage = (...args: Parameters<typeof sampleStream>): Uint8Array[] =>
  sampleStream(...args).map((statement) => signedEntry(statement).entry);

describe('verifyFinding on an entry', () => {
  const deployment = (id: string): Uint8Array =>
    signedEntry(sampleStatement('deployment', { predicate: { deploymentId: id } })).entry;

  it('proves that admission refuses it, with the code that it says', () => {
    const seed = operatorSeed('operator-eu');
    for (const [entry, code] of [
      [encodeUtf8('{}'), 'ENVELOPE_MALFORMED'],
      [Uint8Array.of(0xff), 'INPUT_NOT_UTF8'],
      [new Uint8Array(0), 'JSON_MALFORMED'],
      [signEnvelope(encodeUtf8('{}'), [seed]).entry, 'STATEMENT_MALFORMED'],
      [signedEntry(sampleStatement('deployment'), [operatorSeed('stranger')]).entry, 'KEY_UNKNOWN'],
      [
        signedEntry(sampleStatement('deployment', { context: { log: OTHER.origin } })).entry,
        'STATEMENT_LOG_MISMATCH',
      ],
    ] as const) {
      const log = logOf(deployment('1'), entry);
      expect(judged(inadmissible(log, code, [1]))).toBe('ENTRY_INADMISSIBLE');
      expect(judged(inadmissible(log, 'KEY_MALFORMED', [1]))).toBe('FINDING_UNPROVEN');
    }
  });

  it('takes an admissible entry for no proof', () => {
    for (const code of ['SIGNATURE_INVALID', 'none', 'undefined']) {
      expect(judged(inadmissible(LOG, code, [0]))).toBe('FINDING_UNPROVEN');
    }
  });

  it('proves an entry that stands in the log twice', () => {
    const log = logOf(deployment('1'), deployment('2'), deployment('1'));
    expect(judged(inadmissible(log, 'ENTRY_DUPLICATE', [0, 2]))).toBe('ENTRY_INADMISSIBLE');
    expect(judged(inadmissible(log, 'ENTRY_DUPLICATE', [0, 1, 2]))).toBe('ENTRY_INADMISSIBLE');
    expect(judged(inadmissible(log, 'ENTRY_DUPLICATE', [1, 2]))).toBe('FINDING_UNPROVEN');
  });

  it('takes one entry shown twice for no proof that it stands in the log twice', () => {
    expect(judged(inadmissible(LOG, 'ENTRY_DUPLICATE', [1, 1]))).toBe('FINDING_UNPROVEN');
    expect(judged(inadmissible(LOG, 'ENTRY_DUPLICATE', [1, 0, 1]))).toBe('FINDING_UNPROVEN');
    const twice = logOf(deployment('1'), deployment('1'));
    expect(judged(inadmissible(twice, 'ENTRY_DUPLICATE', [1, 0]))).toBe('FINDING_UNPROVEN');
  });

  it.each<[string, (evidence: Inadmissible) => Partial<Inadmissible>]>([
    [
      'another index',
      ({ entries }) => ({ entries: entries.map((entry) => ({ ...entry, index: 0 })) }),
    ],
    [
      'an index beyond the log',
      ({ entries }) => ({ entries: entries.map((entry) => ({ ...entry, index: 9 })) }),
    ],
    [
      'a proof that is cut',
      ({ entries }) => ({
        entries: entries.map((entry) => ({ ...entry, proof: entry.proof.slice(1) })),
      }),
    ],
    [
      'another entry',
      ({ entries }) => ({ entries: entries.map((entry) => ({ ...entry, entry: 'AAAA' })) }),
    ],
  ])('takes an entry with %s for no proof', (_, damage) => {
    const finding = inadmissible(
      logOf(deployment('1'), encodeUtf8('{}')),
      'ENVELOPE_MALFORMED',
      [1],
    );
    expect(judged(finding)).toBe('ENTRY_INADMISSIBLE');
    const damaged = withEvidence<Inadmissible>(finding, damage(finding.evidence as Inadmissible));
    expect(judged(damaged)).toBe('FINDING_UNPROVEN');
  });

  it('judges a date by when the quorum saw it, with room for clocks that differ', () => {
    const dated = (issuedAt: number): Finding => {
      const context = { issuedAt: formatTime(issuedAt) };
      const log = logOf(signedEntry(sampleStatement('deployment', { context })).entry);
      const checkpoint = log.cosigned({ time: NOW - 5000 });
      return withEvidence<Inadmissible>(inadmissible(log, 'STATEMENT_TIME_FUTURE', [0]), {
        checkpoint,
      });
    };
    // 300 s that a node's clock may be ahead of the witnesses', and 300 s that it admits beyond its clock.
    expect(judged(dated(NOW - 4400))).toBe('FINDING_UNPROVEN');
    expect(judged(dated(NOW - 4399))).toBe('ENTRY_INADMISSIBLE');
  });

  it('asks for a checkpoint of the log that it accuses', () => {
    const finding = inadmissible(logOf(encodeUtf8('{}')), 'ENVELOPE_MALFORMED', [0]);
    expect(judged({ ...finding, origin: OTHER.origin })).toBe('FINDING_UNPROVEN');
    const { checkpoint } = finding.evidence as Inadmissible;
    const forged = withEvidence<Inadmissible>(finding, {
      checkpoint: checkpoint.replace('\n1\n', '\n2\n'),
    });
    expect(judged(forged)).toBe('CHECKPOINT_SIGNATURE_INVALID');
  });
});

describe('verifyFinding on a meter', () => {
  const [, second, third] = sampleStream(3) as [Usage, Usage, Usage];
  const [e0, e1, e2] = usage(3) as [Uint8Array, Uint8Array, Uint8Array];
  const between = signedEntry(sampleStatement('deployment')).entry;

  it('proves a missing number from the log’s start', () => {
    const log = logOf(between, e0, e2);
    expect(judged(inadmissible(log, 'STREAM_SEQUENCE_MISMATCH', [0, 1, 2]))).toBe(
      'ENTRY_INADMISSIBLE',
    );
    expect(judged(inadmissible(logOf(e1), 'STREAM_SEQUENCE_MISMATCH', [0]))).toBe(
      'ENTRY_INADMISSIBLE',
    );
  });

  it('proves a missing number from the stream’s previous statement on', () => {
    const log = logOf(between, e0, between, e2);
    expect(judged(inadmissible(log, 'STREAM_SEQUENCE_MISMATCH', [1, 2, 3]))).toBe(
      'ENTRY_INADMISSIBLE',
    );
  });

  it('proves it from any statement of the stream on, not only from the first', () => {
    const [, , , fourth] = usage(4) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    const log = logOf(between, e0, e1, between, fourth);
    expect(judged(inadmissible(log, 'STREAM_SEQUENCE_MISMATCH', [2, 3, 4]))).toBe(
      'ENTRY_INADMISSIBLE',
    );
    const whole = logOf(between, e0, e1, between, e2);
    expect(judged(inadmissible(whole, 'STREAM_SEQUENCE_MISMATCH', [2, 3, 4]))).toBe(
      'FINDING_UNPROVEN',
    );
  });

  it('takes nothing for a start of the stream at the start of the log but its number 0', () => {
    const log = logOf(e1, e2);
    expect(judged(inadmissible(log, 'STREAM_SEQUENCE_MISMATCH', [0, 1]))).toBe(
      'ENTRY_INADMISSIBLE',
    );
  });

  it('proves a fork, an overlap and a change of model', () => {
    const forked = sampleStream(3, { context: { jurisdiction: 'FRA' } })[2] as Usage;
    const window = { start: '2026-10-01T08:05:00Z', end: '2026-10-01T08:15:00Z' };
    const overlap = { ...second, predicate: { ...second.predicate, window } };
    const subject = [{ name: 'other', digest: { sha256: digestOf('other') } }];
    for (const [entries, code] of [
      [[e0, e1, signedEntry(forked).entry], 'STREAM_PREVIOUS_MISMATCH'],
      [[e0, signedEntry(overlap).entry], 'STREAM_WINDOW_OVERLAP'],
      [[e0, signedEntry({ ...second, subject }).entry], 'STREAM_MODEL_CHANGED'],
    ] as const) {
      const indexes = entries.map((_, i) => i);
      expect(judged(inadmissible(logOf(...entries), code, indexes))).toBe('ENTRY_INADMISSIBLE');
    }
  });

  it('takes a stream that continues for no proof', () => {
    const log = logOf(e0, between, e1, e2);
    for (const indexes of [
      [0, 1, 2, 3],
      [2, 3],
      [0, 1, 2],
    ]) {
      expect(judged(inadmissible(log, 'STREAM_SEQUENCE_MISMATCH', indexes))).toBe(
        'FINDING_UNPROVEN',
      );
    }
  });

  it('takes a gap that the evidence made itself for no proof', () => {
    const log = logOf(between, e0, e1, e2);
    for (const indexes of [[3], [1, 3], [0, 1, 3], [0, 3]]) {
      expect(judged(inadmissible(log, 'STREAM_SEQUENCE_MISMATCH', indexes))).toBe(
        'FINDING_UNPROVEN',
      );
    }
  });

  it('takes its own verdict for no refusal of admission', () => {
    const log = logOf(between, e0, e1, e2);
    expect(judged(inadmissible(log, 'FINDING_UNPROVEN', [3]))).toBe('FINDING_UNPROVEN');
  });

  it('takes the statement of another meter or operator for no start of the stream', () => {
    const [other] = usage(1, { meter: 'meter-2' }) as [Uint8Array];
    const log = logOf(e0, e1, other, e2);
    expect(judged(inadmissible(log, 'STREAM_SEQUENCE_MISMATCH', [2, 3]))).toBe('FINDING_UNPROVEN');
  });

  it('lets an entry that is inadmissible itself move no stream', () => {
    const forged = signedEntry(second, [operatorSeed('stranger')]).entry;
    const log = logOf(e0, forged, e1);
    expect(judged(inadmissible(log, 'STREAM_SEQUENCE_MISMATCH', [0, 1, 2]))).toBe(
      'FINDING_UNPROVEN',
    );
    expect(judged(inadmissible(log, 'KEY_UNKNOWN', [0, 1]))).toBe('ENTRY_INADMISSIBLE');
    const skipped = logOf(e0, forged, signedEntry(third).entry);
    expect(judged(inadmissible(skipped, 'STREAM_SEQUENCE_MISMATCH', [0, 1, 2]))).toBe(
      'ENTRY_INADMISSIBLE',
    );
  });
});

describe('verifyFinding on served hashes', () => {
  const finding = rootMismatch(LOG, 4);
  const evidence = finding.evidence as RootMismatch;
  const change = (changes: Partial<RootMismatch>): Finding => withEvidence(finding, changes);

  it('shows a fault and says that the blame is the word of the verifier', () => {
    for (let followed = 0; followed <= 6; followed++) {
      const { code, selfContained } = verifyFinding(rootMismatch(LOG, followed), NETWORK.rules);
      expect(code).toBe('FINDING_UNATTRIBUTED');
      expect(selfContained).toBe(false);
    }
  });

  it.each<[string, Finding]>([
    ['hashes that give the root', change({ checkpoint: LOG.checkpoint() })],
    ['too few leaves', change({ leafHashes: evidence.leafHashes.slice(1) })],
    ['too many leaves', change({ leafHashes: [...evidence.leafHashes, ...evidence.leafHashes] })],
    ['a frontier that does not fit its size', change({ frontierSize: 3 })],
    ['a frontier of another number of hashes', change({ frontier: [] })],
    [
      'a leaf hash of 31 bytes',
      change({ leafHashes: evidence.leafHashes.map(() => encodeBase64(new Uint8Array(31))) }),
    ],
    ['a frontier hash of 33 bytes', change({ frontier: [encodeBase64(new Uint8Array(33))] })],
    ['a checkpoint of another log', { ...finding, origin: OTHER.origin }],
  ])('takes %s for no proof', (_, changed) => {
    expect(judged(changed)).toBe('FINDING_UNPROVEN');
  });

  it('refuses a checkpoint that the log did not sign', () => {
    const checkpoint = evidence.checkpoint.replace('\n6\n', '\n7\n');
    expect(judged(change({ checkpoint }))).toBe('CHECKPOINT_SIGNATURE_INVALID');
  });
});

describe('verifyFinding on evidence', () => {
  it('keeps apart an envelope and its canonical bytes', () => {
    // The entry is what the log hashed; a pretty-printed envelope is another entry, and inadmissible.
    const envelope = signedEntry(sampleStatement('deployment'));
    const pretty = encodeUtf8(canonicalText(fieldsOf(envelope)).replace('{', '{ '));
    const log = logOf(pretty);
    expect(judged(inadmissible(log, 'JSON_NOT_CANONICAL', [0]))).toBe('ENTRY_INADMISSIBLE');
  });
});
