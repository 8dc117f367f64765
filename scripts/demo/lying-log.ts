/**
 * A dishonest log node, as a process: the honest one but for its tally, which counts one entry wrongly and is signed all the
 * same. Everything else about it is right, so that only the lie gives it away.
 */
import { join } from 'node:path';
import { announce, DATA, HOST, KEY, PORT, TRUST, unixNow } from '../../nodes/common-settings.ts';
import { loadConfig } from '../../nodes/config.ts';
import { takeTrustRoot } from '../../nodes/kept-trust.ts';
import { openLogPart, openTallyPart } from '../../nodes/log-part.ts';
import { Parts, runProcess } from '../../nodes/process.ts';
import { parseEnvelope } from '../../src/core/statement/envelope.ts';
import { listen } from '../../src/http/listen.ts';
import { createLogApp } from '../../src/http/log-app.ts';
import { readKeyFile } from '../../src/keys/key-file.ts';
import type { Log } from '../../src/log/log.ts';
import { type Static, Type } from '../../src/typebox.ts';
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
  const signer = await readKeyFile(config.key);
  const opened = await openLogPart(parts, {
    ...config,
    signer,
    takeTrust: () => takeTrustRoot({ ...config, acceptWeakQuorum: false }),
    witnessTimeoutMs: WITNESS_TIMEOUT_MS,
  });
  const { log } = opened;
  const tally = await openTallyPart(parts, opened, {
    signer,
    folder: join(config.data, lieName(config)),
    readEntries: (start, end) => readWrongly(log, config, { start, end }),
  });
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
