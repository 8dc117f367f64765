/** How one statement is proven: the picture, the hashes, the checkpoint, the cosignatures, and the raw JSON. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { formatInstant } from '../format.ts';
import { sayRow } from '../say-row.ts';
import type { Opened } from '../state/opened.ts';
import { WORDS } from '../words/words.ts';
import type { ProofView, Row } from '../worker/protocol.ts';
import { Dialog } from './dialog.tsx';
import { Hash } from './hash.tsx';
import { Scroller } from './scroller.tsx';
import { TreePath } from './tree-path.tsx';

interface ProofWindowProps {
  readonly opened: Opened;
  readonly row: Row;
  readonly onClose: () => void;
}

export function ProofWindow({ opened, row, onClose }: ProofWindowProps) {
  const proof = useSignal<ProofView | undefined>(undefined);
  const { client, judgement } = opened;
  const { origin, index } = row;
  useEffect(() => {
    void client.run('proof', { handle: judgement.handle, origin, index }).then((view) => {
      proof.value = view;
    });
  }, [client, judgement.handle, origin, index]);
  return (
    <Dialog title={WORDS.proof.title(index, origin)} onClose={onClose}>
      <p class="sentence">{sayRow(row)}</p>
      {proof.value === undefined ? <p>{WORDS.loading}</p> : <Proof proof={proof.value} />}
    </Dialog>
  );
}

function Proof({ proof }: { readonly proof: ProofView }) {
  const { proof: words } = WORDS;
  return (
    <>
      <h3>{words.tree}</h3>
      <p class="dim">{words.treeLead(proof.path.length)}</p>
      <TreePath proof={proof} />
      <details>
        <summary>{words.hashes}</summary>
        <Hash hex={proof.leaf} label={words.leaf} />
        <ol class="hashes">
          {proof.path.map(({ side, sibling, parent }) => (
            <li key={sibling}>
              {words.sibling} ({words[side]}) <code>{sibling}</code> {words.gives}{' '}
              <code>{parent}</code>
            </li>
          ))}
        </ol>
        <Hash hex={proof.root} label={words.root} />
      </details>
      <h3>{words.cosignatures}</h3>
      <ul class="ticks good">
        {proof.cosignatures.map(({ name, time }) => (
          <li key={name}>
            {name}, {formatInstant(time)}
          </li>
        ))}
      </ul>
      <Raw title={words.statement} text={proof.statement} />
      <Raw title={`${words.envelope} (${words.raw})`} text={proof.envelope}>
        {proof.keyIds.map((id) => (
          <Hash key={id} hex={id} label={words.signedBy} />
        ))}
      </Raw>
      <Raw title={words.checkpoint} text={proof.checkpoint}>
        <p class="dim">{words.checkpointLead}</p>
      </Raw>
    </>
  );
}

interface RawProps {
  readonly title: string;
  readonly text: string;
  readonly open?: boolean;
  readonly children?: preact.ComponentChildren;
}

export function Raw({ title, text, open = false, children }: RawProps) {
  return (
    <details open={open}>
      <summary>{title}</summary>
      {children}
      <Scroller class="raw" label={title}>
        <pre>{text}</pre>
      </Scroller>
    </details>
  );
}
