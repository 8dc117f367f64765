/** Findings: what was caught, in plain words, judged here by its evidence. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { formatInstant } from '../format.ts';
import { download } from '../parts/download.ts';
import { Icon } from '../parts/icons.tsx';
import { Offline } from '../parts/model-table.tsx';
import { Raw } from '../parts/proof-window.tsx';
import { findings, findingsState, loadFindings, type SeenFinding } from '../state/findings.ts';
import { usable, worker } from '../state/trust.ts';
import { verdictOf } from '../verdict.ts';
import { WORDS } from '../words/words.ts';
import type { Judgement } from '../worker/protocol.ts';

/** By what a finding accuses of. */
const PLAIN = new Map(Object.entries(WORDS.findings.plain));

export function FindingsView() {
  const { findings: words } = WORDS;
  const root = usable.value?.view.digest;
  useEffect(() => void loadFindings(), [root]);
  if (findingsState.value === 'offline') return <Offline />;
  return (
    <>
      <section class="lead">
        <h1>{words.title}</h1>
        <p>{words.lead}</p>
      </section>
      {findingsState.value === 'loading' ? <p>{WORDS.loading}</p> : null}
      {findingsState.value === 'loaded' && findings.value.length === 0 ? (
        <p class="note good">
          <Icon name="good" /> {words.none}
        </p>
      ) : null}
      <ul class="findings">
        {findings.value.map((seen) => (
          <FindingCard key={seen.listed.id} seen={seen} />
        ))}
      </ul>
    </>
  );
}

function FindingCard({ seen }: { readonly seen: SeenFinding }) {
  const { findings: words } = WORDS;
  const { listed, judgement, failure } = seen;
  const said = judgement?.report.problems[0];
  const differs =
    said !== undefined && (said.code !== listed.code || said.message !== listed.sentence);
  return (
    <li class="card finding" data-finding={listed.kind}>
      <h2>{PLAIN.get(listed.kind) ?? listed.kind}</h2>
      <p>
        {words.against} <strong>{listed.origin}</strong>, {words.found}{' '}
        {formatInstant(String(listed.foundAt))}
      </p>
      {judgement === undefined ? (
        <p>{failure ?? WORDS.loading}</p>
      ) : (
        <Judged judgement={judgement} />
      )}
      {differs ? <p class="note bad">{words.serverDiffers}</p> : null}
      {judgement === undefined ? null : <Evidence judgement={judgement} id={listed.id} />}
    </li>
  );
}

function Judged({ judgement }: { readonly judgement: Judgement }) {
  const { word, sentence, name } = verdictOf({ ...judgement, operators: [], withdrawers: [] });
  const problem = judgement.report.problems[0];
  const isProven = name === 'equivocation' || name === 'proven';
  return (
    <>
      <p class={`badge ${isProven ? 'bad' : 'open'}`} data-verdict={name}>
        <Icon name={isProven ? 'bad' : 'open'} /> {word}: {sentence}
      </p>
      {problem === undefined ? null : (
        <p>
          {problem.message} <code>{problem.code}</code>
        </p>
      )}
    </>
  );
}

function Evidence({ judgement, id }: { readonly judgement: Judgement; readonly id: string }) {
  const { findings: words } = WORDS;
  const text = useSignal('');
  const { handle } = judgement;
  const show = async (): Promise<void> => {
    const bytes = await worker.run('bytes', handle);
    text.value = JSON.stringify(JSON.parse(new TextDecoder().decode(bytes)), null, 2);
  };
  const save = async (): Promise<void> =>
    download(
      `finding-${String(id).slice(0, 12)}.json`,
      await worker.run('bytes', handle),
      'application/json',
    );
  return (
    <>
      <div class="actions">
        <button type="button" onClick={() => void save()}>
          <Icon name="down" /> {words.save}
        </button>
        {text.value === '' ? (
          <button type="button" onClick={() => void show()}>
            {words.show}
          </button>
        ) : null}
      </div>
      {text.value === '' ? null : <Raw title={words.evidence} text={text.value} open />}
    </>
  );
}
