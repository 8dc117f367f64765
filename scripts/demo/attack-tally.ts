/** Attack: a log signs a tally that its own entries do not give. */
import type { Auditor } from './auditor.ts';
import { type DishonestLog, readTallyNote } from './dishonest-log.ts';
import { demand, eventually } from './expectation.ts';
import type { Lie } from './log-site.ts';
import type { Narrator } from './narrator.ts';

export interface TallyLie {
  readonly lie: Lie;
  /** What the operator does, as a sentence. */
  readonly story: string;
  /** How it is caught, as a sentence. */
  readonly end: string;
  /** Of the file that the finding is kept in. */
  readonly name: string;
}

/** The path of the finding that the verifier filed, after the auditor has judged it alone. */
export async function attackTally(
  auditor: Auditor,
  narrator: Narrator,
  { log, lie, story, end, name }: TallyLie & { readonly log: DishonestLog },
): Promise<string> {
  const { site, client, trustFile, verifier } = log;
  const before = new Set((await client.findings()).findings.map(({ id }) => id));
  await site.stop();
  await site.start(lie);
  narrator.say(story);
  const { id } = await eventually('a finding about the tally', async () => {
    const { findings } = await client.findings();
    return findings.find((finding) => !before.has(finding.id));
  });
  const file = await auditor.keep(name, await client.finding(id));
  const note = await readTallyNote(site);
  demand(!note.includes(verifier.party.name), 'a tally note that the verifier does not cosign');
  const proven = { outcome: 'EQUIVOCATION', code: 'TALLY_CONTRADICTION' } as const;
  const { problems } = await auditor.verify(file, proven, { trustFile });
  narrator.caught(proven.code, end);
  narrator.show([`attestry verify ${name}: ${proven.outcome}: ${problems[0]?.message ?? ''}`]);
  return file;
}
