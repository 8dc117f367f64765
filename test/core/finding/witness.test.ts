import { describe, expect, it } from 'vitest';
import type { Evidence, Finding } from '../../../src/core/finding/finding.ts';
import { formatFinding, parseFinding } from '../../../src/core/finding/finding.ts';
import { verifyFinding } from '../../../src/core/finding/verify.ts';
import type { NoteSigner } from '../../../src/core/note/vkey.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { contradiction } from '../../helpers/findings.ts';
import { cosign, makeNetwork, type TestLog } from '../../helpers/fixtures.ts';
import { NOW } from '../../helpers/statements.ts';

const NETWORK = makeNetwork({ regions: ['eu', 'us'] });
const [LOG, OTHER] = NETWORK.logs as [TestLog, TestLog];
const [W1, W2] = NETWORK.witnesses as [NoteSigner, NoteSigner];
for (const log of NETWORK.logs) {
  for (let i = 0; i < 6; i++) log.state('deployment', { predicate: { deploymentId: `${i}` } });
}

const finding = (evidence: Evidence, origin = LOG.origin): Finding => ({
  origin,
  foundAt: '2026-10-01T12:00:00Z',
  evidence,
});

/** The code that a finding proves, or the one that it is refused with. */
function judged(accusation: Finding): string {
  let proven = 'none';
  const refused = codeOf(() => {
    proven = verifyFinding(parseFinding(formatFinding(accusation)), NETWORK.rules).code;
  });
  return refused === 'none' ? proven : refused;
}

/** The witnesses that cosign each side of a fork of the log at size 4. */
function views(first: readonly NoteSigner[], second: readonly NoteSigner[], witness = W1): Finding {
  const { evidence } = contradiction(LOG, 4);
  if (evidence.kind !== 'checkpoint-contradiction') throw new TypeError('a contradiction');
  return finding({
    ...evidence,
    kind: 'witness-contradiction',
    witness: witness.vkey.name,
    first: cosign(evidence.first, first, NOW - 50),
    second: cosign(evidence.second, second, NOW - 40),
  });
}

describe('verifyFinding on a witness that cosigned two views', () => {
  it('names it, and nobody else', () => {
    expect(judged(views([W1, W2], [W1]))).toBe('WITNESS_CONTRADICTION');
    expect(verifyFinding(views([W1], [W1]), NETWORK.rules)).toMatchObject({
      accused: W1.vkey.name,
      further: [],
      selfContained: true,
    });
  });

  it('takes one cosignature for no proof, nor those of another', () => {
    for (const [first, second] of [
      [[W1], []],
      [[], [W1]],
      [[W2], [W2]],
      [[W1], [W2]],
    ] as const) {
      expect(judged(views(first, second))).toBe('FINDING_UNPROVEN');
    }
  });

  it('takes checkpoints that agree for no proof', () => {
    const { evidence, ...rest } = views([W1], [W1]);
    const first = cosign(LOG.checkpoint(4), [W1], NOW - 50);
    expect(judged({ ...rest, evidence: { ...evidence, first } as Evidence })).toBe(
      'FINDING_UNPROVEN',
    );
  });

  it('refuses a cosignature that does not verify, and a witness that nobody trusts', () => {
    const { evidence, ...rest } = views([W1], [W1]);
    if (evidence.kind !== 'witness-contradiction') throw new TypeError('a contradiction');
    const line = evidence.second.split('\n').at(-2) ?? '';
    // The line of one note under the other.
    const moved = evidence.first.replace(/— witness1.*\n/, `${line}\n`);
    expect(judged({ ...rest, evidence: { ...evidence, first: moved } })).toBe(
      'COSIGNATURE_INVALID',
    );
    const stranger = { ...evidence, witness: 'witness9.example' };
    expect(judged({ ...rest, evidence: stranger })).toBe('FINDING_UNPROVEN');
  });
});

interface Back {
  readonly smaller?: number;
  readonly larger?: number;
  /** Unix seconds of the two cosignatures. */
  readonly at?: readonly [smaller: number, larger: number];
  readonly by?: readonly [smaller: NoteSigner, larger: NoteSigner];
  readonly log?: TestLog;
}

function back({ smaller = 3, larger = 6, at, by = [W1, W1], log = LOG }: Back): Finding {
  const [later, earlier] = at ?? [NOW - 10, NOW - 20];
  return finding({
    kind: 'witness-rollback',
    witness: W1.vkey.name,
    first: cosign(log.checkpoint(smaller), [by[0]], later),
    second: cosign(LOG.checkpoint(larger), [by[1]], earlier),
  });
}

describe('verifyFinding on a witness that went back', () => {
  it('proves a smaller tree cosigned after a larger one, even by a second', () => {
    expect(judged(back({}))).toBe('WITNESS_ROLLBACK');
    expect(judged(back({ at: [NOW - 19, NOW - 20] }))).toBe('WITNESS_ROLLBACK');
    expect(verifyFinding(back({}), NETWORK.rules).accused).toBe(W1.vkey.name);
  });

  it.each<[string, Back]>([
    ['the same second', { at: [NOW - 20, NOW - 20] }],
    ['the right order', { at: [NOW - 21, NOW - 20] }],
    ['one size', { smaller: 6 }],
    ['the sizes the wrong way round', { smaller: 6, larger: 3 }],
    ['another witness on the smaller tree', { by: [W2, W1] }],
    ['another witness on the larger tree', { by: [W1, W2] }],
    ['a checkpoint of another log', { log: OTHER }],
  ])('takes for no proof: %s', (_, claim) => {
    expect(judged(back(claim))).toBe('FINDING_UNPROVEN');
  });

  it('goes by the earliest cosignature where a note carries several', () => {
    const { evidence, ...rest } = back({ at: [NOW - 30, NOW - 20] });
    if (evidence.kind !== 'witness-rollback') throw new TypeError('a rollback');
    const first = cosign(evidence.first, [W1], NOW - 5);
    expect(judged({ ...rest, evidence: { ...evidence, first } })).toBe('FINDING_UNPROVEN');
  });
});
