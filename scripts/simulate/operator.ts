/** An honest operator: submits statements with the real client, again and again until each is accepted, and keeps the receipts. */

import { boundedFetch } from '../../src/client/bounded-fetch.ts';
import { LogClient } from '../../src/client/log-client.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { parseCheckpoint } from '../../src/core/note/checkpoint.ts';
import { AttestryError } from '../../src/errors.ts';
import { ENGINE, type Signed, TRUST } from './material.ts';
import type { Life } from './scheduler.ts';
import type { World } from './world.ts';

const PAUSE_MS = 700;

export class Operator {
  readonly world: World;
  readonly host = 'operator.example';
  readonly #life: Life;
  readonly #client: LogClient;
  /** By entry hash: what has been accepted, and whether a witnessed receipt is in hand. */
  readonly accepted = new Map<string, { readonly signed: Signed; isWitnessed: boolean }>();
  pending = 0;
  /** Refusals that no honest log gives to an honest operator. */
  readonly refused: string[] = [];

  constructor(world: World, life: Life) {
    this.world = world;
    this.#life = life;
    const { scheduler, chance } = world;
    const [log] = TRUST.logs.values();
    this.#client = new LogClient({
      url: log?.url as string,
      trust: TRUST,
      engine: ENGINE,
      fetch: world.network.fetchFor(this.host, life),
      now: () => world.unixNow(),
      clock: {
        clockMs: () => scheduler.now,
        random: () => chance.people.below(1000) / 1000,
        sleep: (ms) => scheduler.sleep(ms, life),
      },
    });
  }

  /** Submits the statements one after the other, each until it is accepted. */
  async submitAll(statements: readonly Signed[], pauseMs: () => number): Promise<void> {
    this.pending += statements.length;
    for (const signed of statements) {
      await this.world.scheduler.sleep(pauseMs(), this.#life);
      while (!(await this.submit(signed))) await this.world.scheduler.sleep(PAUSE_MS, this.#life);
      this.pending--;
    }
  }

  /** Whether the log has taken the statement. */
  async submit(signed: Signed): Promise<boolean> {
    const { world } = this;
    try {
      const { index, receipt, entryHash } = await this.#client.submit(signed.envelope, {
        attempts: 2,
        timeoutMs: 4_000,
      });
      world.trace.add(this.host, `accepted ${index} ${entryHash.slice(0, 12)}`);
      world.truth.sawCheckpoint(receipt.proof.checkpoint);
      const known = world.truth.acknowledged.find((ack) => ack.entryHash === entryHash);
      if (known !== undefined && known.index !== index)
        world.violate(`${entryHash} has two places`);
      if (known === undefined) {
        world.truth.acknowledge({ index, entryHash, entry: signed.envelope.entry });
      }
      this.accepted.set(entryHash, { signed, isWitnessed: false });
      return true;
    } catch (error) {
      if (!(error instanceof AttestryError)) throw error;
      world.trace.add(this.host, `not accepted: ${error.code}`);
      if (!MAY_HAPPEN.has(error.code)) this.#complain(error.code);
      return false;
    }
  }

  /** Submits what the client would refuse to send, until the log has taken it. */
  async submitUnchecked({ envelope }: Signed): Promise<void> {
    const { world } = this;
    const fetch = world.network.fetchFor(this.host, this.#life);
    const url = `https://${world.log.host}/v1/entries`;
    const request = { method: 'POST' as const, body: envelope.entry, maxBytes: 1e6, fetch };
    for (;;) {
      const answer = await boundedFetch(url, { ...request, timeoutMs: 2_000 }).catch(
        () => undefined,
      );
      world.trace.add(this.host, `unchecked: ${answer?.status ?? 'no answer'}`);
      if (answer !== undefined && answer.status < 300) return;
      await world.scheduler.sleep(PAUSE_MS, this.#life);
    }
  }

  /** Asks for the witnessed receipts that are not in hand yet. */
  async collect(): Promise<void> {
    for (const [entryHash, state] of this.accepted) {
      if (state.isWitnessed) continue;
      try {
        const { receipt } = await this.#client.receipt(entryHash, 'witnessed', { attempts: 1 });
        const { size, root } = parseCheckpoint(receipt.proof.checkpoint).checkpoint;
        this.world.truth.accepted(size, encodeHex(root));
        state.isWitnessed = true;
      } catch (error) {
        if (!(error instanceof AttestryError)) throw error;
        this.world.trace.add(this.host, `no receipt: ${error.code}`);
      }
    }
  }

  #complain(code: string): void {
    this.refused.push(code);
    const { world } = this;
    const { host } = world.log;
    // A disk that has changed a row may make its log refuse what is right; it never makes it take what is wrong.
    if (!world.liars.has(host) && !world.damaged.has(host))
      world.violate(`an honest statement was refused: ${code}`);
  }
}

const MAY_HAPPEN: ReadonlySet<string> = new Set([
  'PEER_UNAVAILABLE',
  'STORE_FAILED',
  'STORE_CORRUPT',
  'NODE_STOPPING',
  'QUEUE_FULL',
  'RATE_LIMITED',
  // While the log is not running.
  'RESPONSE_INVALID',
]);
