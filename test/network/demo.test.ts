import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pLimit from 'p-limit';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { InvoiceReport } from '../../src/core/metering/invoice-report.ts';
import type { Report } from '../../src/core/report/report.ts';
import { parseTrustRoot } from '../../src/core/trust/trust-root.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const DEMO = fileURLToPath(new URL('../../dist/scripts/demo.js', import.meta.url));
const CLI = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
// A minute where nothing else runs; a machine that is busy takes longer, which is not the demo's fault.
const STORY_MS = 300_000;

interface Run {
  readonly child: ChildProcess;
  /** Resolves once the demo has printed this. */
  printed(text: string): Promise<void>;
  /** `output` is all that was printed, `result` what went to standard output. */
  readonly ended: Promise<{
    readonly code: number | null;
    readonly output: string;
    readonly result: string;
  }>;
}

function run(program: string, args: readonly string[]): Run {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  let result = '';
  const waiting: { readonly text: string; readonly resolve: () => void }[] = [];
  const take = (chunk: Buffer): void => {
    output += chunk.toString();
    for (const { text, resolve } of waiting) if (output.includes(text)) resolve();
  };
  child.stdout.on('data', (chunk: Buffer) => {
    result += chunk.toString();
    take(chunk);
  });
  child.stderr.on('data', take);
  const ended = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    output,
    result,
  }));
  const printed = async (text: string): Promise<void> => {
    const found = new Promise<boolean>((resolve) => {
      if (output.includes(text)) resolve(true);
      waiting.push({ text, resolve: () => resolve(true) });
    });
    if (await Promise.race([found, ended.then(() => false)])) return;
    throw new Error(`Expected the demo to print ${text}, got: ${output}`);
  };
  return { child, printed, ended };
}

beforeAll(() => {
  // Real processes run compiled code; npm test builds it first.
  expect(existsSync(DEMO), 'npm run build').toBe(true);
});

describe('the demo', () => {
  it(
    'runs through, and leaves files that the command line judges as it should',
    async () => {
      const out = join(await temporaryFolder(), 'out');
      const { code, output } = await run(DEMO, ['--once', '--out', out]).ended;
      expect(code, output).toBe(0);
      const codes = [
        'ENTRY_HASH_MISMATCH',
        'HEAD_ROLLBACK',
        'WITNESS_AHEAD',
        'STATEMENT_LOG_MISMATCH',
        'USAGE_SUM_MISMATCH',
        'QUORUM_SHORT',
        'CHECKPOINT_CONTRADICTION',
        'WITNESS_CONTRADICTION',
        'USAGE_RECEIPT_UNFULFILLED',
        'TALLY_CONTRADICTION',
        'KEY_OUT_OF_WINDOW',
        'KEY_REVOKED',
        'TRUST_VERSION_BACK',
      ];
      for (const caught of codes) expect(output).toContain(`Caught: ${caught}.`);
      // Without a terminal there are no colours.
      expect(output).not.toContain('\u001b');
      for (const lie of [
        'hidden usage',
        'inflated total',
        'hidden revocation',
        'dropped request',
      ]) {
        expect(output).toMatch(new RegExp(`Attack \\d+ of 10: an? ${lie}`));
      }
      await judgeResults(out);
      await judgeMonth(out);
      await judgeInvoices(out);
    },
    STORY_MS,
  );

  it('prints its options and an example', async () => {
    const { code, output } = await run(DEMO, ['--help']).ended;
    expect(code).toBe(0);
    expect(output).toContain('--once');
    expect(output).toContain('Example:');
  });

  it.each(['SIGKILL', 'SIGINT'] as const)(
    'leaves no process behind after %s',
    async (signal) => {
      const data = join(await temporaryFolder(), 'data');
      const demo = run(DEMO, ['--data', data]);
      await demo.printed('Ready after');
      const trust = parseTrustRoot(await readFile(join(data, 'network', 'trust.json')));
      const urls = [...trust.logs.values(), ...trust.witnesses].map(({ url }) => url);
      expect(await Promise.all(urls.map(answers))).toEqual(urls.map(() => true));
      demo.child.kill(signal);
      const { code } = await demo.ended;
      if (signal === 'SIGINT') expect(code).toBe(130);
      await silence(urls);
    },
    STORY_MS,
  );

  it('refuses a data folder with something in it', async () => {
    const data = await temporaryFolder();
    await writeFile(join(data, 'precious.txt'), 'mine');
    const { code, output } = await run(DEMO, ['--once', '--data', data]).ended;
    expect(code).toBe(1);
    expect(output).toContain('to be empty');
  });
});

const PROGRAMS_AT_ONCE = 4;
const RIGHT = 'face_detection_full_range.tflite';

async function judgeResults(out: string): Promise<void> {
  const at = (name: string): string => join(out, name);
  const verify = async (file: string, ...args: readonly string[]): Promise<number | null> => {
    const trust = args.includes('--trust') ? [] : ['--trust', at('trust.json')];
    return (await run(CLI, ['verify', at(file), ...trust, ...args]).ended).code;
  };
  const expected: readonly (readonly [code: number, file: string, ...args: readonly string[]])[] = [
    [0, 'dossier.json', '--model', at(RIGHT)],
    [1, 'dossier.json', '--model', at('face_detection_full_range_sparse.tflite')],
    [1, 'dossier.json', '--model', at('face_detection_full_range.flipped.tflite')],
    [0, 'receipt.json', '--model', at(RIGHT)],
    [0, 'language-dossier.json', '--model', at('lid.176.ftz')],
    [0, 'folder-dossier.json', '--model', at('face-detection')],
    [0, 'folder-dossier.json', '--model', at('shard.bin'), '--shard-proof', at('shard-proof.json')],
    [
      1,
      'folder-dossier.json',
      '--model',
      at('lid.176.ftz'),
      '--shard-proof',
      at('shard-proof.json'),
    ],
    [3, 'fork-finding.json', '--trust', at('fork-trust.json')],
    [3, 'split-finding.json', '--trust', at('split-trust.json'), '--accept-weak-quorum'],
    [1, 'split-finding.json', '--trust', at('split-trust.json')],
    [1, 'fork-finding.json'],
    [0, 'month-dossier.json', '--model', at('lid.176.ftz')],
    [1, 'month-dossier.json', '--model', at(RIGHT)],
    [3, 'hidden-usage-finding.json', '--trust', at('lies-trust.json')],
    [3, 'inflated-total-finding.json', '--trust', at('lies-trust.json')],
    [3, 'hidden-revocation-finding.json', '--trust', at('lies-trust.json')],
    [1, 'hidden-revocation-finding.json'],
    ...judgedByVersion(at),
  ];
  const inTurn = pLimit(PROGRAMS_AT_ONCE);
  const judged = expected.map(([, file, ...args]) => inTurn(() => verify(file, ...args)));
  for (const [i, code] of (await Promise.all(judged)).entries()) {
    expect(code, expected[i]?.slice(1).join(' ')).toBe(expected[i]?.[0]);
  }
  expect(await readFile(at('NOTICE.txt'), 'utf8')).toContain('CC-BY-SA-3.0');
}

/** What an operator's key signed before it was rotated and revoked, and what a thief did, by each version. */
function judgedByVersion(
  at: (name: string) => string,
): readonly (readonly [code: number, file: string, ...args: readonly string[]])[] {
  const [one, two, three] = [1, 2, 3].map((version) => at(`keys-trust-${version}.json`)) as [
    string,
    string,
    string,
  ];
  return [
    [0, 'keys-dossier.json', '--trust', one, '--model', at(RIGHT)],
    [0, 'keys-dossier.json', '--trust', two, '--trust-from', one],
    [0, 'keys-dossier.json', '--trust', three, '--trust-from', one, '--trust-from', two],
    [1, 'keys-dossier.json', '--trust', one, '--trust-from', two],
    [1, 'keys-dossier.json', '--trust', three, '--trust-from', one],
    [0, 'keys-stolen-receipt.json', '--trust', two],
    [1, 'keys-stolen-receipt.json', '--trust', three],
  ];
}

/** A whole month of three regions, of which nothing is missing. */
async function judgeMonth(out: string): Promise<void> {
  const [dossier, trust] = [join(out, 'month-dossier.json'), join(out, 'trust.json')];
  const { result } = await run(CLI, ['verify', dossier, '--trust', trust, '--json']).ended;
  const { usage, proven }: Report = JSON.parse(result);
  expect(usage.map(({ region }) => region)).toEqual(['eu-central', 'us-east', 'ap-singapore']);
  for (const { from, to, windows, totals } of usage) {
    expect(windows).toBeGreaterThanOrEqual(24);
    expect(Number(totals.inputCachedTokens)).toBeGreaterThan(0);
    const [start, end] = [new Date(from), new Date(to)];
    expect([start.getUTCDate(), end.getUTCDate()]).toEqual([1, 1]);
    expect((end.getUTCMonth() - start.getUTCMonth() + 12) % 12).toBe(1);
  }
  for (const { absent } of proven) expect(absent).toContain('revocation');
}

/** The right invoice is proven whole; of the other one exactly the dropped request is reported. */
async function judgeInvoices(out: string): Promise<void> {
  const check = async (name: string, receipts: string, trust: string): Promise<InvoiceReport> => {
    const args = [join(out, name), '--receipts', join(out, receipts), '--trust', join(out, trust)];
    const { code, result } = await run(CLI, ['invoice', 'check', ...args, '--json']).ended;
    const report: InvoiceReport = JSON.parse(result);
    expect(code, name).toBe(report.outcome === 'VALID' ? 0 : 1);
    return report;
  };
  const right = await check('invoice.json', 'kept-receipts.jsonl', 'trust.json');
  expect(right.outcome).toBe('VALID');
  expect(right.totals.proven).toEqual(right.totals.stated);
  const broken = await check('dropped-invoice.json', 'dropped-receipts.jsonl', 'lies-trust.json');
  expect(broken.outcome).toBe('INVALID');
  const wrong = broken.lines.filter(({ code }) => code !== null);
  expect(wrong).toMatchObject([{ of: 'kept receipt', code: 'USAGE_RECEIPT_UNFULFILLED' }]);
}

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(`${url}/healthz`);
    return true;
  } catch {
    return false;
  }
}

async function silence(urls: readonly string[]): Promise<void> {
  const deadline = Date.now() + 20_000;
  while ((await Promise.all(urls.map(answers))).includes(true)) {
    expect(Date.now(), 'processes that outlive the demo').toBeLessThan(deadline);
    await pause(50);
  }
}
