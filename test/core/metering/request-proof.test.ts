import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatBuckets } from '../../../src/core/metering/buckets.ts';
import {
  formatRequestProof,
  parseRequestProof,
  type RequestProof,
  verifyRequestProof,
} from '../../../src/core/metering/request-proof.ts';
import type { UsageReceipt } from '../../../src/core/metering/usage-receipt.ts';
import { opensslEngine } from '../../../src/keys/openssl-engine.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { makeNetwork, type TestLog } from '../../helpers/fixtures.ts';
import { hostileBytes } from '../../helpers/hostile.ts';
import {
  bucketsOf,
  logWindow,
  signedUsageReceipt,
  usageReceiptAt,
  usageReceipts,
} from '../../helpers/metered-window.ts';
import { digestOf } from '../../helpers/statements.ts';

const NETWORK = makeNetwork({ regions: ['eu', 'us'] });
const [EU] = NETWORK.logs as [TestLog];
const RULES = { ...NETWORK.rules, engine: opensslEngine };

const COUNT = 11;
const RECEIPTS = usageReceipts(EU, COUNT);
EU.state('deployment');
const WINDOW = logWindow(EU, RECEIPTS);
const NEXT = logWindow(EU, usageReceipts(EU, 3, 1), { sequence: 1, previous: WINDOW.digest });
const PROOFS = WINDOW.proofs();
const PROOF = PROOFS[4] as RequestProof;

const verdict = (proof: RequestProof): string => codeOf(() => verifyRequestProof(proof, RULES));

/** The proof of request 4 with another receipt, signed by the operator. */
function withReceipt(changes: Partial<UsageReceipt>): RequestProof {
  const receipt = usageReceiptAt(EU, { sequence: 0, index: 4 }, changes);
  return { ...PROOF, receipt: signedUsageReceipt(EU, receipt) };
}

describe('verifyRequestProof', () => {
  it('gives every request and its window', () => {
    for (const [index, proof] of PROOFS.entries()) {
      const { receipt, window } = verifyRequestProof(proof, RULES);
      expect(receipt).toEqual(usageReceiptAt(EU, { sequence: 0, index }));
      expect(window.index).toBe(WINDOW.index);
      expect(window.statement.predicate.quantities.requests).toBe(`${COUNT}`);
    }
  });

  it.each<[string, Partial<UsageReceipt>]>([
    ['more tokens', { quantities: formatBuckets(bucketsOf(5)) }],
    ['another request id', { requestId: 'request-x' }],
    ['another time in the window', { at: '2026-10-01T08:00:05Z' }],
    ['another due time', { due: '2026-10-02T08:00:05Z' }],
  ])('refuses a receipt that states %s than the leaf', (_, changes) => {
    expect(verdict(withReceipt(changes))).toBe('REQUEST_TREE_MISMATCH');
  });

  it.each<[string, Partial<UsageReceipt>]>([
    ['another meter', { meter: 'meter-2' }],
    ['another window', { window: { sequence: 1, index: 4 } }],
    ['another model', { model: digestOf('other') }],
    ['a time before the window', { at: '2026-10-01T07:59:59Z' }],
    ['a time when the window is over', { at: '2026-10-01T08:10:00Z' }],
    ['a number that the window does not have', { window: { sequence: 0, index: COUNT } }],
  ])('refuses a receipt of %s', (_, changes) => {
    expect(verdict(withReceipt(changes))).toBe('REQUEST_WINDOW_MISMATCH');
  });

  it('refuses a request shown at another place', () => {
    const code = verdict(withReceipt({ window: { sequence: 0, index: 5 } }));
    expect(code).toBe('REQUEST_TREE_MISMATCH');
    const shorter = verdict(withReceipt({ window: { sequence: 0, index: COUNT - 1 } }));
    expect(shorter).toBe('REQUEST_PROOF_INVALID');
  });

  it('refuses the window of other requests', () => {
    const [other] = NEXT.proofs() as [RequestProof];
    expect(verdict({ ...PROOF, window: other.window })).toBe('REQUEST_WINDOW_MISMATCH');
  });

  it('refuses a window that is not a usage statement, or commits to no requests', () => {
    const log = makeNetwork().logs[0] as TestLog;
    const deployment = log.receipt(log.state('deployment'));
    expect(verdict({ ...PROOF, window: deployment })).toBe('REQUEST_WINDOW_MISMATCH');
    const { requestTree: _, ...bare } = WINDOW.statement.predicate;
    const usage = log.receipt(log.state('usage', { predicate: bare }));
    expect(verdict({ ...PROOF, window: usage })).toBe('REQUEST_WINDOW_MISMATCH');
  });

  it('refuses a window that too few witnesses have seen', () => {
    const window = EU.receipt(WINDOW.index, { witnesses: NETWORK.witnesses.slice(0, 2) });
    expect(verdict({ ...PROOF, window })).toBe('QUORUM_SHORT');
  });

  it('refuses a receipt that the operator has not signed', () => {
    const signature = Uint8Array.from(PROOF.receipt.signature);
    signature[3] = (signature[3] as number) ^ 1;
    const receipt = { ...PROOF.receipt, signature };
    expect(verdict({ ...PROOF, receipt })).toBe('SIGNATURE_INVALID');
  });
});

describe('parseRequestProof', () => {
  const bytes = formatRequestProof(PROOF);

  it('gives back what was formatted', () => {
    expect(parseRequestProof(bytes)).toEqual(PROOF);
    expect(formatRequestProof(parseRequestProof(bytes))).toEqual(bytes);
  });

  it('refuses, or verification does, a file with any one bit changed', () => {
    let refused = 0;
    for (let at = 0; at < bytes.length; at += 5) {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] as number) ^ (1 << (at % 7));
      expect(codeOf(() => verifyRequestProof(parseRequestProof(changed), RULES))).not.toBe('none');
      refused++;
    }
    console.info(`parseRequestProof and verifyRequestProof refused ${refused} changed files.`);
  });

  it('throws an error of its own or gives back the same bytes, whatever comes', () => {
    fc.assert(
      fc.property(hostileBytes(bytes), (hostile) => {
        let formatted: unknown;
        const code = codeOf(() => {
          formatted = formatRequestProof(parseRequestProof(hostile));
        });
        if (code === 'none') expect(formatted).toEqual(hostile);
      }),
    );
  });
});
