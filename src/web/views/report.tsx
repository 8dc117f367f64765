/** A report to print on A4: verdict, facts, and how to verify it all again without this page. */
import { formatInstant, formatMinute } from '../format.ts';
import { verdictOfOpened } from '../parts/answer-body.tsx';
import { standingWord } from '../parts/trust-bar.tsx';
import { UsageTable } from '../parts/usage-summary.tsx';
import { VerdictBox } from '../parts/verdict-box.tsx';
import { sayRow } from '../say-row.ts';
import { answer } from '../state/answer.ts';
import type { Opened } from '../state/opened.ts';
import { hrefOf } from '../state/route.ts';
import { standing } from '../state/trust.ts';
import { WORDS } from '../words/words.ts';

const MOST_ROWS = 40;

export function ReportView() {
  const { report: words } = WORDS;
  const opened = answer.value?.opened;
  if (opened === undefined) {
    return (
      <section class="lead">
        <h1>{words.title}</h1>
        <p>{words.none}</p>
      </section>
    );
  }
  const model = opened.judgement.report.model ?? '';
  return (
    <article class="paper">
      <div class="actions no-print">
        <a href={hrefOf('model', model)}>‹ {words.back}</a>
        <button type="button" class="primary" onClick={() => print()}>
          {words.print}
        </button>
      </div>
      <h1>{words.title}</h1>
      <Facts opened={opened} model={model} inHandName={answer.value?.inHand?.name} />
      <Statements opened={opened} />
      <Nodes opened={opened} />
      <h2>{words.how}</h2>
      <ol>
        {words.howSteps(model).map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <div class="sign">
        <span>{words.signature}</span>
        <span>{words.place}</span>
      </div>
    </article>
  );
}

interface FactsProps {
  readonly opened: Opened;
  readonly model: string;
  readonly inHandName: string | undefined;
}

function Facts({ opened, model, inHandName }: FactsProps) {
  const { report: words, answer: said } = WORDS;
  const { report, names } = opened.judgement;
  return (
    <>
      <VerdictBox verdict={verdictOfOpened(opened)}>
        <p class="dim">{inHandName === undefined ? said.notInHand : said.inHand(inHandName)}</p>
      </VerdictBox>
      <dl class="facts">
        <dt>{words.subject}</dt>
        <dd>
          {names.join(', ')} <code>{model}</code>
        </dd>
        <dt>{words.when}</dt>
        <dd>{formatInstant(report.verifiedAt)}</dd>
        <dt>{words.trust}</dt>
        <dd>
          <code>{report.trustRoot}</code>
        </dd>
        <dt>{words.trustState}</dt>
        <dd>{standingWord(standing.value)}</dd>
      </dl>
      {report.problems.length === 0 ? null : (
        <ul>
          {report.problems.map(({ code, message }) => (
            <li key={message}>
              {message} <code>{code}</code>
            </li>
          ))}
        </ul>
      )}
      <h2>{words.facts}</h2>
      <ul>
        {report.checked.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      <h3>{WORDS.answer.notProven}</h3>
      <ul>
        {report.notProven.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </>
  );
}

function Statements({ opened }: { readonly opened: Opened }) {
  const { report: words } = WORDS;
  const { rows, judgement } = opened;
  const listed = rows.filter(({ kind }) => kind !== 'usage');
  const used = judgement.report.usage.filter(({ windows }) => windows > 0);
  return (
    <>
      <h2>{words.statements}</h2>
      <ul>
        {listed.slice(0, MOST_ROWS).map((row) => (
          <li key={row.entryHash}>
            {sayRow(row)} ({row.region}, {formatMinute(row.issuedAt)}, {WORDS.say.row(row.index)})
          </li>
        ))}
      </ul>
      {listed.length > MOST_ROWS ? <p>{words.statementsMore(listed.length - MOST_ROWS)}</p> : null}
      {used.length === 0 ? null : (
        <>
          <h2>{WORDS.answer.usage}</h2>
          <UsageTable
            head={WORDS.usage.grouping['region'] ?? ''}
            rows={used.map(({ region, operator, ...row }) => ({
              key: `${region}, ${operator}`,
              ...row,
            }))}
          />
        </>
      )}
    </>
  );
}

function Nodes({ opened }: { readonly opened: Opened }) {
  const { table, nodes } = WORDS.report;
  return (
    <>
      <h2>{nodes}</h2>
      <table class="stacks">
        <thead>
          <tr>
            <th scope="col">{table.node}</th>
            <th scope="col">{table.size}</th>
            <th scope="col">{table.seen}</th>
            <th scope="col">{table.at}</th>
          </tr>
        </thead>
        <tbody>
          {opened.judgement.report.logs.map(({ origin, size, witnesses, witnessedAt }) => (
            <tr key={origin}>
              <th scope="row">{origin}</th>
              <td data-column={table.size}>{size.toLocaleString('en')}</td>
              <td data-column={table.seen} class="whole-row">
                {witnesses.map(({ name }) => name).join(', ')}
              </td>
              <td data-column={table.at}>{formatInstant(witnessedAt)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
