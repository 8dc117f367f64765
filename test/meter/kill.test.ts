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
import type { AttestryError } from '../../src/errors.ts';
import { type Meter, openMeter } from '../../src/meter/meter.ts';
import { type Child, runFixture } from '../helpers/child-process.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { fileLog, meterOptions, usageOf } from './fixtures/file-log.mjs';

const RECORD_FOREVER = new URL('./fixtures/record-forever.mjs', import.meta.url);
const CYCLES = 20;
/** Unix seconds, as in the fixture. */
const START = 1_790_841_600;

/** The numbers that the child was answered. */
const answeredBy = ({ lines }: Child): number[] =>
  lines.flatMap((line) => (/^\d+$/.test(line) ? [Number(line)] : []));

/** Lets the meter run again and again, each time until it is killed; gives the numbers of the requests that were answered. */
async function killMany(folder: string, logFile: string): Promise<ReadonlySet<number>> {
  const answered = new Set<number>();
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const highest = Math.max(-1, ...answered);
    // Every other time the last few are recorded again, as a gateway does that has not heard an answer.
    const from = cycle % 2 === 0 ? highest + 1 : Math.max(0, highest - 9);
    const child = runFixture(RECORD_FOREVER, [folder, logFile, `${from}`]);
    await child.said(2 + ((cycle * 37) % 40));
    await child.kill();
    for (const number of answeredBy(child)) answered.add(number);
  }
  return answered;
}

function windowsIn(logFile: string): StatementOf<'usage'>[] {
  const lines = readFileSync(logFile, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const statement = parseStatement(parseEnvelope(encodeUtf8(line)).payload);
    if (statement.kind !== 'usage') throw new Error('Expected usage statements alone.');
    return statement;
  });
}

/** The key of the window and number of the request in it, if its proof leads there; undefined if the meter has no such request. */
async function placeOf(
  meter: Meter,
  number: number,
  windows: ReadonlyMap<string, StatementOf<'usage'>>,
): Promise<string | undefined> {
  const proof = await meter.proofFor(`r-${number}`).catch((error: AttestryError) => {
    expect(error.code).toBe('METER_REQUEST_UNKNOWN');
  });
  if (!proof) return undefined;
  const { receipt: signed, path } = proof;
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
  it(`has every answered request once in the log, after ${CYCLES} kills`, async () => {
    const folder = await temporaryFolder();
    const [data, logFile] = [join(folder, 'meter'), join(folder, 'log')];
    const answered = await killMany(data, logFile);
    expect(existsSync(`${logFile}.error`)).toBe(false);
    const highest = Math.max(...answered);
    const clock = { now: START + highest + 3600 };
    const meter = await openMeter(meterOptions({ folder: data, clock, log: fileLog(logFile) }));
    try {
      await meter.tick();
      const windows = new Map(windowsIn(logFile).map((window) => [windowKeyOf(window), window]));
      const places = new Map<number, string>();
      for (let number = 0; number < highest + 100; number++) {
        const place = await placeOf(meter, number, windows);
        if (place !== undefined) places.set(number, place);
      }
      expect([...answered].filter((number) => !places.has(number))).toEqual([]);
      expect(new Set(places.values()).size).toBe(places.size);
      const counted = [...windows.values()]
        .map(({ predicate }) => Number(predicate.quantities.requests))
        .reduce((sum, requests) => sum + requests);
      // Some are on disk and were never answered: they are counted as well, and once.
      expect(counted).toBe(places.size);
      expect(answered.size).toBeGreaterThan(CYCLES * 5);
      console.info(
        `${CYCLES} kills: ${answered.size} requests answered, ${counted} in ${windows.size} windows.`,
      );
    } finally {
      await meter.close();
    }
  }, 60_000);
});
