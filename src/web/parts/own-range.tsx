import { type Signal, useSignal } from '@preact/signals';
import type { UsageRange } from '../../core/tally/questions.ts';
import { lastHours, rangeBetween } from '../usage-series.ts';
import { WORDS } from '../words/words.ts';

/** A start and an end, both at a full hour, in UTC. */
export function OwnRange({ range }: { readonly range: Signal<UsageRange | undefined> }) {
  const { usage: words } = WORDS;
  const start = lastHours(24, Date.now());
  const from = useSignal(start.from.slice(0, 16));
  const to = useSignal(start.to.slice(0, 16));
  const found = rangeBetween(Date.parse(`${from.value}:00Z`), Date.parse(`${to.value}:00Z`));
  if (JSON.stringify(found) !== JSON.stringify(range.peek())) {
    queueMicrotask(() => {
      range.value = found;
    });
  }
  return (
    <div class="own-range">
      <TimeField label={words.from} value={from} />
      <TimeField label={words.to} value={to} />
      {found === undefined ? (
        <p class="problem" role="alert">
          {words.wrongRange}
        </p>
      ) : null}
    </div>
  );
}

function TimeField({ label, value }: { readonly label: string; readonly value: Signal<string> }) {
  return (
    <label>
      {label}
      <input
        type="datetime-local"
        step={3600}
        value={value.value}
        onInput={(event) => {
          value.value = event.currentTarget.value;
        }}
      />
    </label>
  );
}
