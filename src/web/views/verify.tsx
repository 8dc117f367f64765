/** Verify a file you were sent: nothing is fetched, so it works without a network. */
import { useEffect } from 'preact/hooks';
import { AnswerBody } from '../parts/answer-body.tsx';
import { DropZone, FileButton } from '../parts/drop-zone.tsx';
import { pickFile, pickFolder } from '../parts/picking.ts';
import { ProgressLine } from '../parts/progress-line.tsx';
import { hashing } from '../state/hashing.ts';
import * as state from '../state/sent.ts';
import { usable } from '../state/trust.ts';
import { WORDS } from '../words/words.ts';

export function VerifyView() {
  const { verify: words } = WORDS;
  const root = usable.value?.view.digest;
  useEffect(() => void state.judgeSent(), [root]);
  const file = state.sent.value;
  const opened = state.opened.value;
  return (
    <>
      <section class="lead">
        <h1>{words.title}</h1>
        <p>{words.lead}</p>
      </section>
      <DropZone title={words.drop} onDrop={({ files }) => void state.takeFiles([...files])}>
        <FileButton
          label={words.choose}
          multiple
          onFiles={(files) => void state.takeFiles(files)}
        />
      </DropZone>
      {state.strangers.value.map((name) => (
        <p key={name} class="note bad" role="alert">
          {words.unknownKind(name)}
        </p>
      ))}
      {state.sentProblem.value === '' ? null : (
        <p class="note bad" role="alert">
          {state.sentProblem.value}
        </p>
      )}
      {state.sentTrust.value === '' ? null : (
        <p class="note good">{words.usedTrust(state.sentTrust.value)}</p>
      )}
      {file === undefined ? null : (
        <p>
          {words.kind[file.kind]} <strong>{file.name}</strong>
        </p>
      )}
      {file !== undefined && root === undefined ? (
        <p class="note open" role="alert">
          {words.needTrust}
        </p>
      ) : null}
      {file === undefined || file.kind === 'finding' ? null : <CompareWith />}
      {opened === undefined ? null : (
        <AnswerBody
          key={opened.judgement.handle}
          opened={opened}
          inHandName={state.compared.value?.name}
        />
      )}
    </>
  );
}

function CompareWith() {
  if (hashing.value !== undefined) return <ProgressLine {...hashing.value} />;
  return (
    <div class="actions">
      <span class="whole-line">{WORDS.verify.model}</span>
      <FileButton
        label={WORDS.ask.file}
        onFiles={([file]) => void state.compareWith(pickFile(file))}
      />
      <FileButton
        label={WORDS.ask.folder}
        folder
        onFiles={(files) => void state.compareWith(pickFolder(files))}
      />
    </div>
  );
}
