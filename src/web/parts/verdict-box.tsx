import type { ComponentChildren } from 'preact';
import type { Verdict } from '../verdict.ts';
import { WORDS } from '../words/words.ts';
import { Icon } from './icons.tsx';

/** The answer in one sentence. Read out as soon as it is there. */
export function VerdictBox(props: {
  readonly verdict: Verdict;
  readonly children?: ComponentChildren;
}) {
  const { tone, word, sentence, name } = props.verdict;
  return (
    <section
      class={`verdict ${tone}`}
      data-verdict={name}
      aria-labelledby="verdict"
      aria-live="polite"
    >
      <span class="seal">
        <Icon name={tone} />
      </span>
      <div class="verdict-text">
        <h2 id="verdict">
          <span class="sr">{WORDS.answer.verdictOf}: </span>
          {word}
        </h2>
        <p class="sentence">{sentence}</p>
        {props.children}
      </div>
    </section>
  );
}
