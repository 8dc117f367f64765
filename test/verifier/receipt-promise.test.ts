import { describe, expect, it } from 'vitest';
import { formatReceipt, type Receipt } from '../../src/core/receipt/receipt.ts';
import { judge } from '../../src/core/report/judge.ts';
import type { Verifier } from '../../src/verifier/verifier.ts';
import { forkOf } from '../helpers/peers.ts';
import { digestOf } from '../helpers/statements.ts';
import { standingOf, VerifierBed } from '../helpers/verifier-bed.ts';

async function followed(size: number): Promise<{ bed: VerifierBed; verifier: Verifier }> {
  const bed = await VerifierBed.make();
  for (const served of bed.served) {
    for (let i = 0; i < size; i++) served.log.state('evaluation', { model: digestOf(`${i}`) });
    served.publish();
  }
  return { bed, verifier: await bed.openAndLook() };
}

/** What the log answers "committed" with: no witness has seen it. */
function committed(bed: VerifierBed, model: string): Receipt {
  const { log } = bed.eu;
  return log.receipt(log.state('evaluation', { model: digestOf(model) }), { witnesses: [] });
}

describe('holdToReceipt', () => {
  it.each([
    ['goes on without it', 1],
    ['goes on longer without it', 5],
  ])('proves that a log accepted an entry and dropped it: it %s', async (_, more) => {
    const { bed, verifier } = await followed(4);
    const receipt = committed(bed, 'promised');
    const waiting = await verifier.holdToReceipt(formatReceipt(receipt));
    expect(waiting).toMatchObject({ state: 'waiting', index: 4, finding: null });
    bed.eu.log = forkOf(bed.eu, 4, bed);
    for (let i = 0; i < more; i++) bed.eu.log.state('training', { model: digestOf(`${i}`) });
    bed.eu.publish();
    await verifier.round();
    const { state, finding } = await verifier.holdToReceipt(formatReceipt(receipt));
    expect(state).toBe('contradicted');
    const report = judge(verifier.findings.read(finding ?? ''), bed.network.rules);
    expect(report).toMatchObject({
      outcome: 'EQUIVOCATION',
      problems: [{ code: 'CHECKPOINT_CONTRADICTION' }],
    });
  });

  it('proves it also where the receipt comes long after', async () => {
    const { bed, verifier } = await followed(4);
    const receipt = committed(bed, 'promised');
    bed.eu.log = forkOf(bed.eu, 4, bed);
    for (let i = 0; i < 9; i++) bed.eu.log.state('training', { model: digestOf(`${i}`) });
    bed.eu.publish();
    await verifier.round();
    expect(standingOf(verifier, bed.eu)).toBe('followed');
    const held = await verifier.holdToReceipt(formatReceipt(receipt));
    expect(held.state).toBe('contradicted');
    expect(standingOf(verifier, bed.eu)).toBe('contradicted CHECKPOINT_CONTRADICTION');
  });

  it('says that a log keeps back what it accepted', async () => {
    const { bed, verifier } = await followed(4);
    await verifier.holdToReceipt(formatReceipt(committed(bed, 'promised')));
    bed.now += 301;
    bed.eu.publish({ size: 4, time: bed.now });
    await verifier.round();
    expect(standingOf(verifier, bed.eu)).toBe('behind CHECKPOINT_STALE');
  });

  it('finds the promise kept once the log publishes it', async () => {
    const { bed, verifier } = await followed(4);
    const receipt = formatReceipt(committed(bed, 'promised'));
    bed.eu.log.state('evaluation');
    bed.eu.publish();
    await verifier.round();
    expect(await verifier.holdToReceipt(receipt)).toEqual({
      origin: bed.eu.log.origin,
      index: 4,
      state: 'published',
      finding: null,
    });
    expect(verifier.findings.list()).toEqual([]);
  });

  it.each<[string, string, (receipt: Receipt, bed: VerifierBed) => Receipt]>([
    [
      'another entry under the proof',
      'INCLUSION_ROOT_MISMATCH',
      (receipt, bed) => ({ ...receipt, envelope: bed.us.log.receipt(0).envelope }),
    ],
    [
      'a checkpoint that the log did not sign',
      'CHECKPOINT_SIGNATURE_INVALID',
      ({ proof, ...receipt }) => {
        const checkpoint = proof.checkpoint.replace('\n5\n', '\n6\n');
        return { ...receipt, proof: { ...proof, checkpoint } };
      },
    ],
    [
      'an index beyond the tree',
      'INCLUSION_INDEX_OUT_OF_RANGE',
      ({ proof, ...receipt }) => ({ ...receipt, proof: { ...proof, index: 5 } }),
    ],
  ])('refuses %s, and holds nobody to it', async (_, code, forge) => {
    const { bed, verifier } = await followed(4);
    const forged = formatReceipt(forge(committed(bed, 'promised'), bed));
    await expect(verifier.holdToReceipt(forged)).rejects.toMatchObject({ code });
    expect(verifier.findings.list()).toEqual([]);
    expect(verifier.checkpoints(bed.eu.log.origin)).toHaveLength(1);
  });
});
