import { describe, expect, it } from 'vitest';
import { formatReceipt, parseReceipt } from '../../src/core/receipt/receipt.ts';
import { LogBed } from '../helpers/log-bed.ts';

describe('BatchReceipts', () => {
  it('gives byte for byte the receipts that are read back from the database', async () => {
    const { log } = await new LogBed().open({ limits: { batchEntries: 7 } });
    const bed = new LogBed();
    const entries = Array.from({ length: 40 }, (_, i) => bed.entry(i));
    for (const submission of await bed.submit(log, entries)) {
      const plain = formatReceipt(await log.receipt(submission.entryHash, 'committed'));
      const fast = submission.receipt?.() ?? new Uint8Array();
      expect(new TextDecoder().decode(fast)).toBe(new TextDecoder().decode(plain));
      expect(parseReceipt(fast).proof.index).toBe(submission.index);
    }
  });

  it('are at hand for an entry that was on its way already, not for one that was there', async () => {
    const bed = new LogBed();
    const { log } = await bed.open();
    const [first, second] = await bed.submit(log, [bed.entry(0), bed.entry(0)]);
    expect(second).toMatchObject({ index: 0, isNew: false });
    expect(second?.receipt?.()).toEqual(first?.receipt?.());
    const [again] = await bed.submit(log, [bed.entry(0)]);
    expect(again).toMatchObject({ index: 0, isNew: false });
    expect(again?.receipt).toBeUndefined();
  });
});
