/** Attack: a log signs a tally that its own entries do not give. */
import type { Auditor } from './auditor.ts';
import { type DishonestLog, readTallyNote, tellLie } from './dishonest-log.ts';
import { demand } from './expectation.ts';
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
  const id = await tellLie(log, lie, () => narrator.say(story));
  const file = await auditor.keep(name, await client.finding(id));
  const note = await readTallyNote(site);
  demand(!note.includes(verifier.party.name), 'a tally note that the verifier does not cosign');
  const proven = { outcome: 'EQUIVOCATION', code: 'TALLY_CONTRADICTION' } as const;
  const { problems } = await auditor.verify(file, proven, { trustFile });
  narrator.caught(proven.code, end);
  narrator.show([`attestry verify ${name}: ${proven.outcome}: ${problems[0]?.message ?? ''}`]);
  return file;
}
