import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCanonicalJson } from '../../../src/core/bytes/json.ts';
import { formatTime } from '../../../src/core/bytes/time.ts';
import { formatReceipt, parseReceipt, type Receipt } from '../../../src/core/receipt/receipt.ts';
import { verifyReceipt } from '../../../src/core/receipt/verify.ts';
import { fieldsOf, parseEnvelope } from '../../../src/core/statement/envelope.ts';
import type { VerificationRules } from '../../../src/core/trust/quorum.ts';
import { systemHashes } from '../../../src/keys/openssl-hash.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { makeNetwork, signedEntry, type TestLog, TRUSTING_ENGINE } from '../../helpers/fixtures.ts';
import { accepted } from '../../helpers/hostile.ts';
import { naiveLeafHash } from '../../helpers/naive-tree.ts';
import { NOW, sampleStatement } from '../../helpers/statements.ts';

const { rules, logs, witnesses } = makeNetwork();
const [LOG, OTHER] = logs as [TestLog, TestLog];
for (let i = 0; i < 7; i++) {
  LOG.state('deployment', { predicate: { deploymentId: `deployment-${i}` } });
  OTHER.state('deployment', { predicate: { deploymentId: `deployment-${i}` } });
}
const RECEIPT = LOG.receipt(3);

const verdict = (receipt: Receipt, other: Partial<VerificationRules> = {}): string =>
  codeOf(() => verifyReceipt(receipt, { ...rules, ...other }));
const withProof = (proof: Partial<Receipt['proof']>): Receipt => ({
  ...RECEIPT,
  proof: { ...RECEIPT.proof, ...proof },
});
const PROOF = RECEIPT.proof.proof;

/** The receipt of one deployment alone in a log, issued and witnessed at these times. */
function receiptAt(issuedAt: number, witnessedAt: number): Receipt {
  const [log] = makeNetwork().logs as [TestLog];
  log.state('deployment', { context: { issuedAt: formatTime(issuedAt) } });
  return log.receipt(0, { time: witnessedAt });
}

describe('verifyReceipt', () => {
  it('gives the statement, its place and its witnesses', () => {
    const verified = verifyReceipt(RECEIPT, rules);
    expect(verified.statement.predicate).toMatchObject({ deploymentId: 'deployment-3' });
    expect(verified.index).toBe(3);
    expect(verified.entry).toBe(RECEIPT.envelope.entry);
    expect(verified.entryHash).toEqual(naiveLeafHash(RECEIPT.envelope.entry));
    expect(verified.checkpoint.checkpoint.size).toBe(7);
    expect(verified.checkpoint.cosignatures).toHaveLength(3);
  });

  it('accepts every entry under every checkpoint that covers it', () => {
    // Signatures are not what this is about, and noble takes its time.
    for (let size = 1; size <= 7; size++) {
      for (let index = 0; index < size; index++) {
        expect(verdict(LOG.receipt(index, { size }), { engine: TRUSTING_ENGINE })).toBe('none');
      }
    }
  });

  it.each<[string, Receipt, string]>([
    ['an entry at another index', withProof({ index: 2 }), 'INCLUSION_ROOT_MISMATCH'],
    ['an index beyond the log', withProof({ index: 7 }), 'INCLUSION_INDEX_OUT_OF_RANGE'],
    [
      'a proof one hash too long',
      withProof({ proof: [...PROOF, new Uint8Array(32)] }),
      'INCLUSION_LENGTH_WRONG',
    ],
    ['a proof one hash too short', withProof({ proof: PROOF.slice(1) }), 'INCLUSION_LENGTH_WRONG'],
    ['no proof', withProof({ proof: [] }), 'INCLUSION_LENGTH_WRONG'],
    [
      'hashes in another order',
      withProof({ proof: [...PROOF].reverse() }),
      'INCLUSION_ROOT_MISMATCH',
    ],
    [
      'a hash of 31 bytes',
      withProof({ proof: [...PROOF.slice(1), new Uint8Array(31)] }),
      'HASH_MALFORMED',
    ],
    [
      'the envelope of another entry',
      { ...RECEIPT, envelope: LOG.receipt(4).envelope },
      'INCLUSION_ROOT_MISMATCH',
    ],
    [
      'a checkpoint of another size',
      withProof({ checkpoint: LOG.cosigned({ size: 6 }) }),
      'INCLUSION_ROOT_MISMATCH',
    ],
    [
      'a checkpoint of another log',
      withProof({ checkpoint: OTHER.cosigned() }),
      'STATEMENT_LOG_MISMATCH',
    ],
    ['a checkpoint without witnesses', withProof({ checkpoint: LOG.checkpoint() }), 'QUORUM_SHORT'],
    [
      'a checkpoint with too few witnesses',
      LOG.receipt(3, { witnesses: witnesses.slice(0, 2) }),
      'QUORUM_SHORT',
    ],
    ['a checkpoint that is no note', withProof({ checkpoint: 'checkpoint\n' }), 'NOTE_MALFORMED'],
    [
      'cosignatures from the future',
      LOG.receipt(3, { time: NOW + 301 }),
      'COSIGNATURE_TIME_FUTURE',
    ],
  ])('refuses %s', (_, receipt, code) => {
    expect(verdict(receipt)).toBe(code);
  });

  it('refuses a statement dated after the witnesses saw it', () => {
    expect(verdict(receiptAt(NOW - 1000, NOW - 1000))).toBe('none');
    expect(verdict(receiptAt(NOW - 700, NOW - 1000))).toBe('none');
    expect(verdict(receiptAt(NOW - 699, NOW - 1000))).toBe('STATEMENT_TIME_FUTURE');
    expect(verdict(receiptAt(NOW + 301, NOW))).toBe('STATEMENT_TIME_FUTURE');
    expect(verdict(receiptAt(NOW + 301, NOW + 300))).toBe('STATEMENT_TIME_FUTURE');
  });

  it('refuses a checkpoint that is older than asked for', () => {
    expect(verdict(RECEIPT, { maxAge: 60 })).toBe('none');
    expect(verdict(RECEIPT, { maxAge: 59 })).toBe('CHECKPOINT_STALE');
  });

  it('refuses the signature before it reads the payload, and the payload before the checkpoint', () => {
    const signatures = RECEIPT.envelope.signatures.map(({ keyid }) => ({
      keyid,
      signature: new Uint8Array(64),
    }));
    const fields = fieldsOf({ ...RECEIPT.envelope, signatures });
    const envelope = parseEnvelope(formatCanonicalJson(fields));
    const file = formatReceipt({ ...RECEIPT, envelope });
    expect(verdict(parseReceipt(file))).toBe('SIGNATURE_INVALID');
    const foreign = signedEntry(sampleStatement('deployment', { context: { log: OTHER.origin } }));
    expect(verdict({ ...withProof({ checkpoint: LOG.checkpoint() }), envelope: foreign })).toBe(
      'STATEMENT_LOG_MISMATCH',
    );
  });

  it('has the same verdict by the hashes of OpenSSL, whatever is changed', () => {
    const bytes = formatReceipt(RECEIPT);
    const trusting = { engine: TRUSTING_ENGINE };
    const codes = new Set<string>();
    for (let at = 0; at < bytes.length; at += 7) {
      const receipt = accepted(() =>
        parseReceipt(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))),
      );
      if (receipt === undefined) continue;
      const code = verdict(receipt, trusting);
      expect(verdict(receipt, { ...trusting, hashes: systemHashes }), `byte ${at}`).toBe(code);
      codes.add(code);
    }
    expect(codes).toContain('INCLUSION_ROOT_MISMATCH');
    expect(verifyReceipt(RECEIPT, { ...rules, hashes: systemHashes })).toEqual(
      verifyReceipt(RECEIPT, rules),
    );
  });

  it('refuses any other byte in place of one of the receipt', () => {
    const bytes = formatReceipt(RECEIPT);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = bytes.map((byte, i) => (i === at ? byte ^ flip : byte));
        const code = codeOf(() => verifyReceipt(parseReceipt(damaged), rules));
        // A changed name or key ID of a witness makes it a stranger, and the quorum short.
        expect(code).not.toBe('none');
      }),
      { numRuns: 60 },
    );
  });
});
