/** Checking a whole log, and receipts offline. */
import { join } from 'node:path';
import type { SignatureEngine } from '../../src/core/note/ed25519.ts';
import { parseReceipt } from '../../src/core/receipt/receipt.ts';
import { verifyReceipt } from '../../src/core/receipt/verify.ts';
import { opensslEngine } from '../../src/keys/openssl-engine.ts';
import { systemHashes } from '../../src/keys/openssl-hash.ts';
import { fsck } from '../../src/log/fsck.ts';
import { SHARED_DISK } from '../../src/store/disk.ts';
import { openHeadLock } from '../../src/store/head-lock.ts';
import { openLevelLogStore } from '../../src/store/level-log-store.ts';
import { ORIGIN } from './entries.ts';
import { rateOf } from './machine.ts';
import type { Rig } from './rig.ts';

/** Entries a second of a check of a stopped log: everything, or hashes alone. */
export async function measureFsck(rig: Rig, signatures: boolean): Promise<number> {
  const log = rig.trust.logs.get(ORIGIN);
  if (log === undefined) throw new RangeError('Expected the log in its own trust root.');
  const headLock = await openHeadLock(join(rig.data, 'lock'));
  const sharedFolder = join(rig.data, 'db');
  const store = await openLevelLogStore(sharedFolder, SHARED_DISK);
  try {
    const now = Math.floor(Date.now() / 1000);
    const size = store.head()?.size ?? 0;
    return await rateOf(size, async () => {
      const rules = { store, headLock, trust: rig.trust, log, now, signatures, sharedFolder };
      const report = await fsck(rules);
      if (report.problems.length > 0) throw new Error(JSON.stringify(report.problems[0]));
    });
  } finally {
    await store.close();
    await headLock.close();
  }
}

/** How many times as long it takes to parse and verify witnessed receipts in core as the signature checks in them. */
export function measureOfflineFactor(rig: Rig, receipts: readonly Uint8Array[]): number {
  const claims: Parameters<SignatureEngine['verify']>[] = [];
  const noting: SignatureEngine = {
    name: 'noting',
    verify(...claim) {
      claims.push(claim);
      return opensslEngine.verify(...claim);
    },
  };
  const now = Math.floor(Date.now() / 1000);
  const rules = { trust: rig.trust, now, hashes: systemHashes };
  for (const bytes of receipts) verifyReceipt(parseReceipt(bytes), { ...rules, engine: noting });
  const whole = millisecondsOf(() => {
    for (const bytes of receipts) {
      verifyReceipt(parseReceipt(bytes), { ...rules, engine: opensslEngine });
    }
  });
  const checks = millisecondsOf(() => {
    if (!claims.every((claim) => opensslEngine.verify(...claim))) throw new Error('not repeated');
  });
  return whole / checks;
}

function millisecondsOf(work: () => void): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}
