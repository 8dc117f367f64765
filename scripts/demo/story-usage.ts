/** Chapter: the language model serves requests in three regions; what the meters count becomes usage statements. */
import { nextUsage } from '../../src/client/operator.ts';
import type { SubmittedEntry } from '../../src/client/submission-answer.ts';
import { formatTime } from '../../src/core/bytes/time.ts';
import type { Envelope } from '../../src/core/statement/envelope.ts';
import type { StatementOf } from '../../src/core/statement/statement.ts';
import type { UsageQuantities } from '../../src/core/statement/usage.ts';
import { AttestryError } from '../../src/errors.ts';
import { demand } from './expectation.ts';
import type { LogSite } from './log-site.ts';
import { loadLanguageModel } from './material/language-model.ts';
import { type RequestUsage, serveRequests } from './material/requests.ts';
import { SENTENCES } from './material/sentences.ts';
import { closeWindows, type UsageWindow } from './material/usage-windows.ts';
import type { Network } from './network.ts';
import type { LogParty } from './parties.ts';
import type { Stage } from './stage.ts';
import type { LanguageRecord } from './story-models.ts';

/** Unix seconds. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

/** What one region's meter counted, to compare with what the auditor will find. */
export interface RegionUsage {
  readonly site: LogSite;
  /** The logged statements, in order of their windows. */
  readonly entries: readonly SubmittedEntry[];
  readonly requests: bigint;
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
}

const SECONDS_PER_HOUR = 3600;
const HOURS = 3;
const WINDOW_SECONDS = 1800;
const BUSIEST_REGION_REQUESTS = 600;
const METHOD = 'words, Unicode UAX #29';

/** The last full hours before `now`, unix seconds. */
export function pastHours(now: number): Period {
  const to = Math.floor(now / SECONDS_PER_HOUR) * SECONDS_PER_HOUR;
  return { from: to - HOURS * SECONDS_PER_HOUR, to };
}

export async function serveAndMeter(
  stage: Stage,
  network: Network,
  served: { readonly language: LanguageRecord; readonly period: Period },
): Promise<readonly RegionUsage[]> {
  const { narrator } = stage;
  narrator.chapter('The language model at work');
  const { from, to } = served.period;
  narrator.say('It serves real requests in three regions: sentences in 27 languages.');
  narrator.say(
    `To have a history to audit, the meters' clocks run through ${formatTime(from)} to ${formatTime(to)} meanwhile.`,
  );
  const usages: RegionUsage[] = [];
  for (const [i, site] of network.sites.entries()) {
    const usage = await serveRegion(site, served, i + 1);
    usages.push(usage);
    narrator.say(
      `${site.party.region}: ${usage.requests} requests, ${usage.inputTokens} tokens in, ${usage.outputTokens} out, logged in ${usage.entries.length} windows.`,
    );
  }
  return usages;
}

export function usageIn(usages: readonly RegionUsage[], party: LogParty): RegionUsage {
  const usage = usages.find(({ site }) => site.party === party);
  if (usage === undefined) throw new RangeError(`Expected usage in ${party.region}.`);
  return usage;
}

async function serveRegion(
  site: LogSite,
  { language, period }: { readonly language: LanguageRecord; readonly period: Period },
  seed: number,
): Promise<RegionUsage> {
  const model = await loadLanguageModel(language.path);
  const count = Math.floor(BUSIEST_REGION_REQUESTS / seed);
  const requests = serveRequests({
    model,
    sentences: SENTENCES,
    count,
    seed,
    now: evenClock(period, count),
  });
  const windows = closeWindows(requests, { windowSeconds: WINDOW_SECONDS, ...period });
  const total = (of: (request: RequestUsage) => number): bigint =>
    BigInt(requests.reduce((sum, request) => sum + of(request), 0));
  return {
    site,
    entries: await submitInOrder(site, chain(site, language, windows)),
    requests: BigInt(requests.length),
    inputTokens: total(({ inputTokens }) => inputTokens),
    outputTokens: total(({ outputTokens }) => outputTokens),
  };
}

/** Each statement commits to the one before it: none can be dropped unseen. */
function chain(
  site: LogSite,
  { subject }: LanguageRecord,
  windows: readonly UsageWindow[],
): readonly Envelope[] {
  const envelopes: Envelope[] = [];
  for (const window of windows) {
    const { sequence, previous } = nextUsage(envelopes.at(-1));
    const statement: StatementOf<'usage'> = {
      kind: 'usage',
      subject: [subject],
      predicate: {
        context: site.context(),
        meter: { id: `${site.party.region}/gateway-1`, method: METHOD, sequence, previous },
        window: { start: formatTime(window.start), end: formatTime(window.end) },
        quantities: quantitiesOf(window),
      },
    };
    envelopes.push(site.sign(statement));
  }
  return envelopes;
}

/** Sent in one request; each line is answered on its own. */
async function submitInOrder(
  { client, party }: LogSite,
  envelopes: readonly Envelope[],
): Promise<readonly SubmittedEntry[]> {
  const results = await client.submitMany(envelopes, { wait: 'witnessed' });
  return results.map((result) => {
    if (result instanceof AttestryError) throw result;
    demand(result.state === 'witnessed', `witnesses to cosign in ${party.region}`);
    return result;
  });
}

function quantitiesOf(window: UsageWindow): UsageQuantities {
  const { inputUncachedTokens, inputCachedTokens, inputCacheWriteTokens } = window;
  const { requests, outputVisibleTokens, outputReasoningTokens } = window;
  return {
    requests: String(requests),
    inputUncachedTokens: String(inputUncachedTokens),
    inputCachedTokens: String(inputCachedTokens),
    inputCacheWriteTokens: String(inputCacheWriteTokens),
    inputTokens: String(inputUncachedTokens + inputCachedTokens + inputCacheWriteTokens),
    outputVisibleTokens: String(outputVisibleTokens),
    outputReasoningTokens: String(outputReasoningTokens),
    outputTokens: String(outputVisibleTokens + outputReasoningTokens),
  };
}

function evenClock({ from, to }: Period, count: number): () => number {
  let asked = 0;
  return () => from + Math.floor(((to - from) * asked++) / count);
}
