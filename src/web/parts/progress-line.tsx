import { formatBytes } from '../format.ts';
import { type Hashing, stopHashing } from '../state/hashing.ts';
import { WORDS } from '../words/words.ts';

export function ProgressLine({ name, done, total }: Hashing) {
  const label = WORDS.ask.hashing(name);
  return (
    <div class="progress" role="status">
      <p>{label}</p>
      <progress aria-label={label} value={done} max={Math.max(1, total)} />
      <div class="actions">
        <span class="dim">{WORDS.ask.progress(formatBytes(done), formatBytes(total))}</span>
        <button type="button" onClick={stopHashing}>
          {WORDS.ask.cancel}
        </button>
      </div>
    </div>
  );
}
