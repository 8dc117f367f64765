/**
 * The demo: a network of real processes records statements about real models, an auditor and a customer check
 * them, ten attacks are caught, and keys change. Every step makes sure of what it says; the first that does not hold ends the demo with exit code 1.
 */
import { performance } from 'node:perf_hooks';
import { Command } from 'commander';
import { VERSION } from '../src/version.ts';
import { attackBackup } from './demo/attack-backup.ts';
import { attackCache } from './demo/attack-cache.ts';
import { attackEntry } from './demo/attack-entry.ts';
import { attackFork } from './demo/attack-fork.ts';
import { attackWithLies } from './demo/attack-lies.ts';
import { attackReplay } from './demo/attack-replay.ts';
import { attackSplit } from './demo/attack-split.ts';
import { openAuditor } from './demo/auditor.ts';
import { demandEqual, describeFailure } from './demo/expectation.ts';
import { lastFullMonth } from './demo/month.ts';
import { createNarrator, type Narrator } from './demo/narrator.ts';
import { describeNetwork, siteOf, startNetwork } from './demo/network.ts';
import { AMERICA, ASIA, EUROPE } from './demo/parties.ts';
import { exampleCommands, type Results, writeResults } from './demo/results.ts';
import { openStage, type Stage } from './demo/stage.ts';
import { auditModels, demandHealth } from './demo/story-audit.ts';
import { auditInvoice } from './demo/story-customer.ts';
import { changeKeys } from './demo/story-keys.ts';
import { recordModels } from './demo/story-models.ts';
import { auditMonth } from './demo/story-month.ts';
import { recordTraining } from './demo/story-training.ts';
import { type RegionUsage, serveAndMeter, usageIn } from './demo/story-usage.ts';

interface DemoOptions {
  readonly once?: true;
  readonly out?: string;
  readonly data?: string;
}

const ATTACKS = 10;
const EXIT_FAILED = 1;
const EXIT_INTERRUPTED = 130;

process.exit(await runDemo(readOptions()));

function readOptions(): DemoOptions {
  return new Command('demo')
    .description('Runs a whole Attestry network on this machine and tells what happens.')
    .version(VERSION)
    .option('--once', 'stop everything at the end; exit code 0 only if every step held')
    .option(
      '--out <folder>',
      'write trust roots, dossiers, findings, invoices and model files there',
    )
    .option(
      '--data <folder>',
      'keep keys, databases and output there (default: a temporary folder)',
    )
    .addHelpText('after', '\nExample:\n  npm run demo -- --once --out ./demo-out')
    .parse()
    .opts<DemoOptions>();
}

async function runDemo(options: DemoOptions): Promise<number> {
  const narrator = createNarrator({
    print: (line) => process.stdout.write(`${line}\n`),
    clockMs: () => performance.now(),
    colors: process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined,
  });
  const stopAsked = stopSignal();
  try {
    const { data } = options;
    const stage = await openStage({ narrator, ...(data === undefined ? {} : { data }) });
    narrator.say(`Attestry ${VERSION}, on this machine only. Everything is in ${stage.folder}.`);
    return await performAndClose(stage, options, stopAsked);
  } catch (error) {
    narrator.failed(describeFailure(error));
    return EXIT_FAILED;
  }
}

/** Gives the exit code. */
async function performAndClose(
  stage: Stage,
  options: DemoOptions,
  stopAsked: Promise<void>,
): Promise<number> {
  try {
    const exitCode = await perform(stage, options, stopAsked);
    await stage.close({ keep: false });
    return exitCode;
  } catch (error) {
    stage.narrator.failed(describeFailure(error));
    await stage.close({ keep: true });
    stage.narrator.failed(`what every process wrote is kept in ${stage.folder}`);
    return EXIT_FAILED;
  }
}

/** Gives the exit code. */
async function perform(
  stage: Stage,
  options: DemoOptions,
  stopAsked: Promise<void>,
): Promise<number> {
  const { narrator } = stage;
  const story = tellStory(stage);
  const results = await Promise.race([story, stopAsked]);
  if (results === undefined) {
    narrator.end('Asked to stop: stopping everything.');
    return EXIT_INTERRUPTED;
  }
  if (options.out !== undefined) {
    const files = await writeResults(options.out, results);
    narrator.say(`Written to ${options.out}:`);
    narrator.show(files);
    narrator.say('To judge them again, for example:');
    narrator.show(exampleCommands(options.out));
  }
  narrator.say('Every step did what it should.');
  if (options.once === true) return 0;
  narrator.say('The network goes on running; Ctrl-C stops all of it:');
  narrator.show(describeNetwork(results.network));
  await stopAsked;
  narrator.end('Stopping everything.');
  return 0;
}

async function tellStory(stage: Stage): Promise<Results> {
  const { narrator } = stage;
  const network = await startNetwork(stage);
  const month = lastFullMonth(Math.floor(Date.now() / 1000));
  const models = await recordModels(stage, network, month.from);
  const classifier = await recordTraining(stage, network);
  const { language, vision } = models;
  const usage = await serveAndMeter(stage, network, { language, month });

  narrator.chapter('The auditor');
  const auditor = await openAuditor(stage, network);
  const audit = await auditModels(auditor, narrator, { network, models, classifier, usage });
  narrator.chapter(`The language model in ${month.name}`);
  const model = language.subject.digest.sha256;
  const monthDossier = await auditMonth(auditor, narrator, { network, model, month, usage });
  narrator.chapter('A customer');
  const ofCustomer = { usage: usageIn(usage, EUROPE), dossier: audit.languageDossier };
  const invoice = await auditInvoice(auditor, narrator, ofCustomer);
  for (const { meter } of usage) await meter.close();

  const nextAttack = countAttacks(narrator);
  await attackNetwork(stage, { network, models, usage, nextAttack });
  nextAttack('a forked log');
  const fork = await attackFork(stage, { network, auditor, subject: vision.subject });
  nextAttack('a split view between two verifiers');
  const split = await attackSplit(stage, { network, auditor, subject: vision.subject });
  const { subject } = language;
  const lies = await attackWithLies(stage, { network, auditor, subject, month, nextAttack });
  const owned = { subject: vision.subject, other: subject };
  const keys = await changeKeys(stage, { network, auditor, ...owned });

  narrator.chapter('The end');
  demandEqual(nextAttack.count(), ATTACKS, 'the number of attacks');
  await demandHealth(narrator, network, models);
  return { network, models, audit, monthDossier, invoice, fork, split, lies, keys };
}

interface Attacked extends Pick<Results, 'network' | 'models'> {
  readonly usage: readonly RegionUsage[];
  readonly nextAttack: (title: string) => void;
}

/** The attacks on the three logs of the network, which stand afterwards as before. */
async function attackNetwork(stage: Stage, attacked: Attacked): Promise<void> {
  const { narrator } = stage;
  const { network, models, usage, nextAttack } = attacked;
  nextAttack('a rewritten entry');
  await attackEntry(narrator, usageIn(usage, ASIA));
  nextAttack('a restored backup');
  await attackBackup(narrator, siteOf(network, ASIA), models.language);
  nextAttack('a replayed statement');
  const { envelope } = models.vision.receipt.receipt;
  const to = siteOf(network, AMERICA);
  await attackReplay(narrator, { envelope, from: siteOf(network, EUROPE), to });
  nextAttack('a token counted twice');
  await attackCache(narrator, usageIn(usage, AMERICA));
}

/** Begins the chapter of the next attack. */
function countAttacks(narrator: Narrator): ((title: string) => void) & { count: () => number } {
  let count = 0;
  const next = (title: string): void => {
    count++;
    narrator.chapter(`Attack ${count} of ${ATTACKS}: ${title}`);
  };
  return Object.assign(next, { count: () => count });
}

/** Resolves at the first signal to stop; a second one ends the demo at once, and its processes with it. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (): void => {
      if (asked) process.exit(EXIT_INTERRUPTED);
      asked = true;
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
}
