/**
 * Attack: a log shows each of two verifiers another history, both with a full quorum, since its only witness is the
 * operator's own. Nothing that one verifier sees is wrong; what the two have seen does not go together.
 */
import { VerifierClient } from '../../src/client/verifier-client.ts';
import type { Subject } from '../../src/core/statement/resource.ts';
import type { AttestryErrorCode } from '../../src/errors.ts';
import type { Auditor } from './auditor.ts';
import { deploymentOf } from './deployment.ts';
import { demandEqual, eventually } from './expectation.ts';
import type { Narrator } from './narrator.ts';
import { type CosignerSite, type Network, startVerifier } from './network.ts';
import type { RoleProcess } from './process.ts';
import { prepareSplitLog, SPLIT, SPLIT_WITNESS, type SplitLog } from './split-log.ts';
import type { Stage } from './stage.ts';

/** Paths of the proof that the log showed two views. */
export interface SplitFiles {
  readonly finding: string;
  readonly trustFile: string;
}

interface SplitInput {
  readonly network: Network;
  readonly auditor: Auditor;
  /** What the log's statements are about. */
  readonly subject: Subject;
}

export async function attackSplit(stage: Stage, input: SplitInput): Promise<SplitFiles> {
  const { narrator, crew } = stage;
  const log = await prepareSplitLog(stage, input.network);
  const [north, south] = log.verifiers;
  narrator.say(
    `${SPLIT.operatorName} has one witness only, ${SPLIT_WITNESS.operator}, which signs whatever it is asked to. Its trust root names two verifiers.`,
  );
  const first = await showTo(stage, log, { verifier: north, subject: input.subject });
  await crew.stop(first);
  const second = await showTo(stage, log, { verifier: south, subject: input.subject });
  narrator.say(
    `It shows ${north.party.operator} one history and ${south.party.operator} another, each cosigned, and answers nobody any more. Each verifier has seen a log in good order.`,
  );
  const again = await startVerifier(stage, north, log);
  const files = await catchSplit(narrator, input.auditor, log);
  await Promise.all([crew.stop(again), crew.stop(second)]);
  return files;
}

interface Audience {
  readonly verifier: CosignerSite;
  readonly subject: Subject;
}

/** Shows the verifier a history that nobody else gets to see; gives its process, which still runs. */
async function showTo(
  stage: Stage,
  log: SplitLog,
  { verifier, subject }: Audience,
): Promise<RoleProcess> {
  const { operator } = verifier.party;
  const history = log.history(operator.toLowerCase().replaceAll(' ', '-'));
  const [process] = await Promise.all([startVerifier(stage, verifier, log), history.start()]);
  await history.site.record(deploymentOf(history.site, subject, `shown to ${operator}`));
  const client = new VerifierClient({ url: verifier.url });
  await eventually(`${operator} to follow what it is shown`, async () => {
    const { nodes } = await client.nodes();
    return nodes.find(({ size }) => size > 0);
  });
  await history.stop();
  return process;
}

/** The finding of the first verifier, which the second one holds as well, after the auditor has judged it alone. */
async function catchSplit(
  narrator: Narrator,
  auditor: Auditor,
  { trustFile, verifiers }: SplitLog,
): Promise<SplitFiles> {
  const [north, south] = verifiers.map(({ url }) => new VerifierClient({ url })) as [
    VerifierClient,
    VerifierClient,
  ];
  const id = await findingOf(north, 'CHECKPOINT_CONTRADICTION');
  demandEqual(
    await findingOf(south, 'CHECKPOINT_CONTRADICTION'),
    id,
    "the other verifier's finding",
  );
  narrator.say('The two ask each other what they have seen, and hold it against their own.');
  const finding = await auditor.keep('split-finding.json', await north.finding(id));
  const proven = { outcome: 'EQUIVOCATION', code: 'CHECKPOINT_CONTRADICTION' } as const;
  await auditor.verify(finding, proven, { trustFile, acceptWeakQuorum: true });
  narrator.caught(
    proven.code,
    'Both hold the same finding: two checkpoints of one size, both signed by the log. It proves itself, offline (EQUIVOCATION, exit code 3).',
  );
  const accusing = await findingOf(north, 'WITNESS_CONTRADICTION');
  const witnessFinding = await auditor.keep('split-witness.json', await north.finding(accusing));
  const convicted = { outcome: 'EQUIVOCATION', code: 'WITNESS_CONTRADICTION' } as const;
  await auditor.verify(witnessFinding, convicted, {
    trustFile,
    acceptWeakQuorum: true,
  });
  narrator.caught(convicted.code, `And the witness of ${SPLIT_WITNESS.operator} cosigned both.`);
  return { finding, trustFile };
}

async function findingOf(client: VerifierClient, wanted: AttestryErrorCode): Promise<string> {
  const found = await eventually(`a finding with ${wanted}`, async () => {
    const { findings } = await client.findings();
    return findings.find(({ code }) => code === wanted);
  });
  return found.id;
}
