import type { Signal } from '@preact/signals';
import { shortHash } from '../format.ts';
import { models } from '../state/models.ts';
import { WORDS } from '../words/words.ts';

/** Which of the listed models are counted. */
export function ModelPicker({ chosen }: { readonly chosen: Signal<readonly string[]> }) {
  const { usage: words } = WORDS;
  const listed = models.value.filter(({ kinds }) => kinds['usage'] !== undefined);
  const known = new Set(listed.map(({ model }) => model));
  const others = chosen.value.filter((model) => !known.has(model));
  const toggle = (model: string): void => {
    const is = chosen.value.includes(model);
    chosen.value = is ? chosen.value.filter((one) => one !== model) : [...chosen.value, model];
  };
  return (
    <fieldset class="picker">
      <legend>{words.models}</legend>
      <p class="dim">{words.modelsLead}</p>
      <div class="picks">
        {[
          ...listed.map(({ model, names }) => ({ model, name: names[0] ?? '' })),
          ...others.map((model) => ({ model, name: '' })),
        ].map(({ model, name }) => (
          <label key={model} class="pick">
            <input
              type="checkbox"
              checked={chosen.value.includes(model)}
              onChange={() => toggle(model)}
            />
            <span>{name === '' ? WORDS.ask.unnamed : name}</span> <code>{shortHash(model)}</code>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
