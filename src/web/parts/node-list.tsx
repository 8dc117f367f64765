/** The nodes that the answer comes from: what each had signed, who had seen it, whether its list is whole. */
import { useSignal } from '@preact/signals';
import { formatInstant, formatList } from '../format.ts';
import type { Opened } from '../state/opened.ts';
import { WORDS } from '../words/words.ts';
import type { LogNotes } from '../worker/protocol.ts';
import { Dialog } from './dialog.tsx';
import { Icon } from './icons.tsx';
import { Raw } from './proof-window.tsx';

export function NodeList({ opened }: { readonly opened: Opened }) {
  const open = useSignal<string | undefined>(undefined);
  const { logs } = opened.judgement.report;
  const missing = opened.trust.view.logs.filter(
    ({ name }) => !logs.some((log) => log.origin === name),
  );
  return (
    <section>
      <h2>{WORDS.answer.nodes}</h2>
      <ul class="cards">
        {logs.map(({ origin }) => (
          <NodeCard
            key={origin}
            opened={opened}
            origin={origin}
            onOpen={() => {
              open.value = origin;
            }}
          />
        ))}
        {opened.judgement.report.of === 'dossier'
          ? missing.map(({ name, region }) => (
              <li key={name} class="card missing">
                <strong>{region}</strong>
                <span>{name}</span>
                <span class="badge open">
                  <Icon name="open" /> {WORDS.answer.missing}
                </span>
              </li>
            ))
          : null}
      </ul>
      {open.value === undefined ? null : (
        <NotesWindow
          opened={opened}
          origin={open.value}
          onClose={() => {
            open.value = undefined;
          }}
        />
      )}
    </section>
  );
}

interface NodeProps {
  readonly opened: Opened;
  readonly origin: string;
}

function NodeCard({ opened, origin, onOpen }: NodeProps & { readonly onOpen: () => void }) {
  const { answer } = WORDS;
  const { logs, proven, of } = opened.judgement.report;
  const log = logs.find((candidate) => candidate.origin === origin);
  const proof = proven.find((candidate) => candidate.origin === origin);
  if (log === undefined) return null;
  return (
    <li>
      <button type="button" class="card" onClick={onOpen}>
        <strong>
          {log.region} · {log.operator}
        </strong>
        <span class="dim">{origin}</span>
        <span>{answer.node(log.size, formatInstant(log.witnessedAt))}</span>
        <span class="badge good">
          <Icon name="good" /> {answer.seenBy(log.witnesses.length)}
        </span>
        {of === 'dossier' ? (
          <span class={`badge ${proof === undefined ? 'open' : 'good'}`}>
            <Icon name={proof === undefined ? 'open' : 'good'} />{' '}
            {proof === undefined ? answer.notComplete : answer.complete}
            {(proof?.verifiers.length ?? 0) > 0
              ? `, ${answer.completeBy(formatList(proof?.verifiers ?? []))}`
              : ''}
          </span>
        ) : null}
      </button>
    </li>
  );
}

function NotesWindow({ opened, origin, onClose }: NodeProps & { readonly onClose: () => void }) {
  const { proof } = WORDS;
  const notes = useSignal<LogNotes | undefined>(undefined);
  const { client, judgement } = opened;
  if (notes.value === undefined) {
    void client.run('notes', { handle: judgement.handle, origin }).then((found) => {
      notes.value = found;
    });
  }
  const log = judgement.report.logs.find((candidate) => candidate.origin === origin);
  return (
    <Dialog title={origin} onClose={onClose}>
      <h3>{proof.cosignatures}</h3>
      <ul class="ticks good">
        {log?.witnesses.map(({ name, time }) => (
          <li key={name}>
            {name}, {formatInstant(time)}
          </li>
        ))}
      </ul>
      <Raw title={proof.checkpoint} text={notes.value?.checkpoint ?? ''}>
        <p class="dim">{proof.checkpointLead}</p>
      </Raw>
      {notes.value?.tally === null || notes.value === undefined ? null : (
        <Raw title={proof.tally} text={notes.value.tally}>
          <p class="dim">{proof.tallyLead}</p>
        </Raw>
      )}
    </Dialog>
  );
}
