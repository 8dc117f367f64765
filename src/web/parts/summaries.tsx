/** What an auditor looks for first: how the model was trained, and how it was tested. */
import type { EvaluationPredicate } from '../../core/statement/evaluation.ts';
import type { TrainingPredicate } from '../../core/statement/training.ts';
import { formatQuantity } from '../format.ts';
import { sayClaims } from '../say-row.ts';
import { WORDS } from '../words/words.ts';
import type { Row } from '../worker/protocol.ts';
import { Icon } from './icons.tsx';

const MOST = 4;

export function Summaries({ rows }: { readonly rows: readonly Row[] }) {
  const of = (kind: string): readonly Row[] =>
    rows.filter((row) => row.kind === kind).slice(0, MOST);
  const [trainings, evaluations] = [of('training'), of('evaluation')];
  if (trainings.length + evaluations.length === 0) return null;
  return (
    <div class="summaries">
      {trainings.map((row) => (
        <TrainingCard key={row.entryHash} row={row} />
      ))}
      {evaluations.map((row) => (
        <EvaluationCard key={row.entryHash} row={row} />
      ))}
    </div>
  );
}

function TrainingCard({ row }: { readonly row: Row }) {
  const { say } = WORDS;
  const { buildDefinition, runDetails } = row.predicate as TrainingPredicate;
  const { hyperparameters, task } = buildDefinition.externalParameters;
  const settings = Object.entries(hyperparameters).map(([name, value]) => `${name} ${value}`);
  const { commitment } = buildDefinition.internalParameters;
  return (
    <section class="card">
      <h3>
        <Icon name="training" /> {WORDS.answer.training}
      </h3>
      <dl>
        <Fact term={say.trainer} text={runDetails.builder.id} />
        <Fact term={say.task} text={task ?? ''} />
        <Fact
          term={say.data}
          text={buildDefinition.resolvedDependencies.map(({ name }) => name).join(', ')}
        />
        <Fact term={say.settings} text={settings.join(', ')} />
      </dl>
      {commitment === undefined ? null : <p class="dim">{say.steps(commitment.steps)}</p>}
    </section>
  );
}

function EvaluationCard({ row }: { readonly row: Row }) {
  const predicate = row.predicate as EvaluationPredicate;
  const { suite, sampleSize, assuranceLevel, claims, evaluator } = predicate;
  const sentences = sayClaims(predicate);
  const how = WORDS.say.assurance[assuranceLevel] ?? assuranceLevel;
  return (
    <section class="card">
      <h3>
        <Icon name="evaluation" /> {WORDS.answer.evaluation}
      </h3>
      <p>
        {suite.name} {suite.version ?? ''} ({evaluator.id})
      </p>
      <ul class="ticks">
        {sentences.slice(0, 8).map((sentence, i) => (
          <li key={sentence} class={claims[i]?.passed === true ? 'good' : 'bad'}>
            {sentence}
          </li>
        ))}
      </ul>
      <p class="dim">{WORDS.say.cases(formatQuantity(sampleSize), how)}</p>
    </section>
  );
}

function Fact({ term, text }: { readonly term: string; readonly text: string }) {
  if (text === '') return null;
  return (
    <>
      <dt>{term}</dt>
      <dd>{text}</dd>
    </>
  );
}
