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

const PROGRAM = fileURLToPath(new URL('../../dist/nodes/log.js', import.meta.url));
const CYCLES = 50;
/** Nodes side by side, so that no core waits. */
const NODES = 2;

beforeAll(() => {
  expect(existsSync(PROGRAM), 'npm run build').toBe(true);
});

/** How long the program takes to load and do nothing, in milliseconds: longer where others use the machine too. */
async function loadingMs(): Promise<number> {
  const started = performance.now();
  await promisify(execFile)(process.execPath, [PROGRAM, '--help']);
  return performance.now() - started;
}

describe('runCampaign', () => {
  it(`loses nothing and contradicts nothing in ${CYCLES} kills of a node under load`, async () => {
    const folder = await temporaryFolder();
    const seed = randomInt(1_000_000_000);
    const campaign = async (i: number): Promise<CampaignReport> => {
      const own = join(folder, `${i}`);
      await mkdir(own);
      const options = { program: PROGRAM, folder: own, seed: seed + i };
      return await runCampaign({ ...options, cycles: CYCLES / NODES });
    };
    const before = await loadingMs();
    const reports = await Promise.all(Array.from({ length: NODES }, (_, i) => campaign(i)));
    const facts = JSON.stringify({ seed, reports });
    console.info(facts);
    expect(
      reports.flatMap(({ violations }) => violations),
      facts,
    ).toEqual([]);
    const startLimitMs = Math.max(3_000, 4 * Math.max(before, await loadingMs()));
    for (const { acknowledged, cycles, entries, medianStartMs } of reports) {
      expect(acknowledged, facts).toBeGreaterThan(cycles);
      expect(entries, facts).toBeGreaterThanOrEqual(acknowledged);
      expect(medianStartMs, facts).toBeLessThan(startLimitMs);
    }
  }, 300_000);

  it('finds what is lost when a node is put back to an older state', async () => {
    const folder = await temporaryFolder();
    const { violations } = await runCampaign({
      program: PROGRAM,
      folder,
      cycles: 3,
      seed: 1,
      control: 'lost',
    });
    const found = violations.join('\n');
    expect(found).toMatch(/was acknowledged at \d+, it is at/);
    expect(found).toMatch(/size \d+ was signed, the newest is|two roots of size|extends/);
  }, 90_000);
});
