import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeHex } from '../../src/core/bytes/hex.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { parseBuckets } from '../../src/core/metering/buckets.ts';
import { promisedWindowKey, windowKeyOf } from '../../src/core/metering/request-window.ts';
import { verifySum } from '../../src/core/metering/sum-tree.ts';
import { leafOfReceipt, readUsageReceipt } from '../../src/core/metering/usage-receipt.ts';
import { parseEnvelope } from '../../src/core/statement/envelope.ts';
import { parseStatement, type StatementOf } from '../../src/core/statement/statement.ts';
import { type Meter, openMeter } from '../../src/meter/meter.ts';
import { type Child, runFixture } from '../helpers/child-process.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { fileLog, meterOptions, usageOf } from './fixtures/file-log.mjs';

const RECORD_FOREVER = new URL('./fixtures/record-forever.mjs', import.meta.url);
const CYCLES = 20;

/** The numbers that the child was answered. */
const answered = ({ lines }: Child): number[] =>
  lines.flatMap((line) => (/^\d+$/.test(line) ? [Number(line)] : []));

/** Lets the meter run again and again, each time until it is killed; gives how many requests were recorded. */
async function killMany(folder: string, logFile: string): Promise<number> {
  let highest = -1;
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    // The last few are recorded again, as a gateway does that has not heard an answer.
    const from = Math.max(0, highest - 5);
    const child = runFixture(RECORD_FOREVER, [folder, logFile, `${from}`]);
    await child.said(2 + ((cycle * 37) % 90));
    await child.kill();
    highest = Math.max(highest, ...answered(child));
  }
  return highest + 1;
}

function windowsIn(logFile: string): StatementOf<'usage'>[] {
  const lines = readFileSync(logFile, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const statement = parseStatement(parseEnvelope(encodeUtf8(line)).payload);
    if (statement.kind !== 'usage') throw new Error('Expected usage statements alone.');
    return statement;
  });
}

/** The key of the window and number of the request in it, if its proof leads there. */
async function placeOf(
  meter: Meter,
  number: number,
  windows: ReadonlyMap<string, StatementOf<'usage'>>,
): Promise<string> {
  const { receipt: signed, path } = await meter.proofFor(`r-${number}`);
  const receipt = readUsageReceipt(signed.payload);
  const key = promisedWindowKey(receipt);
  const { requestTree, quantities } = (windows.get(key) as StatementOf<'usage'>).predicate;
  expect(parseBuckets(receipt.quantities)).toEqual(usageOf(number));
  verifySum({
    leaf: leafOfReceipt({ receipt, signed }),
    index: receipt.window.index,
    count: Number(requestTree?.count),
    path,
    root: decodeHex(requestTree?.root ?? ''),
    buckets: parseBuckets(quantities),
  });
  return `${key} ${receipt.window.index}`;
}

describe('a meter that is killed', () => {
  it(`has every recorded request once in the log, after ${CYCLES} kills`, async () => {
    const folder = await temporaryFolder();
    const [data, logFile] = [join(folder, 'meter'), join(folder, 'log')];
    const recorded = await killMany(data, logFile);
    expect(existsSync(`${logFile}.error`)).toBe(false);
    const clock = { now: 1_790_841_600 + recorded };
    const meter = await openMeter(meterOptions({ folder: data, clock, log: fileLog(logFile) }));
    try {
      // What the last kill left unanswered is recorded again; what was answered is found and not counted again.
      for (let number = 0; number < recorded; number++) {
        await meter.record({ requestId: `r-${number}`, usage: usageOf(number), customer: 'acme' });
      }
      clock.now += 3600;
      await meter.tick();
      const windows = new Map(windowsIn(logFile).map((window) => [windowKeyOf(window), window]));
      const places = new Set<string>();
      for (let number = 0; number < recorded; number++) {
        places.add(await placeOf(meter, number, windows));
      }
      expect(places.size).toBe(recorded);
      const counted = [...windows.values()]
        .map(({ predicate }) => Number(predicate.quantities.requests))
        .reduce((sum, requests) => sum + requests);
      // Requests that were on disk and not answered before the last kill are in the log beyond those.
      expect(counted).toBeGreaterThanOrEqual(recorded);
      expect(counted).toBeLessThan(recorded + 4);
      expect(recorded).toBeGreaterThan(CYCLES * 5);
    } finally {
      await meter.close();
    }
  }, 60_000);
});
