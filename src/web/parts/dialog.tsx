import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { WORDS } from '../words/words.ts';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A window over the page: the browser's own, so that focus and the Escape key behave as people expect. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    ref.current?.showModal();
  }, []);
  return (
    <dialog ref={ref} aria-labelledby="dialog-title" onClose={onClose}>
      <div class="dialog-head">
        <h2 id="dialog-title">{title}</h2>
        <button type="button" onClick={() => ref.current?.close()}>
          {WORDS.close}
        </button>
      </div>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}
