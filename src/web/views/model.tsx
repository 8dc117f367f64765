/** Answer: what stands about one model, asked of the server and judged here. */
import { useEffect } from 'preact/hooks';
import { formatList } from '../format.ts';
import { AnswerBody } from '../parts/answer-body.tsx';
import { Hash } from '../parts/hash.tsx';
import { Offline } from '../parts/model-table.tsx';
import { TakeAway } from '../parts/take-away.tsx';
import { VerdictBox } from '../parts/verdict-box.tsx';
import { UNREACHABLE } from '../server.ts';
import { type Answer, answer, ask, inHand, isAsked } from '../state/answer.ts';
import { countedOf, type Opened, windowsOf } from '../state/opened.ts';
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
  const isCounted = current.phase === 'counted';
  return (
    <AnswerBody
      opened={current.opened}
      inHandName={isCounted ? undefined : current.inHand?.name}
      notes={
        <>
          <Doubts doubts={current.doubts} />
          <CheckingNote current={current} opened={current.opened} />
        </>
      }
      take={isCounted ? null : <TakeAway opened={current.opened} sums={current.sums} />}
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

interface CheckingProps {
  readonly current: Answer;
  readonly opened: Opened;
}

/** What is still being checked, and how far that is. */
function CheckingNote({ current, opened }: CheckingProps) {
  const { answer: words } = WORDS;
  const listed = opened.rows.filter(({ kind }) => kind === 'usage').length;
  const isCounted = current.phase === 'counted';
  const text = isCounted
    ? words.countChecking(countedOf(opened.judgement))
    : {
        summed: '',
        checking: words.usageChecking(windowsOf(opened.judgement)),
        checked: listed > 0 ? words.usageChecked(listed) : '',
        failed: words.usageFailed,
      }[current.usage];
  if (text === '') return null;
  return (
    <section class="checking">
      <p class="dim" role="status" data-usage={isCounted ? 'counted' : current.usage}>
        {text}
      </p>
      {isCounted || current.usage === 'checking' ? <Progress {...current.progress} /> : null}
    </section>
  );
}

function Progress({ done = 0, total = 0 }: Partial<NonNullable<Answer['progress']>>) {
  if (total === 0) return null;
  const label = WORDS.answer.progress(done, total);
  return (
    <>
      <progress aria-label={label} value={done} max={total} />
      <p class="dim">{label}</p>
    </>
  );
}
