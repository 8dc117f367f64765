/** Network: a lane for each node, from what it signed to who has seen it. */
import { useEffect } from 'preact/hooks';
import { formatAge } from '../format.ts';
import { Lane } from '../parts/lane.tsx';
import { Offline } from '../parts/model-table.tsx';
import {
  followEvents,
  happenings,
  isLive,
  loadNetwork,
  network,
  networkState,
  type NetworkView as Shown,
} from '../state/network.ts';
import { useNow } from '../state/now.ts';
import { usable } from '../state/trust.ts';
import { WORDS } from '../words/words.ts';

export function NetworkView() {
  const root = usable.value?.view.digest;
  useEffect(() => {
    void loadNetwork();
    return root === undefined ? undefined : followEvents();
  }, [root]);
  const { network: words } = WORDS;
  if (networkState.value === 'offline') return <Offline />;
  return (
    <>
      <section class="lead">
        <h1>{words.title}</h1>
        <p>{words.lead}</p>
        <p class={`badge ${isLive.value ? 'good' : 'open'}`} data-live={isLive.value}>
          <span class={isLive.value ? 'pulse' : 'pulse off'} aria-hidden="true" />
          {isLive.value ? words.live : words.paused}
        </p>
      </section>
      {network.value === undefined ? <p>{WORDS.loading}</p> : <Lanes shown={network.value} />}
    </>
  );
}

function Lanes({ shown }: { readonly shown: Shown }) {
  const { network: words } = WORDS;
  const now = useNow();
  const trust = usable.value?.view;
  const { nodes, witnesses, findings, doubts } = shown;
  return (
    <>
      {doubts.length === 0 ? null : (
        <section class="note bad" role="alert" data-doubts={doubts.length}>
          <h2>{WORDS.answer.doubt}</h2>
          <ul>
            {doubts.map((doubt) => (
              <li key={doubt}>{doubt}</li>
            ))}
          </ul>
        </section>
      )}
      <ul class="lanes">
        {nodes.map((node) => (
          <Lane
            key={node.listed.origin}
            node={node}
            witnesses={trust?.witnesses ?? []}
            quorum={trust?.witnessQuorum ?? 0}
            findings={findings.filter(({ origin }) => origin === node.listed.origin).length}
            nowMs={now}
          />
        ))}
      </ul>
      <section>
        <h2>{words.witnesses}</h2>
        <ul class="cards">
          {witnesses.map(({ name, operator, heardAt, problem }) => (
            <li key={name} class="card">
              <strong>{operator}</strong>
              <span class="dim">{name}</span>
              <span>
                {words.heard} {heardAt === null ? words.never : formatAge(heardAt, now)}
              </span>
              {problem === null ? null : <span class="problem">{problem.message}</span>}
            </li>
          ))}
        </ul>
      </section>
      <section>
        <h2>{words.events}</h2>
        <p class="dim">{words.eventsLead}</p>
        {happenings.value.length === 0 ? <p class="dim">{words.eventsNone}</p> : null}
        <ol class="happenings" aria-live="polite">
          {happenings.value.map(({ number, atMs, text }) => (
            <li key={number}>
              <time>{new Date(atMs).toISOString().slice(11, 19)}</time> {text}
            </li>
          ))}
        </ol>
      </section>
    </>
  );
}
