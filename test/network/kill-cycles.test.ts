import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CampaignReport, runCampaign } from '../../scripts/kill-cycles/campaign.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const PROGRAMS = fileURLToPath(new URL('../../dist/nodes', import.meta.url));
const LOG = join(PROGRAMS, 'log.js');
const CYCLES = 50;
/** Nodes side by side, so that no core waits. */
const NODES = 2;
/** Every start, from the command until the node listens. */
const START_LIMIT_MS = 3_000;
/** In which the program loads, to do nothing, on a machine to which the limit applies as it is. */
const LOADING_MS = 1_000;

beforeAll(() => {
  expect(existsSync(LOG), 'npm run build').toBe(true);
});

/** How long the program takes to load and do nothing, in milliseconds. */
async function loadingMs(): Promise<number> {
  const started = performance.now();
  await promisify(execFile)(process.execPath, [LOG, '--help']);
  return performance.now() - started;
}

describe('runCampaign', () => {
  it(`loses nothing, contradicts nothing and starts within 3 s in ${CYCLES} kills of a node and its verifier under load`, async () => {
    const folder = await temporaryFolder();
    const seed = randomInt(1_000_000_000);
    const campaign = async (i: number): Promise<CampaignReport> => {
      const own = join(folder, `${i}`);
      await mkdir(own);
      const options = { programs: PROGRAMS, folder: own, seed: seed + i };
      return await runCampaign({ ...options, cycles: CYCLES / NODES });
    };
    const before = await loadingMs();
    const reports = await Promise.all(Array.from({ length: NODES }, (_, i) => campaign(i)));
    // A machine that is slow, or busy with other things, gets as much more time as it takes more to load the program.
    const slowness = Math.max(1, before / LOADING_MS, (await loadingMs()) / LOADING_MS);
    const startLimitMs = START_LIMIT_MS * slowness;
    const facts = JSON.stringify({ seed, startLimitMs, reports });
    console.info(facts);
    expect(
      reports.flatMap(({ violations }) => violations),
      facts,
    ).toEqual([]);
    for (const { acknowledged, cycles, entries, slowestStartMs, talliesBehind } of reports) {
      // Otherwise the kills would say nothing about tallies that are being built.
      expect(talliesBehind.log, facts).toBeGreaterThan(cycles / 5);
      expect(talliesBehind.verifier, facts).toBeGreaterThan(cycles / 5);
      expect(acknowledged, facts).toBeGreaterThan(cycles);
      expect(entries, facts).toBeGreaterThanOrEqual(acknowledged);
      expect(slowestStartMs, facts).toBeLessThan(startLimitMs);
    }
  }, 600_000);
});
