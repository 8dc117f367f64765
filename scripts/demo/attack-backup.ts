/** Attack, or accident: an old backup of a log's database is put in place of the newer one. */
import { cp, rename, rm } from 'node:fs/promises';
import { refusal } from './expectation.ts';
import type { LogSite } from './log-site.ts';
import { evaluateLanguageModel } from './material/evaluation.ts';
import { loadLanguageModel } from './material/language-model.ts';
import { SENTENCES } from './material/sentences.ts';
import type { Narrator } from './narrator.ts';
import { type LanguageRecord, languageEvaluation } from './story-models.ts';

export async function attackBackup(
  narrator: Narrator,
  site: LogSite,
  language: LanguageRecord,
): Promise<void> {
  const { operatorName, region } = site.party;
  const backup = `${site.data}.backup`;
  await site.stop();
  await cp(site.data, backup, { recursive: true });
  await site.start();
  const { index } = await recordOnceMore(site, language);
  await site.stop();
  const current = `${site.data}.current`;
  await cp(site.data, current, { recursive: true });
  narrator.say(
    `${operatorName} backs up its log in ${region}, logs entry ${index}, and then restores the backup of the database.`,
  );
  await rm(site.database, { recursive: true });
  await cp(`${backup}/db`, site.database, { recursive: true });
  const behind = await refusal('HEAD_ROLLBACK', () => site.start());
  narrator.caught(behind.code, 'The node does not start: its head lock knows more entries.');
  await rm(site.data, { recursive: true });
  await rename(backup, site.data);
  const ahead = await refusal('WITNESS_AHEAD', () => site.start());
  narrator.caught(ahead.code, 'With the lock restored too: the witnesses have seen more entries.');
  await rm(site.data, { recursive: true });
  await rename(current, site.data);
  await site.start();
  narrator.say('With its own database back the node goes on.');
}

/** This operator runs the evaluation too. */
async function recordOnceMore(
  site: LogSite,
  { path, subject }: LanguageRecord,
): Promise<{ readonly index: number }> {
  const evaluation = evaluateLanguageModel(await loadLanguageModel(path), SENTENCES);
  return await site.record({
    kind: 'evaluation',
    subject: [subject],
    predicate: languageEvaluation(site, evaluation),
  });
}
