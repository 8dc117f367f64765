/** Chapter: the language model serves requests in three regions for a month; what the meters count is logged. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SubmittedEntry } from '../../src/client/submission-answer.ts';
import { formatTime } from '../../src/core/bytes/time.ts';
import type { LogSite } from './log-site.ts';
import { loadLanguageModel } from './material/language-model.ts';
import { type RequestUsage, serveRequests } from './material/requests.ts';
import { type ResponseShape, SHAPE_NAME } from './material/responses.ts';
import { SENTENCES } from './material/sentences.ts';
import { requestTimes } from './material/workload.ts';
import type { Month } from './month.ts';
import type { Network } from './network.ts';
import { AMERICA, ASIA, EUROPE, type LogParty } from './parties.ts';
import { CUSTOMERS, type KeptReceipt, RegionMeter } from './region-meter.ts';
import type { Stage } from './stage.ts';
import type { LanguageRecord } from './story-models.ts';

/** What was counted in one region, to compare with what the auditor will find. */
export interface RegionUsage {
  readonly site: LogSite;
  readonly meter: RegionMeter;
  /** Where the meter keeps its queue. */
  readonly folder: string;
  /** The logged statements, in order of their windows. */
  readonly entries: readonly SubmittedEntry[];
  /** What the customers keep. */
  readonly kept: readonly KeptReceipt[];
  readonly requests: bigint;
  readonly inputTokens: bigint;
  readonly cachedTokens: bigint;
  readonly outputTokens: bigint;
}

interface Gateway {
  readonly shape: ResponseShape;
  readonly busyHours: number;
  readonly requestsPerHour: number;
}

const GATEWAYS: ReadonlyMap<LogParty, Gateway> = new Map([
  [EUROPE, { shape: 'openai-chat', busyHours: 36, requestsPerHour: 12 }],
  [AMERICA, { shape: 'anthropic', busyHours: 30, requestsPerHour: 8 }],
  [ASIA, { shape: 'otel', busyHours: 24, requestsPerHour: 6 }],
]);

export async function serveAndMeter(
  stage: Stage,
  network: Network,
  served: { readonly language: LanguageRecord; readonly month: Month },
): Promise<readonly RegionUsage[]> {
  const { narrator } = stage;
  narrator.chapter('The language model at work');
  const { name, from, to } = served.month;
  narrator.say('It serves real requests in three regions: sentences in 27 languages.');
  narrator.say(
    `To have a history to audit, the meters' clocks run through all of ${name}: ${formatTime(from)} to ${formatTime(to)}.`,
  );
  const usages = await Promise.all(
    network.sites.map((site, i) => meterRegion(stage, { site, seed: i + 1, ...served })),
  );
  for (const { site, requests, inputTokens, outputTokens, entries } of usages) {
    narrator.say(
      `${site.party.region}: ${requests} requests, ${inputTokens} tokens in, ${outputTokens} out, metered from ${SHAPE_NAME[gatewayOf(site).shape]} and logged in ${entries.length} windows.`,
    );
  }
  narrator.say(
    'For each request the operator signed a receipt; the customer keeps that, and the salt that opens it.',
  );
  return usages;
}

export function usageIn(usages: readonly RegionUsage[], party: LogParty): RegionUsage {
  const usage = usages.find(({ site }) => site.party === party);
  if (usage === undefined) throw new RangeError(`Expected usage in ${party.region}.`);
  return usage;
}

interface Region {
  readonly site: LogSite;
  readonly seed: number;
  readonly language: LanguageRecord;
  readonly month: Month;
}

async function meterRegion(
  { folder: parent }: Stage,
  { site, seed, language, month }: Region,
): Promise<RegionUsage> {
  const folder = join(parent, 'meters', site.party.region);
  await mkdir(folder, { recursive: true });
  const { shape, ...busy } = gatewayOf(site);
  const requests = serveRequests({
    model: await loadLanguageModel(language.path),
    sentences: SENTENCES,
    seed,
    times: requestTimes({ ...month, ...busy }),
    customers: CUSTOMERS,
  });
  const meter = await RegionMeter.open(
    { site, folder, shape, subject: language.subject },
    month.from,
  );
  const kept = await meter.record(requests);
  await meter.settle(month.to);
  const total = (of: (request: RequestUsage) => number): bigint =>
    BigInt(requests.reduce((sum, request) => sum + of(request), 0));
  return {
    site,
    meter,
    folder,
    entries: meter.entries,
    kept,
    requests: BigInt(requests.length),
    inputTokens: total(({ inputTokens }) => inputTokens),
    cachedTokens: total(({ cachedTokens }) => cachedTokens),
    outputTokens: total(({ outputTokens }) => outputTokens),
  };
}

function gatewayOf({ party }: LogSite): Gateway {
  const gateway = GATEWAYS.get(party);
  if (gateway === undefined) throw new RangeError(`Expected a gateway in ${party.region}.`);
  return gateway;
}
