/** Attack: an operator gives a customer the receipt of a request, and then drops the request before its window is logged. */
import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Subject } from '../../src/core/statement/resource.ts';
import type { Auditor } from './auditor.ts';
import type { DishonestLog } from './dishonest-log.ts';
import { demand, demandEqual } from './expectation.ts';
import { billRequests, type InvoiceFiles, keepInvoice } from './invoice-files.ts';
import { loadLanguageModel } from './material/language-model.ts';
import { type RequestUsage, serveRequests } from './material/requests.ts';
import { SENTENCES } from './material/sentences.ts';
import { requestTimes } from './material/workload.ts';
import type { Month } from './month.ts';
import type { Narrator } from './narrator.ts';
import {
  CUSTOMERS,
  type KeptReceipt,
  RegionMeter,
  type RegionMeterOptions,
} from './region-meter.ts';

interface DropInput {
  readonly log: DishonestLog;
  readonly subject: Subject;
  readonly month: Month;
}

/** Keeps request ids apart from those of the three regions. */
const SEED = 4;
const WORK = { busyHours: 3, requestsPerHour: 8 };

export async function attackDrop(
  auditor: Auditor,
  narrator: Narrator,
  { log, subject, month }: DropInput,
): Promise<InvoiceFiles> {
  const { site, folder, trustFile } = log;
  const requests = serveRequests({
    model: await loadLanguageModel(),
    sentences: SENTENCES,
    seed: SEED,
    times: requestTimes({ ...month, ...WORK }),
    customers: CUSTOMERS,
  });
  const options = { site, folder: join(folder, 'meter'), subject, shape: 'vllm' } as const;
  const { meter, receipts } = await meterAndDrop(options, requests, month.to);
  const dropped = receipts.at(-1);
  demand(dropped !== undefined, 'a request that was dropped');
  const { customer, requestId } = dropped;
  const kept = receipts.filter((receipt) => receipt.customer === customer);
  narrator.say(
    `${site.party.operatorName} answers ${requestId} of ${customer} with a receipt, then puts its meter's folder back to what it was before, and logs the window without it.`,
  );
  const invoice = await billRequests(meter, kept.slice(0, -1));
  await meter.close();
  const files = await keepInvoice(auditor, 'dropped', { invoice, kept });
  const broken = { outcome: 'INVALID', code: 'USAGE_RECEIPT_UNFULFILLED' } as const;
  const report = await auditor.checkInvoice(files.invoice, broken, {
    receipts: files.receipts,
    trustFile,
  });
  const wrong = report.lines.filter(({ code }) => code !== null);
  demandEqual(wrong.length, 1, 'the requests that do not stand in the log');
  demandEqual(wrong[0]?.requestId ?? '', requestId, 'the request that does not stand in the log');
  demand(wrong[0]?.evidence?.window !== undefined, 'the logged window as evidence');
  narrator.caught(
    broken.code,
    `attestry invoice check proves ${report.lines.length - 1} of the ${kept.length} receipts that ${customer} kept, and that the last one was broken.`,
  );
  narrator.show([`${requestId}: ${wrong[0]?.message ?? ''}`]);
  return files;
}

/** Everything is metered and answered with a receipt; the last request then never was. */
async function meterAndDrop(
  options: RegionMeterOptions,
  requests: readonly RequestUsage[],
  end: number,
): Promise<{ readonly meter: RegionMeter; readonly receipts: readonly KeptReceipt[] }> {
  const { folder } = options;
  const backup = `${folder}.backup`;
  const [dropped] = requests.slice(-1) as [RequestUsage];
  const honest = await RegionMeter.open(options, requests[0]?.startedAt ?? end);
  const receipts = [...(await honest.record(requests.slice(0, -1)))];
  await honest.close();
  await cp(folder, backup, { recursive: true });
  const generous = await RegionMeter.open(options, dropped.startedAt);
  receipts.push(...(await generous.record([dropped])));
  await generous.close();
  await rm(folder, { recursive: true });
  await rename(backup, folder);
  const meter = await RegionMeter.open(options, dropped.startedAt);
  await meter.settle(end);
  return { meter, receipts };
}
