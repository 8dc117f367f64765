/** Ask: a model file, a folder, or a digest. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { parseDigest } from '../format.ts';
import { DropZone, FileButton } from '../parts/drop-zone.tsx';
import { ModelTable } from '../parts/model-table.tsx';
import { pickDropped, pickFile, pickFolder } from '../parts/picking.ts';
import { ProgressLine } from '../parts/progress-line.tsx';
import { inHand } from '../state/answer.ts';
import { hash, hashing, hashingFailure } from '../state/hashing.ts';
import { loadModels } from '../state/models.ts';
import { go } from '../state/route.ts';
import { WORDS } from '../words/words.ts';
import type { PickedModel } from '../worker/protocol.ts';

export function AskView() {
  const { ask: words } = WORDS;
  const isEmpty = useSignal(false);
  useEffect(() => void loadModels(), []);
  const take = async (model: PickedModel | undefined): Promise<void> => {
    isEmpty.value = model === undefined;
    const hashed = model === undefined ? undefined : await hash(model);
    if (hashed === undefined) return;
    inHand.value = hashed;
    go('model', hashed.sha256);
  };
  return (
    <>
      <section class="lead">
        <h1>{words.title}</h1>
        <p>{words.lead}</p>
      </section>
      {hashing.value === undefined ? (
        <DropZone title={words.drop} onDrop={(items) => void pickDropped(items).then(take)}>
          <FileButton label={words.file} onFiles={([file]) => void take(pickFile(file))} />
          <FileButton
            label={words.folder}
            folder
            onFiles={(files) => void take(pickFolder(files))}
          />
          <span class="dim whole-line">{words.private}</span>
        </DropZone>
      ) : (
        <ProgressLine {...hashing.value} />
      )}
      {isEmpty.value ? (
        <p class="note bad" role="alert">
          {words.empty}
        </p>
      ) : null}
      {hashingFailure.value === '' ? null : (
        <p class="note bad" role="alert">
          <strong>{words.failed}.</strong> {hashingFailure.value}
        </p>
      )}
      <DigestForm />
      <section>
        <h2>{words.known}</h2>
        <p class="dim">{words.knownLead}</p>
        <ModelTable />
      </section>
    </>
  );
}

function DigestForm() {
  const { ask: words } = WORDS;
  const text = useSignal('');
  const isWrong = useSignal(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    const digest = parseDigest(text.value);
    isWrong.value = digest === undefined;
    if (digest === undefined) return;
    go('model', digest);
  };
  return (
    <form class="digest-form" onSubmit={submit}>
      <label for="digest">{words.digest}</label>
      <div class="field">
        <input
          id="digest"
          name="digest"
          spellcheck={false}
          autocomplete="off"
          aria-describedby="digest-hint"
          aria-invalid={isWrong.value}
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
            isWrong.value = false;
          }}
        />
        <button type="submit" class="primary">
          {words.submit}
        </button>
      </div>
      <p
        id="digest-hint"
        class={isWrong.value ? 'problem' : 'dim'}
        role={isWrong.value ? 'alert' : undefined}
      >
        {isWrong.value ? words.digestWrong : words.digestHint}
      </p>
    </form>
  );
}
