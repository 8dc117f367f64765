import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Dossier, formatDossier, parseDossier } from '../../src/core/dossier/dossier.ts';
import type { Report } from '../../src/core/report/report.ts';
import type { UsageRow } from '../../src/core/report/usage-rows.ts';
import type { UsageRange } from '../../src/core/tally/questions.ts';
import { startPeer } from '../client/peer-server.ts';
import { signedEntry, type TestLog } from '../helpers/fixtures.ts';
import { signTrust } from '../helpers/signed-trust.ts';
import { digestOf, MODEL, sampleStream } from '../helpers/statements.ts';
import { leavesOfLog, makeTalliedNetwork, talliedLog } from '../helpers/tallied-network.ts';
import { attestry, type Ended } from './command-line.ts';

// The program goes by the system's clock: everything is stated long ago, and witnessed now.
const NOW = Math.floor(Date.now() / 1000);
const NETWORK = makeTalliedNetwork({ regions: ['eu', 'us'], verifierQuorum: 1 });
const [EU, US] = NETWORK.logs as [TestLog, TestLog];
for (const { log, hours } of [
  { log: EU, hours: ['10', '11'] },
  { log: US, hours: ['11'] },
]) {
  for (const [i, hour] of hours.entries()) {
    const [statement] = sampleStream(1, {
      context: { ...log.context, issuedAt: '2020-01-02T00:00:00Z' },
      meter: `meter-${i}`,
      predicate: {
        window: { start: `2020-01-01T${hour}:00:00Z`, end: `2020-01-01T${hour}:10:00Z` },
      },
    });
    if (statement !== undefined) log.append(signedEntry(statement).entry);
  }
}

const DAY = ['--from', '2020-01-01T00:00:00Z', '--to', '2020-01-02T00:00:00Z'];
type Lie = (honest: Dossier) => Dossier;
const honestly: Lie = (honest) => honest;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attestry-usage-'));
  await writeFile(join(folder, 'trust.json'), signTrust(NETWORK.file));
  return () => rm(folder, { recursive: true, force: true });
});

function dossierOf(range: UsageRange): Dossier {
  const logs = NETWORK.logs.map((log) => talliedLog(log, MODEL, { range, time: NOW }));
  return { model: MODEL, range, logs, findings: [] };
}

/** Asks a verifier that makes of the honest dossier what `lie` says. */
async function usage(lie: Lie, ...flags: readonly string[]): Promise<Ended> {
  const peer = await startPeer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://verifier');
    const range = Object.fromEntries(searchParams) as unknown as UsageRange;
    response.writeHead(200).end(formatDossier(lie(dossierOf(range))));
  });
  const args = ['usage', MODEL, '--trust', 'trust.json', '--verifier', peer.url, ...DAY, ...flags];
  return await attestry(args, { cwd: folder });
}

describe('attestry usage', () => {
  test('prints the totals that it has recomputed, as a table', async () => {
    const { code, stdout } = await usage(honestly);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^VALID/);
    expect(stdout).toMatch(/eu\W+2\W+6\W+140\W/);
    expect(stdout).toMatch(/us\W+1\W+3\W+70\W/);
  });

  test('prints JSON by hour, and keeps a dossier that is judged again offline', async () => {
    const { code, stdout } = await usage(honestly, '--json', '--by', 'hour', '--out', 'kept.json');
    expect(code).toBe(0);
    const { report, rows } = JSON.parse(stdout) as { report: Report; rows: UsageRow[] };
    expect(report.outcome).toBe('VALID');
    expect(rows.map(({ key, windows, totals }) => [key, windows, totals.requests])).toEqual([
      ['2020-01-01T10:00:00Z', 1, '3'],
      ['2020-01-01T11:00:00Z', 2, '6'],
    ]);
    const kept = new Uint8Array(await readFile(join(folder, 'kept.json')));
    expect(parseDossier(kept).range?.by).toBe('hour');
    const again = await attestry(['verify', 'kept.json', '--trust', 'trust.json'], { cwd: folder });
    expect(again.code).toBe(0);
  });

  test('prints CSV with FOCUS column names', async () => {
    const { code, stdout } = await usage(honestly, '--csv');
    expect(code).toBe(0);
    const [header, first, ...more] = stdout.trimEnd().split('\n');
    expect(header).toMatch(/^ChargePeriodStart,ChargePeriodEnd,ProviderName,RegionId,ResourceId,/);
    expect(first).toBe(
      `2020-01-01T00:00:00Z,2020-01-02T00:00:00Z,operator-eu,eu,${MODEL},requests,6,Requests,eu.log.example,VALID`,
    );
    expect(more).toHaveLength(13);
  });

  test('ends with 2 where a log is missing, and says which', async () => {
    const missing = { code: 'PEER_UNAVAILABLE', message: 'no answer' } as const;
    const { code, stdout } = await usage((honest) => ({
      ...honest,
      logs: [...honest.logs.slice(0, 1), { origin: US.origin, missing }],
    }));
    expect(code).toBe(2);
    expect(stdout).toMatch(/^INCONCLUSIVE/);
    expect(stdout).toContain('us.log.example');
    expect((await usage((honest) => ({ ...honest, logs: honest.logs.slice(1) }))).code).toBe(2);
  });

  test('ends with 1 where the sums are not those of the entries that it stands on', async () => {
    const { code, stdout } = await usage((honest) => {
      const [, us] = honest.logs;
      const range = honest.range as UsageRange;
      const fewer = talliedLog(EU, MODEL, { range, time: NOW, leaves: leavesOfLog(EU).slice(1) });
      const honestLog = talliedLog(EU, MODEL, { range, time: NOW });
      const proof = fewer.tally?.proof ?? '';
      const tally = { note: honestLog.tally?.note ?? '', proof };
      return { ...honest, logs: [{ ...honestLog, tally }, us ?? honestLog] };
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^INVALID/);
    expect(stdout).toContain('TALLY_');
  });

  test.each<[string, Lie]>([
    [
      'of a shorter range, whose sums are right and smaller',
      () => dossierOf({ from: '2020-01-01T00:00:00Z', to: '2020-01-01T11:00:00Z', by: 'total' }),
    ],
    ['that does not sum', ({ range: _, ...honest }) => honest],
    ['of another model', (honest) => ({ ...honest, model: digestOf('another') })],
  ])('refuses a dossier %s', async (_, lie) => {
    const { code, stdout, stderr } = await usage(lie, '--out', 'refused.json');
    expect(stderr).toMatch(/^error RESPONSE_INVALID: /m);
    expect([code, stdout]).toEqual([1, '']);
    await expect(readFile(join(folder, 'refused.json'))).rejects.toThrow();
  });

  test('tells wrong usage from a refusal', async () => {
    expect((await usage(honestly, '--csv', '--json')).code).toBe(64);
    expect((await usage(honestly, '--by', 'minute')).code).toBe(64);
    const refused = await startPeer((_, response) => {
      const error = { code: 'USAGE_RANGE_INVALID', message: 'not an hour', details: {} };
      response.writeHead(400).end(JSON.stringify({ error }));
    });
    const args = ['usage', MODEL, '--trust', 'trust.json', '--verifier', refused.url, ...DAY];
    const { code, stderr } = await attestry(args, { cwd: folder });
    expect(stderr).toMatch(/^error USAGE_RANGE_INVALID: /m);
    expect(code).toBe(1);
  });
});
