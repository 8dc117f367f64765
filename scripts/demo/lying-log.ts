/**
 * A dishonest log node, as a process: the honest one but for its tally, which counts one entry wrongly and is signed all the
 * same. Everything else about it is right, so that only the lie gives it away.
 */
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type Static, Type } from 'typebox';
import { announce, DATA, HOST, KEY, PORT, TRUST, unixNow } from '../../nodes/common-settings.ts';
import { loadConfig } from '../../nodes/config.ts';
import { takeTrustRoot } from '../../nodes/kept-trust.ts';
import { exitWithDefect, Parts, runProcess } from '../../nodes/process.ts';
import { createHttpWitness } from '../../src/client/http-witness.ts';
import { parseEnvelope } from '../../src/core/statement/envelope.ts';
import { listen } from '../../src/http/listen.ts';
import { createLogApp } from '../../src/http/log-app.ts';
import { readKeyFile } from '../../src/keys/key-file.ts';
import { opensslEngine } from '../../src/keys/openssl-engine.ts';
import { type Log, openLog } from '../../src/log/log.ts';
import { LogTally } from '../../src/log/log-tally.ts';
import { openHeadLock } from '../../src/store/head-lock.ts';
import { openLevelLogStore } from '../../src/store/level-log-store.ts';
import { openLevelTallyStore } from '../../src/tally/level-tally-store.ts';
import { withQuantities } from './hand-made.ts';

const INDEX = Type.Optional(Type.Integer({ minimum: 0 }));
const SETTINGS = Type.Object(
  { trust: TRUST, key: KEY, data: DATA, host: HOST, port: PORT, hide: INDEX, inflate: INDEX },
  { additionalProperties: false },
);
type Settings = Static<typeof SETTINGS>;

const WITNESS_TIMEOUT_MS = 5000;
const MAX_CHECKPOINT_AGE_SECONDS = 120;
/** No statement: a tally holds nothing of it. */
const NOTHING = new Uint8Array(0);

await runProcess(async () => {
  const config = loadConfig(SETTINGS, {
    name: 'lying-log',
    description: 'Runs a log node whose tally leaves out, or inflates, the entry of an index.',
    example: 'node lying-log.js --trust trust.json --key log.key --data ./log --hide 3',
    argv: process.argv.slice(2),
    env: process.env,
  });
  if (config === undefined) return undefined;
  const parts = new Parts();
  try {
    await run(config, parts);
    return parts;
  } catch (error) {
    await parts.close();
    throw error;
  }
});

async function run(config: Settings, parts: Parts): Promise<void> {
  const trust = await takeTrustRoot({ ...config, acceptWeakQuorum: false });
  const signer = await readKeyFile(config.key);
  const options = { timeoutMs: WITNESS_TIMEOUT_MS, now: unixNow, engine: opensslEngine };
  const headLock = parts.add(await openHeadLock(join(config.data, 'lock')));
  const store = parts.add(await openLevelLogStore(join(config.data, 'db')));
  const log = parts.add(
    await openLog({
      signer,
      trust,
      store,
      headLock,
      witnesses: trust.witnesses.map((witness) => createHttpWitness(witness, options)),
      now: unixNow,
      clockMs: () => performance.now(),
      onFatal: exitWithDefect,
    }),
  );
  const tally = parts.add(
    new LogTally({
      store: parts.add(await openLevelTallyStore(join(config.data, lieName(config)))),
      signer,
      verifiers: trust.verifiers,
      verifierQuorum: trust.verifierQuorum,
      readEntries: (start, end) => readWrongly(log, config, { start, end }),
      published: () => log.status().published,
      waitForGrowth: (size, timeoutMs) => log.waitForWitnesses(size, timeoutMs),
      now: unixNow,
      clockMs: () => performance.now(),
      onFatal: exitWithDefect,
    }),
  );
  const app = await createLogApp(log, {
    tally,
    maxCheckpointAgeSeconds: MAX_CHECKPOINT_AGE_SECONDS,
    now: unixNow,
  });
  const { url } = parts.add(await listen(app, config));
  announce({ role: 'log', name: log.origin, url });
}

/** The lie: the entries as the tally is told them. */
async function readWrongly(
  { reader }: Log,
  { hide, inflate }: Settings,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<Uint8Array[]> {
  const entries = await reader.entries(start, end);
  return entries.map((entry, i) => {
    if (start + i === hide) return NOTHING;
    return start + i === inflate ? inflated(entry) : entry;
  });
}

function inflated(entry: Uint8Array): Uint8Array {
  return withQuantities(parseEnvelope(entry), (quantities) => {
    const more = (tokens: string): string => String(BigInt(tokens) + 1_000_000n);
    const { inputUncachedTokens, inputTokens } = quantities;
    return {
      ...quantities,
      inputUncachedTokens: more(inputUncachedTokens),
      inputTokens: more(inputTokens),
    };
  });
}

/** A folder for each lie: what a tally holds is never taken back. */
function lieName({ hide, inflate }: Settings): string {
  return `tally-without-${hide ?? 'none'}-inflating-${inflate ?? 'none'}`;
}
