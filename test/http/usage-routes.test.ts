import { describe, expect, it, onTestFinished } from 'vitest';
import { parseDossier } from '../../src/core/dossier/dossier.ts';
import { judge } from '../../src/core/report/judge.ts';
import { createVerifierApp } from '../../src/http/verifier-app.ts';
import { signedEntry } from '../helpers/fixtures.ts';
import { type Answer, codeIn } from '../helpers/log-site.ts';
import { TallyBed } from '../helpers/served-tally.ts';
import { digestOf, MODEL, sampleStream } from '../helpers/statements.ts';

interface Site {
  readonly bed: TallyBed;
  get(query: string, model?: string): Promise<Answer>;
  getUrl(url: string): Promise<Answer>;
}

const DAYS = 'from=2026-09-30T00:00:00Z&to=2026-10-03T00:00:00Z';

/** Each log has one window at 10:00; eu has another meter's seven too, from 08:00 on. */
async function openSite(spoil: (bed: TallyBed) => void = () => undefined): Promise<Site> {
  const bed = await TallyBed.make();
  const { log } = bed.eu;
  for (const statement of sampleStream(7, { context: log.context, meter: 'meter-2' })) {
    log.append(signedEntry(statement).entry);
  }
  bed.publishAll();
  spoil(bed);
  const verifier = await bed.follow();
  const app = await createVerifierApp(verifier, {
    log: false,
    limits: { requestsPerWindow: 0, maxEventLoopDelayMs: 0 },
  });
  onTestFinished(() => app.close());
  return {
    bed,
    get: (query, model = MODEL) => app.inject(`/v1/models/${model}/usage?${query}`),
    getUrl: (url) => app.inject(url),
  };
}

interface Usage {
  readonly outcome: string;
  readonly rows: readonly { key: string; windows: number; totals: Record<string, string> }[];
  readonly proven: readonly string[];
  readonly missing: readonly string[];
  readonly problems: readonly { readonly code: string }[];
  readonly dossier: string;
}

const usageIn = (answer: Answer): Usage => {
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json() as Usage;
};
const rowsIn = (answer: Answer): unknown =>
  usageIn(answer).rows.map(({ key, windows, totals }) => [key, windows, totals['requests']]);

describe('addUsageRoutes', () => {
  it('answers with totals by region, operator, day and hour', async () => {
    const { get } = await openSite();
    expect(rowsIn(await get(`${DAYS}&by=region`))).toEqual([
      ['eu', 8, '24'],
      ['us', 1, '3'],
    ]);
    expect(rowsIn(await get(`${DAYS}&by=operator`))).toEqual([
      ['operator-eu', 8, '24'],
      ['operator-us', 1, '3'],
    ]);
    expect(rowsIn(await get(`${DAYS}&by=day`))).toEqual([['2026-10-01T00:00:00Z', 9, '27']]);
    expect(rowsIn(await get(`${DAYS}&by=hour`))).toEqual([
      ['2026-10-01T08:00:00Z', 6, '18'],
      ['2026-10-01T09:00:00Z', 1, '3'],
      ['2026-10-01T10:00:00Z', 2, '6'],
    ]);
  });

  it('links to the dossier that proves the rows', async () => {
    const { get, getUrl, bed } = await openSite();
    for (const by of ['region', 'hour']) {
      const usage = usageIn(await get(`${DAYS}&by=${by}`));
      expect(usage).toMatchObject({
        outcome: 'VALID',
        problems: [],
        missing: [],
        proven: ['eu.log.example', 'us.log.example'],
      });
      const dossier = await getUrl(usage.dossier);
      const bytes = new TextEncoder().encode(dossier.body);
      expect(parseDossier(bytes).range).toMatchObject({ from: '2026-09-30T00:00:00Z' });
      const { outcome, usage: totals } = judge(bytes, bed.network.rules);
      expect(outcome).toBe('VALID');
      expect(totals.reduce((sum, { windows }) => sum + windows, 0)).toBe(9);
    }
  });

  it('counts the other statements where that is asked for, and says that it does not show them', async () => {
    const { getUrl, bed } = await openSite();
    const answer = await getUrl(`/v1/models/${MODEL}/dossier?${DAYS}&by=total&others=counted`);
    const report = judge(new TextEncoder().encode(answer.body), bed.network.rules);
    expect([report.outcome, report.statements]).toEqual(['INCONCLUSIVE', []]);
    expect(report.problems.map(({ code }) => code)).toEqual([
      'STATEMENTS_COUNTED',
      'STATEMENTS_COUNTED',
    ]);
    expect(report.proven.map(({ counted }) => counted)).toEqual([
      { training: 1, evaluation: 0, deployment: 0 },
      { training: 1, evaluation: 0, deployment: 0 },
    ]);
    expect(report.usage.reduce((sum, { windows }) => sum + windows, 0)).toBe(9);
  });

  it('counts only what lies in the range', async () => {
    const { get } = await openSite();
    const hour = 'from=2026-10-01T09:00:00Z&to=2026-10-01T10:00:00Z';
    expect(rowsIn(await get(`${hour}&by=region`))).toEqual([['eu', 1, '3']]);
    const before = 'from=2026-10-01T00:00:00Z&to=2026-10-01T08:00:00Z';
    expect(rowsIn(await get(`${before}&by=hour`))).toEqual([]);
  });

  it('names the log whose totals are missing: INCONCLUSIVE, never silently smaller', async () => {
    const { get } = await openSite((bed) => {
      bed.euTally.pair = undefined;
    });
    const usage = usageIn(await get(`${DAYS}&by=region`));
    expect(usage).toMatchObject({
      outcome: 'INCONCLUSIVE',
      missing: ['eu.log.example'],
      proven: ['us.log.example'],
      problems: [{ code: 'TALLY_MISSING', origin: 'eu.log.example' }],
    });
    expect(usage.rows.map(({ key }) => key)).toEqual(['us']);
  });

  it('says so where a log lied about its tally', async () => {
    const { get } = await openSite((bed) => bed.euTally.publish({ leaves: [] }));
    expect(usageIn(await get(`${DAYS}&by=region`))).toMatchObject({
      outcome: 'EQUIVOCATION',
      missing: ['eu.log.example'],
    });
  });

  it('has no rows for a model that nobody used', async () => {
    const { get } = await openSite();
    const usage = usageIn(await get(`${DAYS}&by=day`, digestOf('nobody')));
    expect(usage).toMatchObject({
      outcome: 'INCONCLUSIVE',
      rows: [],
      problems: [{ code: 'MODEL_UNKNOWN' }],
    });
  });

  it('refuses bad questions, never with a failure of its own', async () => {
    const { get, getUrl } = await openSite();
    for (const [query, code] of Object.entries({
      '': 'REQUEST_MALFORMED',
      [DAYS]: 'REQUEST_MALFORMED',
      'by=day': 'REQUEST_MALFORMED',
      [`${DAYS}&by=total`]: 'REQUEST_MALFORMED',
      [`${DAYS}&by=day&more=1`]: 'REQUEST_MALFORMED',
      [`${DAYS}&by=day&by=hour`]: 'REQUEST_MALFORMED',
      'from=2026-10-02T00:00:00Z&to=2026-10-01T00:00:00Z&by=day': 'USAGE_RANGE_INVALID',
      'from=2026-10-01T00:01:00Z&to=2026-10-02T00:00:00Z&by=day': 'USAGE_RANGE_INVALID',
      'from=2020-01-01T00:00:00Z&to=2026-10-02T00:00:00Z&by=hour': 'USAGE_RANGE_INVALID',
      'from=then&to=now&by=region': 'TIME_MALFORMED',
    })) {
      const answer = await get(query);
      expect.soft([answer.statusCode, codeIn(answer)], query).toEqual([400, code]);
    }
    const answer = await get(`${DAYS}&by=day`, 'not-a-model');
    expect([answer.statusCode, codeIn(answer)]).toEqual([400, 'HEX_MALFORMED']);
    for (const query of ['from=2026-10-01T00:00:00Z', 'by=day', 'from=a&to=b', 'by=week']) {
      const refused = await getUrl(`/v1/models/${MODEL}/dossier?${query}`);
      expect(refused.statusCode, query).toBe(400);
    }
  });
});
