/** A log node: the log, its tally and its HTTP side, on one virtual machine. */

import { createHttpWitness } from '../../src/client/http-witness.ts';
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { decodeHex, encodeHex } from '../../src/core/bytes/hex.ts';
import { decodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { parseBundlePath, parseTilePath } from '../../src/core/merkle/tile-path.ts';
import { formatReceipt } from '../../src/core/receipt/receipt.ts';
import { questionsAbout } from '../../src/core/tally/questions.ts';
import { type Log, type LogOptions, openLog } from '../../src/log/log.ts';
import { LogTally } from '../../src/log/log-tally.ts';
import type { TallyChoice } from '../../src/log/tally-notes.ts';
import { openHeadLock } from '../../src/store/head-lock.ts';
import { openLevelLogStore } from '../../src/store/level-log-store.ts';
import { openLevelTallyStore } from '../../src/tally/level-tally-store.ts';
import { ENGINE, LOG_SIGNER, TRUST, verifyAtOnce } from './material.ts';
import { KEPT_INNERS, Machine, NOT_FOUND, ok, type Running } from './node.ts';
import { recording } from './recording-store.ts';
import type { Life } from './scheduler.ts';
import type { Answer, Exchange } from './virtual-network.ts';

export const REFRESH_MS = 20_000;
const LIMITS = { refreshMs: REFRESH_MS, retryMs: 500, batchEntries: 4, scrubbedAtStart: 8 };
const WITNESS_TIMEOUT_MS = 1_500;

export interface RunningLog extends Running {
  readonly log: Log;
  readonly tally: LogTally;
}

export class LogMachine extends Machine<RunningLog> {
  /** What a dishonest log answers in place of what its own code says. */
  front: (exchange: Exchange, honest: (exchange: Exchange) => Promise<Answer>) => Promise<Answer> =
    (exchange, honest) => honest(exchange);

  /** What a dishonest operator changes in how the log is run. */
  loosen: (options: LogOptions) => LogOptions = (options) => options;

  protected override async open(life: Life): Promise<RunningLog> {
    const { world } = this;
    const { wiring, truth } = world;
    const disk = wiring.logDisk(this.disk.for(life));
    const headLock = await openHeadLock('lock', disk);
    const store = recording(await openLevelLogStore('db', disk), truth);
    const fetch = world.network.fetchFor(this.host, life);
    const now = (): number => this.now();
    const onFatal = (error: unknown): void => this.fatal(life, error);
    const witnesses = TRUST.witnesses.map((witness) =>
      createHttpWitness(
        witness,
        wiring.witnessClient({ timeoutMs: WITNESS_TIMEOUT_MS, now, engine: ENGINE, fetch }),
      ),
    );
    const options = wiring.log({
      signer: LOG_SIGNER,
      trust: TRUST,
      store,
      headLock,
      witnesses,
      now,
      clockMs: () => world.scheduler.now,
      limits: LIMITS,
      verifyMany: verifyAtOnce,
      engine: ENGINE,
      onFatal,
    });
    const log = await openLog(this.loosen(options));
    const tallyStore = await openLevelTallyStore('tally', { disk, keptInners: KEPT_INNERS });
    const tally = new LogTally(
      wiring.logTally({
        store: tallyStore,
        signer: LOG_SIGNER,
        verifiers: TRUST.verifiers,
        verifierQuorum: TRUST.verifierQuorum,
        clockMs: () => world.scheduler.now,
        readEntries: (start, end) => log.reader.entries(start, end),
        published: () => log.status().published,
        waitForGrowth: (size, timeoutMs) => log.waitForGrowth(size, timeoutMs),
        now,
        engine: ENGINE,
        onFatal,
      }),
    );
    const close = async (): Promise<void> => {
      await tally.close();
      await tallyStore.close();
      await log.close();
      await store.close();
      await headLock.close();
    };
    return {
      log,
      tally,
      close,
      serve: (exchange) => this.front(exchange, (asked) => answer({ log, tally }, asked)),
    };
  }

  protected override onStarted({ log }: RunningLog): void {
    this.world.truth.logStarted(log);
  }
}

async function answer(
  { log, tally }: Pick<RunningLog, 'log' | 'tally'>,
  exchange: Exchange,
): Promise<Answer> {
  const { method, path, body } = exchange;
  const url = new URL(`http://log/${path}`);
  if (method === 'POST')
    return path === 'tally/cosignatures' ? await offer(tally, body) : await submit(log, body);
  if (path === 'checkpoint') return found(log.status().published?.note);
  if (path.startsWith('tile/entries/')) return found(await bundleOf(log, path));
  if (path.startsWith('tile/')) return found(await log.reader.tile(parseTilePath(path)));
  const note = url.searchParams.get('note') as TallyChoice;
  if (url.pathname === '/v1/tally') return ok(JSON.stringify(tally.pair(note)));
  if (url.pathname === '/v1/tally/proof') {
    const { proof, ...pair } = await tally.prove(
      questionsAbout(url.searchParams.get('model') as string, null),
      note,
    );
    return ok(JSON.stringify({ ...pair, proof: encodeBase64(proof) }));
  }
  const [, hash] = /^\/v1\/receipts\/([0-9a-f]{64})$/.exec(url.pathname) ?? [];
  if (hash === undefined) return NOT_FOUND;
  return ok(formatReceipt(await log.receipt(decodeHex(hash), 'witnessed')));
}

async function bundleOf(log: Log, path: string): Promise<Uint8Array | undefined> {
  return await log.reader.bundle(parseBundlePath(path));
}

async function offer(tally: LogTally, body: Uint8Array): Promise<Answer> {
  return ok(JSON.stringify({ taken: await tally.addCosignatures(decodeUtf8(body)) }));
}

async function submit(log: Log, body: Uint8Array): Promise<Answer> {
  const { entryHash, index, isNew } = await log.commit(await log.admit(body));
  const receipt = decodeUtf8(formatReceipt(await log.receipt(entryHash, 'committed')));
  const fields = `"entryHash":"${encodeHex(entryHash)}","index":${index}`;
  return ok(`{${fields},"receipt":${receipt},"state":"committed"}`, isNew ? 201 : 200);
}

function found(body: Uint8Array | string | undefined): Answer {
  return body === undefined ? NOT_FOUND : ok(body);
}
