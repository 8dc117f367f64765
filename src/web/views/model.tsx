/** Answer: what stands about one model, asked of the server and judged here. */
import { useEffect } from 'preact/hooks';
import { formatList } from '../format.ts';
import { AnswerBody } from '../parts/answer-body.tsx';
import { Hash } from '../parts/hash.tsx';
import { Offline } from '../parts/model-table.tsx';
import { TakeAway } from '../parts/take-away.tsx';
import { VerdictBox } from '../parts/verdict-box.tsx';
import { UNREACHABLE } from '../server.ts';
import { type Answer, answer, ask, inHand, isAsked, windowsOf } from '../state/answer.ts';
import { hrefOf } from '../state/route.ts';
import { standing, usable } from '../state/trust.ts';
import { refusedVerdict } from '../verdict.ts';
import { WORDS } from '../words/words.ts';

export function ModelView({ model }: { readonly model: string }) {
  const current = answer.value;
  const root = usable.value?.view.digest;
  useEffect(() => {
    if (root !== undefined && !isAsked(model)) void ask(model);
  }, [model, root, inHand.value]);
  const names = current?.model === model ? (current.opened?.judgement.names ?? []) : [];
  return (
    <>
      <section class="lead">
        <p>
          <a href={hrefOf('ask')}>‹ {WORDS.answer.askAgain}</a>
        </p>
        <h1 class="model-name">{names[0] ?? WORDS.thisModel}</h1>
        <Hash hex={model} label={WORDS.answer.digest} />
        {names.length > 1 ? (
          <p class="dim">
            {WORDS.answer.aka} {formatList(names.slice(1), 4)}
          </p>
        ) : null}
      </section>
      <AnswerOf current={current?.model === model ? current : undefined} />
    </>
  );
}

function AnswerOf({ current }: { readonly current: Answer | undefined }) {
  if (standing.value === 'differs') return <p class="note bad">{WORDS.trust.differsLead}</p>;
  if (standing.value === 'none') return <Offline />;
  if (current === undefined || current.phase === 'fetching')
    return <Waiting text={WORDS.answer.fetching} />;
  if (current.phase === 'failed') return <Failed failure={current.failure} />;
  if (current.opened === undefined) return <Waiting text={WORDS.answer.judging} />;
  return (
    <AnswerBody
      opened={current.opened}
      inHandName={current.inHand?.name}
      notes={
        <>
          <Doubts doubts={current.doubts} />
          <UsageNote current={current} windows={windowsOf(current.opened.judgement)} />
        </>
      }
      take={<TakeAway opened={current.opened} sums={current.sums} />}
    />
  );
}

function Waiting({ text }: { readonly text: string }) {
  return (
    <p class="waiting" role="status">
      {text}
    </p>
  );
}

function Failed({ failure }: { readonly failure: Answer['failure'] | undefined }) {
  if (failure?.code === UNREACHABLE) return <Offline />;
  return (
    <>
      <VerdictBox verdict={refusedVerdict()} />
      <p class="note bad">
        {failure?.message || WORDS.error.wrong} <code>{failure?.code}</code>
      </p>
    </>
  );
}

function Doubts({ doubts }: Pick<Answer, 'doubts'>) {
  if (doubts.length === 0) return null;
  return (
    <section class="note bad" role="alert" data-doubts={doubts.length}>
      <h2>{WORDS.answer.doubt}</h2>
      <ul>
        {doubts.map((doubt) => (
          <li key={doubt}>{doubt}</li>
        ))}
      </ul>
      <p>{WORDS.answer.doubtLead}</p>
    </section>
  );
}

function UsageNote({ current, windows }: { readonly current: Answer; readonly windows: number }) {
  const { answer: words } = WORDS;
  const listed = current.opened?.rows.filter(({ kind }) => kind === 'usage').length ?? 0;
  const text = {
    summed: '',
    checking: words.usageChecking(windows),
    checked: listed > 0 ? words.usageChecked(listed) : '',
    failed: words.usageFailed,
  }[current.usage];
  if (text === '') return null;
  return (
    <p class="dim usage-note" role="status" data-usage={current.usage}>
      {text}
    </p>
  );
}
