/** The network as somebody finds it who opens the auditor's page: real models on record, and a log that was caught lying. */
import { createHash } from 'node:crypto';
import { boundedFetch } from '../../src/client/bounded-fetch.ts';
import { VerifierClient } from '../../src/client/verifier-client.ts';
import { decodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { parseCheckpoint } from '../../src/core/note/checkpoint.ts';
import type { Subject } from '../../src/core/statement/resource.ts';
import { deploymentOf } from './deployment.ts';
import { type DishonestLog, startDishonestLog, tellLie, untilCosigned } from './dishonest-log.ts';
import { eventually } from './expectation.ts';
import type { LogSite } from './log-site.ts';
import { lastFullMonth } from './month.ts';
import { type Network, siteOf, startNetwork } from './network.ts';
import { AMERICA, EUROPE } from './parties.ts';
import { revoke } from './revocation.ts';
import type { Stage } from './stage.ts';
import { recordModels } from './story-models.ts';
import { recordTraining } from './story-training.ts';
import { serveAndMeter } from './story-usage.ts';

export interface PageNetwork {
  readonly network: Network;
  /** SHA-256 of the models that the statements are about. */
  readonly models: {
    readonly language: string;
    readonly vision: string;
    readonly folder: string;
    readonly classifier: string;
    readonly withdrawn: string;
  };
  /** A log beside the network, whose own verifier has filed what proves that its tally hides a withdrawal. */
  readonly caught: DishonestLog;
  /** Records one more statement about a model. */
  record(subject: Subject): Promise<void>;
}

/** To follow logs and rebuild their tallies takes some seconds. */
const PATIENCE_MS = 120_000;
const TIMEOUT_MS = 10_000;
const LARGEST_NOTE = 64 * 1024;

/** Started, filled, and followed to the end by its verifier. */
export async function startPageNetwork(stage: Stage): Promise<PageNetwork> {
  const network = await startNetwork(stage);
  const month = lastFullMonth(Math.floor(Date.now() / 1000));
  const { language, vision, folder } = await recordModels(stage, network, month.from);
  const classifier = await recordTraining(stage, network);
  await serveAndMeter(stage, network, { language, month });
  const old = { name: 'old-model', digest: { sha256: digestOf('withdrawn') } };
  await recordDeployment(network, old);
  await revoke(siteOf(network, EUROPE), old, 'unsafe');
  const [caught] = await Promise.all([
    catchLiar(stage, network, language.subject),
    untilFollowed(network),
  ]);
  return {
    network,
    models: {
      language: language.subject.digest.sha256,
      vision: vision.subject.digest.sha256,
      folder: folder.digest.sha256,
      classifier: classifier.digest.sha256,
      withdrawn: old.digest.sha256,
    },
    caught,
    record: (subject) => recordDeployment(network, subject),
  };
}

/** One more statement about a model, on the American log. */
async function recordDeployment(network: Network, subject: Subject): Promise<void> {
  const site = siteOf(network, AMERICA);
  await site.record(deploymentOf(site, subject, `deployment ${performance.now()}`));
}

/** Its tally is right, until the operator restarts the node with one that hides the withdrawal. */
async function catchLiar(stage: Stage, network: Network, subject: Subject): Promise<DishonestLog> {
  const log = await startDishonestLog(stage, network);
  await log.site.record(deploymentOf(log.site, subject, 'lab'));
  const hide = await revoke(log.site, subject, 'defective');
  await untilCosigned(log, hide + 1);
  await tellLie(log, { hide });
  return log;
}

/** Until the verifier has rebuilt each log's tally, with everything in it. */
async function untilFollowed({ verifier, sites }: Network): Promise<void> {
  const client = new VerifierClient({ url: verifier.url });
  const isDone = async (): Promise<true | undefined> => {
    const [{ nodes }, ...sizes] = await Promise.all([client.nodes(), ...sites.map(sizeOf)]);
    const whole = nodes.every(
      ({ talliedSize, state }, i) => talliedSize === sizes[i] && state === 'followed',
    );
    return whole || undefined;
  };
  await eventually('the verifier to have followed every log', isDone, PATIENCE_MS);
}

async function sizeOf({ url }: LogSite): Promise<number> {
  const { body } = await boundedFetch(`${url}/checkpoint`, {
    timeoutMs: TIMEOUT_MS,
    maxBytes: LARGEST_NOTE,
  });
  return parseCheckpoint(decodeUtf8(body)).checkpoint.size;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
