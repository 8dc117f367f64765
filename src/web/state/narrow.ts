/** Whether the window is as narrow as a telephone: what CSS alone cannot lay out goes by it. */
import { signal } from '@preact/signals';

const query = matchMedia('(max-width: 600px)');

export const isNarrow = signal(query.matches);

query.addEventListener('change', ({ matches }) => {
  isNarrow.value = matches;
});
