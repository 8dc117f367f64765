/** One log node: settings in, the log opened, listening; closed in reverse. */
import { join } from 'node:path';
import type { TrustRoot } from '../src/core/trust/trust-root.ts';
import { listen } from '../src/http/listen.ts';
import { createLogApp } from '../src/http/log-app.ts';
import { readKeyFile } from '../src/keys/key-file.ts';
import { DEFAULT_LOG_LIMITS, type LogLimits } from '../src/log/limits.ts';
import { type Static, Type } from '../src/typebox.ts';
import {
  ACCEPT_WEAK_QUORUM,
  announce,
  DATA,
  HOST,
  KEY,
  LOG_LEVEL,
  PASSPHRASE,
  PORT,
  passphraseOf,
  REQUESTS_PER_SECOND,
  TRUST,
  unixNow,
} from './common-settings.ts';
import { loadConfig } from './config.ts';
import { takeTrustRoot } from './kept-trust.ts';
import { openLogPart, openTallyPart } from './log-part.ts';
import { Parts, runProcess } from './process.ts';
import { startWitness } from './witness-part.ts';

const SETTINGS = Type.Object(
  {
    trust: TRUST,
    acceptWeakQuorum: ACCEPT_WEAK_QUORUM,
    key: KEY,
    passphrase: PASSPHRASE,
    data: DATA,
    lock: Type.Optional(
      Type.String({
        path: true,
        example: '/mnt/other-disk/lock',
        description:
          'Folder of the head lock, better on another disk. Default: lock in the data folder.',
      }),
    ),
    host: HOST,
    port: PORT,
    witnessKey: Type.Optional(
      Type.String({
        path: true,
        examples: ['./witness.key'],
        description:
          'Key file of a witness that runs beside this log, for the other logs of the trust root.',
      }),
    ),
    witnessPort: Type.Integer({
      minimum: 0,
      maximum: 65_535,
      default: 0,
      description: 'Port of that witness; 0 for any free one.',
    }),
    retire: Type.Boolean({
      default: false,
      description: 'Take no more statements: what the log holds then is final.',
    }),
    maxCheckpointAgeSeconds: Type.Integer({
      minimum: 1,
      default: 120,
      description: 'Age of the newest cosigned checkpoint from which on /healthz fails.',
    }),
    witnessTimeoutMs: Type.Integer({
      minimum: 1,
      default: 5_000,
      description: 'Time for one request to a witness.',
    }),
    refreshMs: Type.Integer({
      minimum: 100,
      default: DEFAULT_LOG_LIMITS.refreshMs,
      description: 'Time between two requests for cosignatures while nothing is added.',
    }),
    operatorEntriesPerSecond: Type.Integer({
      minimum: 0,
      default: DEFAULT_LOG_LIMITS.operatorEntriesPerSecond,
      description: 'Entries that one operator may add in a second; 0 for no limit.',
    }),
    queuedEntries: Type.Integer({
      minimum: 1,
      default: DEFAULT_LOG_LIMITS.queuedEntries,
      description: 'Entries that may wait to be committed before the log says 503.',
    }),
    requestsPerSecond: REQUESTS_PER_SECOND,
    logLevel: LOG_LEVEL,
  },
  { additionalProperties: false },
);

/** A burst of two seconds, as by default. */
function limitsOf(config: Static<typeof SETTINGS>): Partial<LogLimits> {
  const { refreshMs, queuedEntries, operatorEntriesPerSecond } = config;
  const operatorBurst = 2 * operatorEntriesPerSecond;
  return { refreshMs, queuedEntries, operatorEntriesPerSecond, operatorBurst };
}

/** The witness beside the log, if there is to be one. A log never witnesses itself. */
async function runWitness(
  parts: Parts,
  config: Static<typeof SETTINGS>,
  { trust, origin }: { readonly trust: TrustRoot; readonly origin: string },
): Promise<void> {
  if (config.witnessKey === undefined) return;
  const signer = await readKeyFile(config.witnessKey, passphraseOf(config));
  const others = [...trust.logs.values()].filter((log) => log.origin !== origin);
  const url = await startWitness(parts, {
    ...config,
    signer,
    data: join(config.data, 'witness'),
    logs: others.map(({ vkey }) => vkey),
    port: config.witnessPort,
  });
  announce({ role: 'witness', name: signer.name, url });
}

await runProcess(async () => {
  const config = loadConfig(SETTINGS, {
    name: 'attestry node',
    description: 'Runs a log node.',
    example: 'attestry node --trust trust.json --key log-eu.key --data ./log-eu --port 8101',
    argv: process.argv.slice(2),
    env: process.env,
  });
  if (config === undefined) return undefined;
  const signer = await readKeyFile(config.key, passphraseOf(config));
  const parts = new Parts();
  try {
    const opened = await openLogPart(parts, {
      ...config,
      signer,
      takeTrust: () => takeTrustRoot(config),
      isRetiring: config.retire,
      limits: limitsOf(config),
    });
    const { log, trust } = opened;
    const tally = await openTallyPart(parts, opened, {
      signer,
      folder: join(config.data, 'tally'),
      readEntries: (start, end) => log.reader.entries(start, end),
    });
    const app = await createLogApp(log, {
      tally,
      maxCheckpointAgeSeconds: config.maxCheckpointAgeSeconds,
      now: unixNow,
      limits: { requestsPerWindow: config.requestsPerSecond },
      log: { level: config.logLevel, base: { role: 'log', origin: log.origin } },
    });
    const listening = parts.add(await listen(app, config));
    announce({ role: 'log', name: log.origin, url: listening.url, trust });
    await runWitness(parts, config, { trust, origin: log.origin });
    return parts;
  } catch (error) {
    await parts.close();
    throw error;
  }
});
