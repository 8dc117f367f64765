import { useSignal } from '@preact/signals';
import { WORDS } from '../words/words.ts';

const COPIED_MS = 1500;

/** A digest in full, broken where it must, with a button that copies it. */
export function Hash({ hex, label }: { readonly hex: string; readonly label?: string }) {
  const isCopied = useSignal(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(hex);
    isCopied.value = true;
    setTimeout(() => {
      isCopied.value = false;
    }, COPIED_MS);
  };
  return (
    <span class="hash">
      {label === undefined ? null : <span class="hash-label">{label}</span>}
      <code>{hex}</code>
      {navigator.clipboard === undefined ? null : (
        <button type="button" class="small" onClick={() => void copy().catch(() => undefined)}>
          {isCopied.value ? WORDS.copied : WORDS.copy}
        </button>
      )}
    </span>
  );
}
