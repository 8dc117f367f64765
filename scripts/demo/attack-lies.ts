/** Attacks: an operator that lies, to a customer and in the sums of its log. It has a log of its own to do that on. */
import type { Subject } from '../../src/core/statement/resource.ts';
import { attackDrop } from './attack-drop.ts';
import { attackTally, type TallyLie } from './attack-tally.ts';
import type { Auditor } from './auditor.ts';
import { type DishonestLog, startDishonestLog, untilCosigned } from './dishonest-log.ts';
import type { InvoiceFiles } from './invoice-files.ts';
import type { Month } from './month.ts';
import type { Network } from './network.ts';
import { revoke } from './revocation.ts';
import type { Stage } from './stage.ts';

/** Paths of what proves the lies. */
export interface LieFiles {
  readonly trustFile: string;
  readonly dropped: InvoiceFiles;
  readonly findings: readonly string[];
}

interface LieInput {
  readonly network: Network;
  readonly auditor: Auditor;
  readonly subject: Subject;
  readonly month: Month;
  /** Begins the chapter of the next attack. */
  readonly nextAttack: (title: string) => void;
}

export async function attackWithLies(stage: Stage, input: LieInput): Promise<LieFiles> {
  const { narrator } = stage;
  const { network, auditor, subject, month, nextAttack } = input;
  nextAttack('a dropped request');
  const log = await startDishonestLog(stage, network);
  const { site, trustFile } = log;
  narrator.say(
    `${site.party.operatorName} has a log, a trust root and a verifier of its own too. It serves the language model, and meters it.`,
  );
  const dropped = await attackDrop(auditor, narrator, { log, subject, month });
  const lies = await prepareLies(log, subject);
  const findings: string[] = [];
  for (const { title, ...lie } of lies) {
    nextAttack(title);
    findings.push(await attackTally(auditor, narrator, { log, ...lie }));
  }
  await log.close();
  return { trustFile, dropped, findings };
}

/** The log gets a revocation too; so far its tally is right, and cosigned. */
async function prepareLies(
  log: DishonestLog,
  subject: Subject,
): Promise<readonly (TallyLie & { readonly title: string })[]> {
  const { site } = log;
  const { operatorName } = site.party;
  const revocation = await revoke(site, subject, 'superseded');
  await untilCosigned(log, revocation + 1);
  return [
    {
      title: 'a hidden usage statement',
      lie: { hide: 0 },
      name: 'hidden-usage-finding.json',
      story: `${operatorName} starts a node whose tally leaves out entry 0, a usage statement, and signs that.`,
      end: 'The verifier rebuilds the tally from the entries, does not cosign, and files what proves the difference.',
    },
    {
      title: 'an inflated total',
      lie: { inflate: 1 },
      name: 'inflated-total-finding.json',
      story: 'Its next tally leaves nothing out, but has a million tokens too many for entry 1.',
      end: 'The sums that the verifier rebuilds are others. It files what proves that.',
    },
    {
      title: 'a hidden revocation',
      lie: { hide: revocation },
      name: 'hidden-revocation-finding.json',
      story: `${operatorName} has withdrawn the model in entry ${revocation}. Its next tally says that there is no revocation.`,
      end: 'The verifier finds it among the entries, and files what proves that the tally denies it.',
    },
  ];
}
