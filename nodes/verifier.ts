/** One verifier: settings in, its records and mirrors opened, following and listening; closed in reverse. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLogSource, createWitnessSource } from '../src/client/log-source.ts';
import { createPeerSource } from '../src/client/peer-source.ts';
import { createTallySource } from '../src/client/tally-source.ts';
import { originHash } from '../src/core/note/origin-hash.ts';
import { listen } from '../src/http/listen.ts';
import { readPage } from '../src/http/page-files.ts';
import { createVerifierApp } from '../src/http/verifier-app.ts';
import { readKeyFile } from '../src/keys/key-file.ts';
import { opensslEngine, signInProcess } from '../src/keys/openssl-engine.ts';
import { openLevelLogStore } from '../src/store/level-log-store.ts';
import { openLevelTallyStore } from '../src/tally/level-tally-store.ts';
import { Type } from '../src/typebox.ts';
import { JudgeThread } from '../src/verifier/judge-thread.ts';
import { openLevelVerifierStore } from '../src/verifier/level-verifier-store.ts';
import { ReadmissionThreads } from '../src/verifier/readmission-threads.ts';
import { openVerifier } from '../src/verifier/verifier.ts';
import {
  ACCEPT_WEAK_QUORUM,
  announce,
  DATA,
  HOST,
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
import { Parts, runProcess } from './process.ts';

const SETTINGS = Type.Object(
  {
    trust: TRUST,
    acceptWeakQuorum: ACCEPT_WEAK_QUORUM,
    key: Type.Optional(
      Type.String({
        path: true,
        examples: ['./verifier.key'],
        description: 'Key file of this verifier, with which it cosigns tallies that are right.',
      }),
    ),
    passphrase: PASSPHRASE,
    data: DATA,
    host: HOST,
    port: PORT,
    pollIntervalMs: Type.Integer({
      minimum: 50,
      default: 2_000,
      description:
        'Time between two looks at a log, and at what each witness and each other verifier was shown of it.',
    }),
    requestTimeoutMs: Type.Integer({
      minimum: 1,
      default: 10_000,
      description: 'Time for one request to a log, a witness or another verifier.',
    }),
    staleAfterSeconds: Type.Integer({
      minimum: 1,
      default: 300,
      description: 'Age from which on what is known of a log no longer counts as known.',
    }),
    requestsPerSecond: REQUESTS_PER_SECOND,
    logLevel: LOG_LEVEL,
  },
  { additionalProperties: false },
);

/** Where the build puts the auditor's page. */
const PAGE = fileURLToPath(new URL('../page', import.meta.url));

await runProcess(async () => {
  const config = loadConfig(SETTINGS, {
    name: 'attestry verifier',
    description: 'Runs a verifier.',
    example: 'attestry verifier --trust trust.json --data ./verifier --port 8301',
    argv: process.argv.slice(2),
    env: process.env,
  });
  if (config === undefined) return undefined;
  const signer =
    config.key === undefined
      ? undefined
      : { ...(await readKeyFile(config.key, passphraseOf(config))), sign: signInProcess };
  const timeoutMs = config.requestTimeoutMs;
  const parts = new Parts();
  try {
    const records = parts.add(await openLevelVerifierStore(join(config.data, 'records')));
    const trust = await takeTrustRoot(config);
    const program = new URL('../src/verifier/judge-worker.js', import.meta.url);
    const thread = parts.add(new JudgeThread({ program, trust }));
    const judges = parts.add(
      new ReadmissionThreads({
        program: new URL('../src/verifier/readmission-thread.js', import.meta.url),
        trust,
        count: availableParallelism(),
      }),
    );
    const verifier = parts.add(
      await openVerifier({
        trust,
        records,
        openMirror: ({ origin }) =>
          openLevelLogStore(join(config.data, 'mirrors', originHash(origin))),
        logSource: ({ url }) => createLogSource(url, { timeoutMs }),
        receiptSource: ({ url }) => createLogSource(url, { timeoutMs }),
        tallies: {
          source: ({ url }) => createTallySource(url, { timeoutMs }),
          openStore: ({ origin }) =>
            openLevelTallyStore(join(config.data, 'tallies', originHash(origin))),
          signer,
        },
        witnessSource: (witness) =>
          createWitnessSource(witness, { timeoutMs, now: unixNow, engine: opensslEngine }),
        peers: {
          source: ({ url }) => createPeerSource(url, { timeoutMs }),
          ...(signer === undefined ? {} : { self: signer.vkey.name }),
        },
        now: unixNow,
        engine: opensslEngine,
        judgeEntries: (entries, place) => judges.judge(entries, place),
        judge: (bytes) => thread.judge({ bytes, now: unixNow() }),
        pollIntervalMs: config.pollIntervalMs,
        staleAfterSeconds: config.staleAfterSeconds,
        onDefect: logDefect,
      }),
    );
    const app = await createVerifierApp(verifier, {
      limits: { requestsPerWindow: config.requestsPerSecond },
      log: { level: config.logLevel, base: { role: 'verifier' } },
      page: await readPage(PAGE),
    });
    const listening = parts.add(await listen(app, config));
    verifier.start();
    announce({ role: 'verifier', name: trust.digest, url: listening.url, trust });
    return parts;
  } catch (error) {
    await parts.close();
    throw error;
  }
});

/** One line for what is neither a log's nor a witness's fault. The other logs are followed on; /healthz shows a failed mirror. */
function logDefect(error: unknown): void {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const err = { type: name, message, stack };
  const line = {
    level: 50,
    time: Date.now(),
    pid: process.pid,
    err,
    msg: 'a log cannot be followed',
  };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}
