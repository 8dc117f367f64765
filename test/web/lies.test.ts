import { describe, expect, it } from 'vitest';
import { canonicalText } from '../../src/core/bytes/json.ts';
import { contradiction } from '../helpers/findings.ts';
import { signTrust } from '../helpers/signed-trust.ts';
import { digestOf, MODEL } from '../helpers/statements.ts';
import { HAS_CHROMIUM, openPage, useChromium, verdictOf, type Watched } from './chromium.ts';
import { liedTo } from './lied-to.ts';
import { alterDossier, type Lie, lieAbout, startLiar } from './lying-proxy.ts';
import { PageBed, state } from './page-bed.ts';

useChromium();

/** The page, in front of a verifier whose answers are changed on the way. */
async function lyingPage(lie: Lie, fill?: Parameters<typeof PageBed.make>[0]): Promise<Watched> {
  const site = await PageBed.make(fill);
  const watched = await openPage();
  await watched.page.goto(await startLiar(site.url, lie));
  return watched;
}

async function answerOf(lie: Lie, fill?: Parameters<typeof PageBed.make>[0]): Promise<Watched> {
  const watched = await lyingPage(lie, fill);
  await watched.page.goto(`${watched.page.url().split('#')[0]}#/model/${MODEL}`);
  return watched;
}

const TOTALS = { requests: '1000000' };

/** What a dossier looks like that a liar changed, and the verdict on it. */
const ALTERED: readonly (readonly [what: string, verdict: string, lie: Lie])[] = [
  ['drops a statement', 'invalid', alterDossier(({ entries }) => ({ entries: entries.slice(1) }))],
  [
    'moves a statement to another place',
    'invalid',
    alterDossier(({ entries }) => ({ entries: entries.map((entry) => ({ ...entry, index: 1 })) })),
  ],
  [
    'shows no log at all',
    'inconclusive',
    (path, body) =>
      path.includes('/dossier')
        ? canonicalText({ ...JSON.parse(body.toString()), logs: [] })
        : undefined,
  ],
  [
    'alters a tally proof',
    'invalid',
    alterDossier(({ tally }) => ({
      tally: { ...tally, proof: `${tally.proof.slice(0, 40)}AAAA${tally.proof.slice(44)}` },
    })),
  ],
  [
    'alters the totals that a tally note states',
    'invalid',
    alterDossier(({ tally }) => ({ tally: { ...tally, note: tally.note.replace(/\b3\b/, '4') } })),
  ],
  [
    'takes the witnesses off a checkpoint',
    'inconclusive',
    alterDossier(({ checkpoint }) => ({
      checkpoint: checkpoint.replace(/\n— witness[^\n]*/g, ''),
    })),
  ],
  [
    'is of another model',
    'refused',
    (path, body) =>
      path.includes('/dossier')
        ? canonicalText({ ...JSON.parse(body.toString()), model: digestOf('other') })
        : undefined,
  ],
  [
    'is of a shorter time',
    'refused',
    (path, body) => {
      if (!path.includes('/dossier?')) return undefined;
      const dossier = JSON.parse(body.toString()) as { readonly range: object };
      const range = { ...dossier.range, from: '2026-10-01T00:00:00Z' };
      return canonicalText({ ...dossier, range });
    },
  ],
];

/** Words of the server beside its files. */
const MISSTATED: readonly (readonly [what: string, lie: Lie])[] = [
  [
    'an outcome',
    lieAbout(`/v1/models/${MODEL}/usage`, (said: object) => ({ ...said, outcome: 'INVALID' })),
  ],
  [
    'totals',
    lieAbout(`/v1/models/${MODEL}/usage`, ({ rows, ...said }: { rows: { totals: object }[] }) => ({
      ...said,
      rows: rows.map((row) => ({ ...row, totals: { ...row.totals, ...TOTALS } })),
    })),
  ],
  [
    'a count of statements',
    lieAbout('/v1/models?', ({ models, ...said }: { models: object[] }) => ({
      ...said,
      models: models.map((model) => ({ ...model, statements: 1 })),
    })),
  ],
];

describe.skipIf(!HAS_CHROMIUM)('the page, when the verifier lies', { timeout: 40_000 }, () => {
  it('takes an honest answer, and has no doubt about it', async () => {
    const { page, errors } = await answerOf(() => undefined);
    expect(await verdictOf(page)).toBe('recorded');
    await page.waitForSelector('[data-usage=checked]');
    await page.waitForTimeout(2500);
    expect(await page.locator('[data-doubts]').count()).toBe(0);
    expect(errors.filter((text) => !text.includes('503'))).toEqual([]);
  });

  it('takes no dossier that was altered, nor one that was not asked for', async () => {
    const site = await PageBed.make();
    const tell = await liedTo(site.url);
    for (const [what, verdict, lie] of ALTERED) {
      expect(await verdictOf(await tell(lie, MODEL)), what).toBe(verdict);
    }
  });

  it('does not take an answer from before a withdrawal for the newest', async () => {
    const site = await PageBed.make((bed) => {
      bed.now -= 3600;
    });
    const { page } = await openPage();
    await page.goto(`${site.url}#/model/${MODEL}`);
    expect(await verdictOf(page)).toBe('inconclusive');
    expect(await page.textContent('.problems')).toContain('CHECKPOINT_STALE');
  });

  it('says where the server states what the proofs do not give', async () => {
    const site = await PageBed.make();
    const tell = await liedTo(site.url);
    for (const [what, lie] of MISSTATED) {
      const page = await tell(lie, MODEL);
      expect(await verdictOf(page), what).toBe('recorded');
      await page.waitForSelector('[data-doubts="1"]');
    }
  });

  it('draws no usage that is not proven, and names what it leaves out', async () => {
    const { page } = await lyingPage(
      alterDossier(({ tally }) => ({
        tally: { ...tally, proof: `${tally.proof.slice(0, 40)}AAAA${tally.proof.slice(44)}` },
      })),
    );
    await page.goto(`${page.url().split('#')[0]}#/usage/${MODEL}`);
    await page.getByRole('button', { name: '30 days' }).click();
    // At one moment: the page asks again when it has learned of more, and shows nothing meanwhile.
    const shown = await page.waitForFunction(() => {
      const left = document.querySelector('[data-not-drawn="1"]');
      const drawn = [...document.querySelectorAll('.legend li')];
      return left && { left: left.textContent, drawn: drawn.map((one) => one.textContent?.trim()) };
    });
    const { left, drawn } = (await shown.jsonValue()) ?? {};
    expect(left).toContain('eu.log.example');
    expect(drawn).not.toContain('eu');
  });

  it('says what of the network is not as the server tells it', async () => {
    const { page } = await lyingPage(
      lieAbout('/v1/nodes', ({ nodes, ...said }: { nodes: { size: number }[] }) => ({
        ...said,
        nodes: nodes.slice(1).map((node) => ({ ...node, size: node.size + 7 })),
      })),
    );
    await page.goto(`${page.url().split('#')[0]}#/network`);
    await page.waitForSelector('[data-doubts="2"]');
    expect(await page.textContent('[data-doubts]')).toContain('eu.log.example');
  });

  it('does not call a checkpoint verified that was altered', async () => {
    const { page } = await lyingPage(
      lieAbout('/v1/nodes', ({ nodes, ...said }: { nodes: { checkpoint: string }[] }) => ({
        ...said,
        nodes: nodes.map((node) => ({
          ...node,
          checkpoint: node.checkpoint.replace('\n2\n', '\n3\n'),
        })),
      })),
    );
    await page.goto(`${page.url().split('#')[0]}#/network`);
    await page.waitForSelector('.lane');
    expect(await page.locator('.lane[data-checked=yes]').count()).toBe(0);
  });

  it('does not believe a finding that its evidence does not prove', async () => {
    const lie: Lie = (path) =>
      path === '/v1/findings'
        ? JSON.stringify({
            findings: [
              {
                id: 'ab'.repeat(32),
                origin: 'eu.log.example',
                kind: 'checkpoint-contradiction',
                foundAt: '2026-10-01T11:59:00Z',
                code: 'CHECKPOINT_CONTRADICTION',
                sentence: 'It lied.',
              },
            ],
          })
        : path.startsWith('/v1/findings/')
          ? canonicalText({ type: 'attestry/finding', version: 1, origin: 'eu.log.example' })
          : undefined;
    const { page } = await lyingPage(lie);
    await page.goto(`${page.url().split('#')[0]}#/findings`);
    await page.waitForSelector('.finding [data-verdict]');
    expect(await page.getAttribute('.finding [data-verdict]', 'data-verdict')).toBe('invalid');
  });

  it('verifies with no trust root but the one that was pinned', async () => {
    const site = await PageBed.make();
    const { digest } = site.bed.network.rules.trust;
    const { page } = await openPage();
    await page.goto(`${site.url}/#trust=${digest}`);
    await page.waitForSelector('[data-standing=pinned]');
    await page.goto('about:blank');
    const other = { ...site.bed.network.file, witnessQuorum: 2 };
    const liar = await startLiar(site.url, (path) =>
      path === '/v1/trust' ? Buffer.from(signTrust(other)) : undefined,
    );
    await page.goto(`${liar}/#trust=${digest}`);
    await page.waitForSelector('[data-standing=differs]');
    await page.goto(`${liar}/#/model/${MODEL}`);
    await page.waitForSelector('.note.bad');
    expect(await page.locator('section.verdict').count()).toBe(0);
  });

  it('keeps a pin that a link contradicts', async () => {
    const site = await PageBed.make();
    const { digest } = site.bed.network.rules.trust;
    const { page } = await openPage();
    await page.goto(`${site.url}/#trust=${digest}`);
    await page.waitForSelector('[data-standing=pinned]');
    await page.evaluate(
      (hash) => {
        location.hash = hash;
      },
      `trust=${'ab'.repeat(32)}`,
    );
    await page.click('.trust-button');
    expect(await page.textContent('dialog')).toContain('Your pin counts');
    expect(await page.getAttribute('.trust-bar', 'data-standing')).toBe('pinned');
  });

  it('survives answers of a shape that nobody expects', async () => {
    const { page } = await lyingPage((path) =>
      path.startsWith('/v1/models?') ? '{"models":[null,{"names":7}],"next":{}}' : undefined,
    );
    await page.waitForSelector('[role=alert]');
    await page.getByRole('link', { name: 'Network' }).click();
    await page.waitForSelector('.lane');
  });

  it('shows a finding with its evidence, judged here', async () => {
    const site = await PageBed.make((bed) => {
      state(bed, 'deployment');
      state(bed, 'evaluation');
    });
    const { eu } = site.bed;
    const { evidence } = contradiction(eu.log, 2);
    if (evidence.kind !== 'checkpoint-contradiction') throw new TypeError('a contradiction');
    site.bed.show(site.bed.witness(0), eu, evidence.first);
    await site.verifier.round();
    const { page } = await openPage();
    await page.goto(`${site.url}/#/findings`);
    await page.waitForSelector('.finding [data-verdict=equivocation]');
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Evidence' }).first().click();
    expect((await saved).suggestedFilename()).toMatch(/^finding-[0-9a-f]{12}\.json$/);
  });
});
