import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runCampaign } from '../../scripts/kill-cycles/campaign.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const PROGRAMS = fileURLToPath(new URL('../../dist/nodes', import.meta.url));

describe('runCampaign', () => {
  it('finds what is lost when a node is put back to an older state', async () => {
    const folder = await temporaryFolder();
    const { violations } = await runCampaign({
      programs: PROGRAMS,
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
