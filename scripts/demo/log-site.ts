/** One log node of the demo: its process, its data folder, and its operator's key to speak with. */
import { join } from 'node:path';
import { LogClient } from '../../src/client/log-client.ts';
import { signStatement } from '../../src/client/operator.ts';
import type { SubmittedEntry } from '../../src/client/submission-answer.ts';
import { formatTime } from '../../src/core/bytes/time.ts';
import type { Context } from '../../src/core/statement/context.ts';
import { type Envelope, signEnvelope } from '../../src/core/statement/envelope.ts';
import type { Statement } from '../../src/core/statement/statement.ts';
import type { TrustRoot } from '../../src/core/trust/trust-root.ts';
import { opensslEngine } from '../../src/keys/openssl-engine.ts';
import { demand } from './expectation.ts';
import type { DemoKey, LogKeys } from './keys.ts';
import type { LogParty } from './parties.ts';
import { urlOf } from './ports.ts';
import type { Crew, RoleOptions, RoleProcess } from './process.ts';

/** What the tally of a dishonest node says of one entry; see lying-log.ts. */
export type Lie = { readonly hide: number } | { readonly inflate: number };

export interface LogSiteOptions {
  readonly party: LogParty;
  readonly keys: LogKeys;
  readonly port: number;
  /** Holds the database and the head lock. */
  readonly data: string;
  /** Takes what the process writes. */
  readonly output: string;
  readonly trustFile: string;
  readonly trust: TrustRoot;
  readonly crew: Crew;
  /** Of the node, beside the usual ones. */
  readonly settings?: RoleOptions['settings'];
}

const LYING_LOG = new URL('./lying-log.js', import.meta.url);

export class LogSite {
  readonly party: LogParty;
  readonly url: string;
  readonly data: string;
  readonly client: LogClient;
  readonly #options: LogSiteOptions;
  #process: RoleProcess | undefined;

  constructor(options: LogSiteOptions) {
    this.#options = options;
    this.party = options.party;
    this.data = options.data;
    this.url = urlOf(options.port);
    this.client = new LogClient({ url: this.url, trust: options.trust, engine: opensslEngine });
  }

  get database(): string {
    return join(this.data, 'db');
  }

  /** With which this operator signs. */
  get operatorSeed(): Uint8Array {
    return this.#options.keys.operator.seed;
  }

  /** The same node, not started, with another version of the trust root and a key of its operator to speak with. */
  under(version: Pick<LogSiteOptions, 'trustFile' | 'trust'>, operator: DemoKey): LogSite {
    const { keys } = this.#options;
    return new LogSite({ ...this.#options, ...version, keys: { ...keys, operator } });
  }

  /** Starts the node, or one that tells a lie. @throws the AttestryError that the node refuses to start with */
  async start(lie?: Lie): Promise<void> {
    const { crew, keys, port, data, output, trustFile, party, settings } = this.#options;
    this.#process = await crew.start({
      role: 'log',
      name: `the log node ${party.region}`,
      settings: { trust: trustFile, key: keys.log.path, data, port, ...settings, ...lie },
      output,
      ...(lie === undefined ? {} : { program: LYING_LOG }),
    });
  }

  async stop(): Promise<void> {
    if (this.#process !== undefined) await this.#options.crew.stop(this.#process);
    this.#process = undefined;
  }

  /** The common block of a statement that this operator makes now. */
  context(): Context {
    const { origin, operator, region, jurisdiction } = this.party;
    const issuedAt = formatTime(Math.floor(Date.now() / 1000));
    return { issuedAt, jurisdiction, log: origin, operator, region };
  }

  sign(statement: Statement): Envelope {
    return signStatement(statement, [this.operatorSeed]);
  }

  /** Signs whatever it is given, as an operator who does not use our tools could. */
  signPayload(payload: Uint8Array): Envelope {
    return signEnvelope(payload, [this.operatorSeed]);
  }

  /** Signs and logs a statement, and waits until the quorum of witnesses has seen it. */
  async record(statement: Statement): Promise<SubmittedEntry> {
    const submitted = await this.client.submit(this.sign(statement), { wait: 'witnessed' });
    demand(submitted.state === 'witnessed', `witnesses to cosign in ${this.party.region}`);
    return submitted;
  }
}
