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
import { openLevelTallyStore } from '../../src/tally/level-tally-store.ts';
import { makeEntries } from './entries.ts';
import { type Figure, median, most, rate } from './figures.ts';
import { loadLog } from './loading.ts';
import { measureHashes, measureSignatureChecks, rateOf } from './machine.ts';
import { dataOf, type Rig, startRig } from './rig.ts';
import { ORIGIN, takeParties } from './rig-parties.ts';
import type { Material } from './rounds.ts';
import type { Bench } from './submission.ts';

/** Audits of stopped logs, in rounds with the machine's limits: of one everything, of the large one hashes alone. */
export async function measureAudits(
  folders: { readonly audited: string; readonly large: string },
  { plan, entryBytes, tell }: Omit<Material, 'folder'>,
): Promise<Figure[]> {
  const rig = await startRig(folders.audited);
  await loadLog(rig, plan.audited, tell).finally(() => rig.stopAll());
  const large = { data: dataOf(folders.large), trust: (await takeParties(folders.large)).trust };
  const full: number[] = [];
  const bare: number[] = [];
  const checks: number[] = [];
  const hashes: number[] = [];
  let size = 0;
  for (let round = 0; round < plan.rounds; round++) {
    tell(`audit ${round + 1} of ${plan.rounds}`);
    full.push((await measureFsck(rig, true)).rate);
    checks.push(await measureSignatureChecks(plan.checks));
    const audit = await measureFsck(large, false);
    bare.push(audit.rate);
    size = audit.size;
    hashes.push(await measureHashes({ count: plan.hashes, leafBytes: 1 + entryBytes }));
  }
  const unit = 'entries/s';
  return [
    rate('full audit: signatures, hashes, admission, tally', full, {
      unit,
      limits: checks,
      atLeast: 0.8,
    }),
    rate(`audit of hashes alone, of ${size} entries`, bare, { unit, limits: hashes, atLeast: 0.5 }),
  ];
}

const TURNS = 20;
const WARM_UPS = 8;

/** Receipts verified in core, beside the checks in them. */
export async function measureOffline({ rig, generator }: Bench): Promise<Figure> {
  const receipts: Uint8Array[] = [];
  for (const entry of makeEntries(rig.source, { from: generator.skip(20), count: 20 })) {
    const answer = await fetch(`${rig.url}/v1/entries?wait=witnessed`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: entry as Uint8Array<ArrayBuffer>,
    });
    const text = await answer.text();
    if (answer.status !== 201) throw new Error(`answered ${answer.status}: ${text}`);
    const start = text.indexOf('"receipt":') + '"receipt":'.length;
    receipts.push(Buffer.from(text.slice(start, text.lastIndexOf(',"state"'))));
  }
  // The first only warm up: what is measured is compiled code, as for the checks.
  for (let i = 0; i < WARM_UPS; i++) measureOfflineFactor(rig, receipts);
  const factors = Array.from({ length: 5 }, () => measureOfflineFactor(rig, receipts));
  const work = 'offline verification of a receipt, against the signature checks in it';
  return most(work, median(factors), ['×', 1.3]);
}

/** Entries a second of a check of a stopped log, and how many it has: everything, or hashes alone. */
export async function measureFsck(
  rig: Pick<Rig, 'data' | 'trust'>,
  signatures: boolean,
): Promise<{ readonly rate: number; readonly size: number }> {
  const log = rig.trust.logs.get(ORIGIN);
  if (log === undefined) throw new RangeError('Expected the log in its own trust root.');
  const headLock = await openHeadLock(join(rig.data, 'lock'));
  const sharedFolder = join(rig.data, 'db');
  const store = await openLevelLogStore(sharedFolder, SHARED_DISK);
  const tally = signatures ? await openLevelTallyStore(join(rig.data, 'tally')) : undefined;
  try {
    const now = Math.floor(Date.now() / 1000);
    const size = store.head()?.size ?? 0;
    const rate = await rateOf(size, async () => {
      const rules = {
        store,
        headLock,
        trust: rig.trust,
        log,
        now,
        signatures,
        sharedFolder,
        tally,
      };
      const report = await fsck(rules);
      if (report.problems.length > 0) throw new Error(JSON.stringify(report.problems[0]));
    });
    return { rate, size };
  } finally {
    await tally?.close();
    await store.close();
    await headLock.close();
  }
}

/**
 * How many times as long it takes to parse and verify witnessed receipts in core as the signature checks in them: by turns,
 * a few milliseconds each, so that a slow moment of the machine touches both.
 */
function measureOfflineFactor(rig: Rig, receipts: readonly Uint8Array[]): number {
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
  const verifyAll = (engine: SignatureEngine): void => {
    for (const bytes of receipts) verifyReceipt(parseReceipt(bytes), { ...rules, engine });
  };
  const checkAll = (): void => {
    if (!claims.every((claim) => opensslEngine.verify(...claim))) throw new Error('not repeated');
  };
  verifyAll(noting);
  let whole = 0;
  let checks = 0;
  for (let turn = 0; turn < TURNS; turn++) {
    whole += millisecondsOf(() => verifyAll(opensslEngine));
    checks += millisecondsOf(checkAll);
  }
  return whole / checks;
}

function millisecondsOf(work: () => void): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}
