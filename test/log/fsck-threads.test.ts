import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { encodeBundle } from '../../src/core/merkle/bundle.ts';
import { checkStep, type StepReport } from '../../src/log/fsck-step.ts';
import { FsckThreads, type ThreadRules } from '../../src/log/fsck-threads.ts';
import { SHARED_DISK } from '../../src/store/disk.ts';
import { entriesOfRow } from '../../src/store/entry-rows.ts';
import { openLevelFolder } from '../../src/store/level-folder.ts';
import { entryRowKey } from '../../src/store/level-keys.ts';
import { openLevelLogStore } from '../../src/store/level-log-store.ts';
import type { LogStore } from '../../src/store/log-store.ts';
import { LogBed } from '../helpers/log-bed.ts';
import { NOW, sampleStream } from '../helpers/statements.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const COMPILED = pathToFileURL('dist/src/log/fsck-thread.js');
const STEP = { start: 0, end: 4 };

/** Two deployments and two windows of a meter, in a database that threads share. */
async function makeLog(): Promise<{ store: LogStore; rules: ThreadRules }> {
  const bed = await LogBed.make();
  const folder = await temporaryFolder();
  const store = await openLevelLogStore(folder, SHARED_DISK);
  const { log } = await bed.open({ store });
  const usage = sampleStream(2, { context: bed.eu.context }).map((window) => bed.entryOf(window));
  await bed.submit(log, [bed.entry(0), bed.entry(1), ...usage]);
  const { trust } = bed.network.rules;
  return {
    store,
    rules: { folder, trust, origin: bed.eu.origin, now: NOW, size: 4, leaves: true },
  };
}

function start(rules: ThreadRules): FsckThreads {
  const threads = new FsckThreads(COMPILED, { rules, count: 2 });
  onTestFinished(() => threads.close());
  return threads;
}

describe('FsckThreads', () => {
  it('say of a step what checkStep says on one thread, of a log that is whole and of a damaged one', async () => {
    const { store, rules } = await makeLog();
    const threads = start(rules);
    const both = async (): Promise<StepReport[]> => [
      await threads.check(STEP),
      await checkStep({ ...rules, store }, STEP),
    ];
    const bare = { ...rules, signatures: false };
    expect(await start(bare).check(STEP)).toEqual({ problems: [], unread: [], usage: [] });
    const [whole, alone] = await both();
    expect(whole).toEqual(alone);
    expect(whole?.leaves).toMatchObject({ leafCounts: [1, 1, 1, 1] });
    expect(whole).toMatchObject({ problems: [], unread: [], usage: [{ index: 2 }, { index: 3 }] });
    const db = await openLevelFolder(rules.folder, { isShared: true });
    const entries = entriesOfRow((await db.get(entryRowKey(1))) as Uint8Array);
    await db.put(entryRowKey(1), encodeBundle(entries.with(1, entries[0] as Uint8Array)));
    await db.close();
    const [damaged, damagedAlone] = await both();
    expect(damaged).toEqual(damagedAlone);
    expect(damaged).toMatchObject({ problems: [{ code: 'ENTRY_HASH_MISMATCH' }], unread: [1] });
    expect(damaged?.leaves).toBeUndefined();
  });

  it.each([undefined, false])(
    'name each entry of a row that is cut short (signatures: %s)',
    async (signatures) => {
      const { store, rules } = await makeLog();
      const db = await openLevelFolder(rules.folder, { isShared: true });
      const row = (await db.get(entryRowKey(0))) as Uint8Array;
      await db.put(entryRowKey(0), row.slice(0, -1));
      await db.close();
      const report = await start({ ...rules, signatures }).check(STEP);
      expect(report.unread).toEqual([0, 1, 2, 3]);
      expect(report.problems.map(({ code }) => code)).toEqual(Array(4).fill('STORE_CORRUPT'));
      expect(report).toEqual(await checkStep({ ...rules, signatures, store }, STEP));
    },
  );

  it('refuse the signature of another key as one thread does', async () => {
    const { store, rules } = await makeLog();
    const keys = [...rules.trust.operatorKeys].map(([keyid, key]) => {
      const publicKey = Uint8Array.from(key.publicKey).reverse();
      return [keyid, { ...key, publicKey }] as const;
    });
    const other = { ...rules, trust: { ...rules.trust, operatorKeys: new Map(keys) } };
    const report = await start(other).check(STEP);
    expect(report.problems.map(({ code }) => code)).toEqual(Array(4).fill('ENTRY_INADMISSIBLE'));
    expect(report).toEqual(await checkStep({ ...other, store }, STEP));
  });

  it('reject where they cannot open the database', async () => {
    const { rules } = await makeLog();
    const nowhere = start({ ...rules, folder: '/dev/null/db' });
    const twice = [nowhere.check(STEP), nowhere.check({ start: 256, end: 260 })];
    for (const { status } of await Promise.allSettled(twice)) expect(status).toBe('rejected');
    await expect(nowhere.check(STEP)).rejects.toThrow();
  });
});
