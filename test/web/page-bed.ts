/** The page in front of a verifier in this process, on a real port: logs and tallies that hold what a test wants, now. */
import { onTestFinished } from 'vitest';
import type { Kind, Statement } from '../../src/core/statement/statement.ts';
import { listen } from '../../src/http/listen.ts';
import { readPage } from '../../src/http/page-files.ts';
import { createVerifierApp } from '../../src/http/verifier-app.ts';
import type { Verifier } from '../../src/verifier/verifier.ts';
import { quickEntry } from '../helpers/quick-entry.ts';
import { TallyBed } from '../helpers/served-tally.ts';
import { type SampleOverrides, sampleStatement } from '../helpers/statements.ts';

export class PageBed {
  readonly bed: TallyBed;
  readonly verifier: Verifier;
  readonly url: string;

  private constructor(bed: TallyBed, verifier: Verifier, url: string) {
    this.bed = bed;
    this.verifier = verifier;
    this.url = url;
  }

  /** Two logs about `MODEL`; `fill` adds to them before the verifier looks. Everything ends with the test. */
  static async make(fill: (bed: TallyBed) => void = () => undefined): Promise<PageBed> {
    const bed = await TallyBed.make();
    bed.now = Math.floor(Date.now() / 1000);
    fill(bed);
    publish(bed);
    const verifier = await bed.openAndLook({ tallies: bed.tallyOptions });
    const app = await createVerifierApp(verifier, {
      log: false,
      // The test and the verifier share a thread: a connection that waits for it is no slow client.
      limits: {
        requestsPerWindow: 0,
        maxEventLoopDelayMs: 0,
        requestTimeoutMs: 60_000,
        headersTimeoutMs: 60_000,
      },
      page: await readPage('dist/page'),
    });
    const { url, close } = await listen(app, { host: '127.0.0.1', port: 0, closeDeadlineMs: 100 });
    onTestFinished(close);
    return new PageBed(bed, verifier, url);
  }

  /** Publishes what the logs hold by now, and lets the verifier look. */
  async publish(): Promise<void> {
    this.bed.now = Math.floor(Date.now() / 1000);
    publish(this.bed);
    await this.verifier.round();
  }
}

function publish(bed: TallyBed): void {
  const time = bed.now - 5;
  for (const served of bed.served) served.publish({ time });
  for (const tally of bed.tallies) tally.publish({ time });
}

/** Appends a sample statement by the first log's operator. */
export function state<K extends Kind>(
  { eu }: TallyBed,
  kind: K,
  overrides: SampleOverrides<K> = {},
): void {
  const context = { ...eu.log.context, ...overrides.context };
  eu.log.append(quickEntry(sampleStatement(kind, { ...overrides, context }) as Statement));
}
