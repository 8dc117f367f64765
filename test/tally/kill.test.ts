import { randomInt } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../scripts/kill-cycles/random.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { Frontier } from '../../src/core/merkle/frontier.ts';
import { leafHash } from '../../src/core/merkle/hash.ts';
import { signCheckpoint } from '../../src/core/note/checkpoint.ts';
import { parseNote } from '../../src/core/note/note.ts';
import { leavesOf } from '../../src/core/tally/leaves.ts';
import { EMPTY_TALLY } from '../../src/core/tally/node.ts';
import { ZERO_SUMS } from '../../src/core/tally/sums.ts';
import { signTally } from '../../src/core/tally/tally-note.ts';
import { openLevelTallyStore } from '../../src/tally/level-tally-store.ts';
import { runFixture } from '../helpers/child-process.ts';
import { cosign, type TestLog } from '../helpers/fixtures.ts';
import { MemoryTally } from '../helpers/memory-tally.ts';
import { naiveTally } from '../helpers/naive-tally.ts';
import { signTrust } from '../helpers/signed-trust.ts';
import { NOW } from '../helpers/statements.ts';
import { makeTalliedNetwork, VERIFIERS } from '../helpers/tallied-network.ts';
import { fakeLog } from '../helpers/tally-entries.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const FIXTURE = new URL('./fixtures/tally-forever.mjs', import.meta.url);
const CYCLES = 50;
const STEP = 40;
const STEPS = 60;

/** What the tally of the first entries is, built without a pause, and what the log signs of it. */
interface Pair {
  readonly size: number;
  readonly checkpoint: string;
  readonly tally: string;
  /** Hex, of the log's tree. */
  readonly root: string;
  /** Hex. */
  readonly tallyRoot: string;
}

const ENTRIES = fakeLog(STEP * STEPS);

/** A log of unsigned statements, with a checkpoint and a tally note every few entries, for processes to read. */
async function writeLog(folder: string): Promise<readonly Pair[]> {
  const network = makeTalliedNetwork({
    regions: ['eu'],
    quorum: 1,
    witnesses: 1,
    verifierQuorum: 1,
  });
  const [log] = network.logs as [TestLog];
  const { origin, signer } = log;
  const frontier = new Frontier();
  const tally = new MemoryTally();
  const pairs = Array.from({ length: STEPS }, (_, step): Pair => {
    const from = step * STEP;
    const added = ENTRIES.slice(from, from + STEP);
    for (const entry of added) frontier.append(leafHash(entry));
    tally.add(added.flatMap((entry, i) => leavesOf(entry, from + i)));
    const size = from + STEP;
    const [root, tallyRoot] = [frontier.root(), tally.hash];
    const { count, sums } = tally.root ?? { count: 0, sums: ZERO_SUMS };
    const head = { origin, size, logRoot: root, tallyRoot, count, sums };
    return {
      size,
      checkpoint: cosign(
        signCheckpoint({ origin, size, root }, signer),
        network.witnesses,
        NOW - 9,
      ),
      tally: signTally(head, signer),
      root: encodeHex(root),
      tallyRoot: encodeHex(tallyRoot),
    };
  });
  const verifierSeed = encodeHex((VERIFIERS[0] as (typeof VERIFIERS)[number]).seed);
  const facts = { logSeed: encodeHex(signer.seed), verifierSeed, pairs, now: NOW };
  const lines = ENTRIES.flatMap((entry, i) => (i === 0 ? [entry] : [Buffer.from('\n'), entry]));
  await writeFile(join(folder, 'entries'), Buffer.concat(lines));
  await writeFile(join(folder, 'log.json'), JSON.stringify(facts));
  await writeFile(join(folder, 'trust.json'), signTrust(network.file));
  return pairs;
}

/** How many kills fell before a step was committed, and how many before the note on it was kept. */
interface Interruptions {
  readonly building: number;
  readonly signing: number;
  readonly size: number;
}

interface Campaign {
  readonly role: 'node' | 'verifier';
  readonly log: string;
  readonly pairs: readonly Pair[];
  readonly seed: number;
}

async function killMany({ role, log, pairs, seed }: Campaign): Promise<Interruptions> {
  const random = new SeededRandom(seed);
  const folder = join(await temporaryFolder(), role);
  await mkdir(folder);
  const rebuilt = new MemoryTally();
  const found = { building: 0, signing: 0 };
  let size = 0;
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const child = runFixture(FIXTURE, [role, folder, log]);
    // Two lines for each step, the first of which was done before; the kill falls somewhere in the one that has begun.
    await child.said(3 + 2 * random.below(2));
    await sleep(random.below(9));
    await child.kill();
    const begun = Number(/^begin (\d+)$/.exec(child.lines.at(-1) ?? '')?.[1]);
    expect(begun, `${role} in cycle ${cycle} said ${child.lines.at(-1)}`).toBeGreaterThan(0);
    const store = await openLevelTallyStore(folder);
    const state = store.state();
    const note = store.pair()?.tally;
    await store.close();
    rebuilt.add(ENTRIES.slice(size, state.size).flatMap((entry, i) => leavesOf(entry, size + i)));
    size = state.size;
    expect(encodeHex(state.root?.hash ?? EMPTY_TALLY)).toBe(encodeHex(rebuilt.hash));
    const signed = pairs.find(({ tally }) => note !== undefined && textOf(tally) === textOf(note));
    expect(signed?.size ?? 0, 'nothing is signed that is not built').toBeLessThanOrEqual(size);
    expect(signed === undefined, 'what is kept is what is right').toBe(note === undefined);
    if (size < begun) found.building++;
    else if ((signed?.size ?? 0) < begun) found.signing++;
  }
  return { ...found, size };
}

function textOf(note: string): string {
  return parseNote(note).text;
}

describe('a tally whose process is killed while it is built', () => {
  it(`is that of a clean rebuild after ${CYCLES} kills of a node's and ${CYCLES} of a verifier's`, {
    timeout: 600_000,
  }, async () => {
    const log = await temporaryFolder();
    const pairs = await writeLog(log);
    const seed = randomInt(1_000_000_000);
    const roles = ['node', 'verifier'] as const;
    const results = await Promise.all(roles.map((role) => killMany({ role, log, pairs, seed })));
    const facts = JSON.stringify({ seed, results });
    console.info(facts);
    for (const { building, signing, size } of results) {
      expect(building + signing, facts).toBeGreaterThanOrEqual(CYCLES - 5);
      expect(building, facts).toBeGreaterThan(CYCLES / 5);
      const { hash } = naiveTally(ENTRIES.slice(0, size).flatMap((entry, i) => leavesOf(entry, i)));
      const rebuilt = pairs.find((pair) => pair.size === size);
      expect(rebuilt?.tallyRoot, facts).toBe(encodeHex(hash));
    }
  });
});
