import { shortHash } from '../format.ts';
import { worker } from '../state/trust.ts';
import { proven } from '../state/usage.ts';
import type { ProvenUsage } from '../usage-series.ts';
import { WORDS } from '../words/words.ts';
import { download } from './download.ts';
import { Icon } from './icons.tsx';

/** The numbers as CSV, and the files that prove them, of each model. */
export function ProvenFiles() {
  if (proven.value.length === 0) return null;
  return (
    <section class="take">
      <h2>{WORDS.answer.take}</h2>
      {proven.value.map((usage) => (
        <div class="actions" key={usage.model}>
          <button type="button" onClick={() => void saveCsv(usage)}>
            <Icon name="usage" /> {WORDS.usage.csvOf(usage.name)}
          </button>
          <button type="button" onClick={() => void saveDossier(usage)}>
            <Icon name="down" /> {WORDS.usage.dossierOf(usage.name)}
          </button>
        </div>
      ))}
    </section>
  );
}

async function saveCsv({ model, judgement }: ProvenUsage): Promise<void> {
  const csv = await worker.run('csv', judgement.handle);
  download(`${stemOf(model)}-usage.csv`, `${csv}\n`, 'text/csv');
}

async function saveDossier({ model, judgement }: ProvenUsage): Promise<void> {
  const bytes = await worker.run('bytes', judgement.handle);
  download(`${stemOf(model)}-usage.json`, bytes, 'application/json');
}

function stemOf(model: string): string {
  return `attestry-${shortHash(model, 12).slice(0, -1)}`;
}
