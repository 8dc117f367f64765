import { formatList, shortHash } from '../format.ts';
import type { ListedModel } from '../server-answer.ts';
import { loadModels, models, modelsState, nextModels } from '../state/models.ts';
import { hrefOf } from '../state/route.ts';
import { WORDS } from '../words/words.ts';

/** The server's list of models, each a question away from its proofs. */
export function ModelTable() {
  const { ask: words } = WORDS;
  if (modelsState.value === 'loading') return <p class="dim">{WORDS.loading}</p>;
  if (modelsState.value === 'offline') return <Offline />;
  if (models.value.length === 0) return <p class="dim">{words.knownNone}</p>;
  const next = nextModels.value;
  return (
    <>
      <ul class="cards">
        {models.value.map((model) => (
          <ModelCard key={model.model} {...model} />
        ))}
      </ul>
      {next === null ? null : (
        <button type="button" onClick={() => void loadModels(next)}>
          {words.more}
        </button>
      )}
    </>
  );
}

function ModelCard({ model, names, statements, origins }: ListedModel) {
  return (
    <li>
      <a class="card" href={hrefOf('model', model)}>
        <strong>{formatList(names, 2) || WORDS.ask.unnamed}</strong>
        <code>{shortHash(model, 16)}</code>
        <span class="dim">
          {WORDS.statements(Number(statements))}, {WORDS.nodes(origins.length)}
        </span>
      </a>
    </li>
  );
}

export function Offline() {
  return (
    <p class="note open">
      <strong>{WORDS.error.offline}</strong> {WORDS.error.offlineLead}{' '}
      <a href={hrefOf('verify')}>{WORDS.nav.verify}</a>
    </p>
  );
}
