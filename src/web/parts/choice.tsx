import type { Signal } from '@preact/signals';

interface ChoiceProps<T extends string> {
  readonly label: string;
  /** What each value is called. */
  readonly options: Readonly<Record<string, string>>;
  readonly value: Signal<T>;
}

/** One of a few: a row of buttons, of which one is pressed. */
export function Choice<T extends string>({ label, options, value }: ChoiceProps<T>) {
  return (
    <fieldset class="choice">
      <legend class="choice-label">{label}</legend>
      <span class="chips">
        {Object.entries(options).map(([name, text]) => (
          <button
            key={name}
            type="button"
            class="chip"
            aria-pressed={value.value === name}
            onClick={() => {
              value.value = name as T;
            }}
          >
            {text}
          </button>
        ))}
      </span>
    </fieldset>
  );
}
