import { shortHash } from '../format.ts';
import { type Opened, windowsOf } from '../state/opened.ts';
import { hrefOf } from '../state/route.ts';
import { WORDS } from '../words/words.ts';
import { download } from './download.ts';
import { Icon } from './icons.tsx';

/** The judged file itself, a report to print, and usage as CSV. */
interface TakeAwayProps {
  readonly opened: Opened;
  /** Where usage is summed, which a CSV is made from. */
  readonly sums: Opened | undefined;
}

export function TakeAway({ opened, sums }: TakeAwayProps) {
  const { client, judgement } = opened;
  const { handle, report } = judgement;
  const { answer } = WORDS;
  const stem = `attestry-${shortHash(report.model ?? report.of, 12).slice(0, -1)}`;
  const saveDossier = async (): Promise<void> =>
    download(`${stem}.json`, await client.run('bytes', handle), 'application/json');
  const saveCsv = async (): Promise<void> => {
    if (sums === undefined) return;
    const csv = await sums.client.run('csv', sums.judgement.handle);
    download(`${stem}-usage.csv`, `${csv}\n`, 'text/csv');
  };
  return (
    <section class="take">
      <h2>{answer.take}</h2>
      <div class="actions">
        <button type="button" onClick={() => void saveDossier()}>
          <Icon name="down" /> {answer.dossier}
        </button>
        <a class="button" href={hrefOf('report')}>
          <Icon name="file" /> {answer.report}
        </a>
        {sums !== undefined && windowsOf(sums.judgement) > 0 ? (
          <button type="button" onClick={() => void saveCsv()}>
            <Icon name="usage" /> {answer.csv}
          </button>
        ) : null}
      </div>
    </section>
  );
}
