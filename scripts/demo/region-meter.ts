/**
 * The meter at one operator's gateway: the SDK's own, with a clock that the demo sets, so that it runs through past time.
 * Everything that it is told, it is told in the shape that the server's responses have.
 */
import { randomBytes } from 'node:crypto';
import type { SubmittedEntry } from '../../src/client/submission-answer.ts';
import { normaliseUsage } from '../../src/core/metering/normalise.ts';
import type { RequestProof } from '../../src/core/metering/request-proof.ts';
import type { SignedUsageReceipt } from '../../src/core/metering/usage-receipt.ts';
import type { Subject } from '../../src/core/statement/resource.ts';
import { type Meter, openMeter } from '../../src/meter/meter.ts';
import { demand } from './expectation.ts';
import type { LogSite } from './log-site.ts';
import type { RequestUsage } from './material/requests.ts';
import { formatResponse, type ResponseShape } from './material/responses.ts';

/** What a customer is given for a request, and keeps. */
export interface KeptReceipt {
  readonly customer: string;
  readonly requestId: string;
  readonly receipt: SignedUsageReceipt;
  readonly salt: Uint8Array;
}

export interface RegionMeterOptions {
  readonly site: LogSite;
  readonly folder: string;
  readonly subject: Subject;
  readonly shape: ResponseShape;
}

/** Who has the requests served, in turn. */
export const CUSTOMERS: readonly string[] = ['lagoon-press', 'alpine-weather', 'tram-archive'];

const METHOD = 'words, Unicode UAX #29';
const WINDOW_SECONDS = 3600;
/** Looks at the queue, after which everything that was ever going to be logged is. */
const MOST_LOOKS = 20;

export class RegionMeter {
  readonly #options: RegionMeterOptions;
  readonly #meter: Meter;
  readonly #clock: { now: number };
  readonly #logged: Map<string, SubmittedEntry>;

  private constructor(
    options: RegionMeterOptions,
    parts: { meter: Meter; clock: { now: number }; logged: Map<string, SubmittedEntry> },
  ) {
    this.#options = options;
    this.#meter = parts.meter;
    this.#clock = parts.clock;
    this.#logged = parts.logged;
  }

  /** The meter of this folder, at `now` (unix seconds). */
  static async open(options: RegionMeterOptions, now: number): Promise<RegionMeter> {
    const { site, folder, subject } = options;
    const { issuedAt: _, ...context } = site.context();
    const clock = { now };
    const logged = new Map<string, SubmittedEntry>();
    const meter = await openMeter({
      folder,
      seed: site.operatorSeed,
      meter: { id: `${site.party.region}/gateway-1`, method: METHOD },
      subject,
      context,
      submit: async (envelope) => {
        const entry = await site.client.submit(envelope, { wait: 'witnessed' });
        logged.set(entry.entryHash, entry);
        return entry;
      },
      now: () => clock.now,
      randomBytes: (length) => new Uint8Array(randomBytes(length)),
      windowSeconds: WINDOW_SECONDS,
      // The clock stands still between two requests: the demo says when to look.
      tickMs: 0,
    });
    return new RegionMeter(options, { meter, clock, logged });
  }

  /** The logged windows, in their order. */
  get entries(): readonly SubmittedEntry[] {
    return [...this.#logged.values()];
  }

  /** Meters requests at the times at which they came. Windows that are over are logged meanwhile. */
  async record(requests: readonly RequestUsage[]): Promise<readonly KeptReceipt[]> {
    const kept: KeptReceipt[] = [];
    for (const hour of byHour(requests)) {
      this.#clock.now = hour[0]?.startedAt ?? this.#clock.now;
      await this.#meter.tick();
      // As a gateway does, whose requests do not wait for each other: they go to the disk together.
      kept.push(...(await Promise.all(hour.map((request) => this.#recordOne(request)))));
    }
    return kept;
  }

  /** Moves the clock on until every window before `now` (unix seconds) is logged and witnessed. */
  async settle(now: number): Promise<void> {
    for (let look = 0; look < MOST_LOOKS; look++) {
      this.#clock.now = now + look * 60;
      await this.#meter.tick();
      const { openRequests, unloggedWindows, unwitnessedWindows } = this.#meter.status;
      if (openRequests + unloggedWindows + unwitnessedWindows === 0) return;
    }
    const { lastError } = this.#meter.status;
    throw new Error(`Expected all windows in ${this.#options.site.party.region} to be logged.`, {
      cause: lastError,
    });
  }

  proofFor(requestId: string): Promise<RequestProof> {
    return this.#meter.proofFor(requestId);
  }

  /** Destroys the customer's salts; gives how many. */
  forget(customer: string): Promise<number> {
    return this.#meter.eraseCustomer(customer);
  }

  close(): Promise<void> {
    return this.#meter.close();
  }

  async #recordOne(request: RequestUsage): Promise<KeptReceipt> {
    const { shape } = this.#options;
    const { requestId, customer, startedAt } = request;
    this.#clock.now = startedAt;
    const usage = normaliseUsage(shape, formatResponse(shape, request));
    const { receipt, salt } = await this.#meter.record({ requestId, usage, customer });
    demand(salt !== undefined, `a salt for request ${requestId}`);
    return { customer, requestId, receipt, salt };
  }
}

/** The requests of each hour in which there are any. */
function byHour(requests: readonly RequestUsage[]): readonly (readonly RequestUsage[])[] {
  const hours = new Map<number, RequestUsage[]>();
  for (const request of requests) {
    const hour = Math.floor(request.startedAt / WINDOW_SECONDS);
    hours.set(hour, [...(hours.get(hour) ?? []), request]);
  }
  return [...hours.values()];
}
