/** A judged file, from its verdict down to each proof. The same for answers of a server and for files that were sent. */
import type { ComponentChildren } from 'preact';
import { formatInstant } from '../format.ts';
import type { Opened } from '../state/opened.ts';
import { standing } from '../state/trust.ts';
import { type Verdict, verdictOf } from '../verdict.ts';
import { WORDS } from '../words/words.ts';
import { AbsentBox } from './absent-box.tsx';
import { NodeList } from './node-list.tsx';
import { StatementList } from './statement-list.tsx';
import { Summaries } from './summaries.tsx';
import { UsageSummary } from './usage-summary.tsx';
import { VerdictBox } from './verdict-box.tsx';

interface AnswerBodyProps {
  readonly opened: Opened;
  /** The name of the model in hand, if one was compared. */
  readonly inHandName: string | undefined;
  readonly notes?: ComponentChildren;
  readonly take?: ComponentChildren;
}

export function verdictOfOpened({ judgement, rows }: Opened): Verdict {
  const namesOf = (kinds: readonly string[]): readonly string[] => [
    ...new Set(rows.filter(({ kind }) => kinds.includes(kind)).map(({ operator }) => operator)),
  ];
  const kinds = rows.map(({ kind }) => kind);
  const withdrawers = namesOf(['revocation']);
  return verdictOf({
    ...judgement,
    operators: namesOf(kinds.filter((kind) => kind !== 'revocation')),
    withdrawers,
  });
}

export function AnswerBody({ opened, inHandName, notes, take }: AnswerBodyProps) {
  const { report } = opened.judgement;
  const { answer } = WORDS;
  const isDossier = report.of === 'dossier';
  return (
    <>
      <VerdictBox verdict={verdictOfOpened(opened)}>
        {report.of === 'finding' ? null : (
          <p class="dim">
            {inHandName === undefined ? answer.notInHand : answer.inHand(inHandName)}
          </p>
        )}
        <p class="dim">
          {answer.checkedHere} {answer.asOf(formatInstant(report.verifiedAt))}.
        </p>
        {standing.value === 'unpinned' ? <p class="dim">{WORDS.trust.unpinnedNote}</p> : null}
      </VerdictBox>
      {notes}
      <Problems problems={report.problems} />
      <Summaries rows={opened.rows} />
      <StatementList opened={opened} />
      {isDossier ? <AbsentBox judgement={opened.judgement} /> : null}
      {report.logs.length > 0 || isDossier ? <NodeList opened={opened} /> : null}
      <UsageSummary report={report} />
      {take}
      <Sentences title={answer.checked} list={report.checked} tone="good" />
      <Sentences title={answer.notProven} list={report.notProven} tone="open" />
    </>
  );
}

function Problems({ problems }: Pick<Opened['judgement']['report'], 'problems'>) {
  if (problems.length === 0) return null;
  return (
    <section>
      <h2>{WORDS.answer.why}</h2>
      <ul class="problems">
        {problems.map(({ code, message, outcome, origin }) => (
          <li
            key={`${code} ${origin} ${message}`}
            class={outcome === 'INCONCLUSIVE' ? 'note open' : 'note bad'}
          >
            {message} <code>{code}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface SentencesProps {
  readonly title: string;
  readonly list: readonly string[];
  readonly tone: string;
}

function Sentences({ title, list, tone }: SentencesProps) {
  if (list.length === 0) return null;
  return (
    <section>
      <h2>{title}</h2>
      <ul class={`ticks ${tone}`}>
        {list.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </section>
  );
}
