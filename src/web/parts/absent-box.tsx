/** What the tallies prove not to be there. */
import { windowsOf } from '../state/opened.ts';
import { WORDS } from '../words/words.ts';
import type { Judgement } from '../worker/protocol.ts';

export function AbsentBox({ judgement }: { readonly judgement: Judgement }) {
  const { answer } = WORDS;
  const absent = absentKinds(judgement);
  return (
    <section>
      <h2>{answer.absent}</h2>
      {absent === undefined ? (
        <p class="note open">{answer.absentNone}</p>
      ) : (
        <>
          <p class="dim">{answer.absentLead}</p>
          <ul class="ticks good">
            {absent.map((kind) => (
              <li key={kind}>
                {answer.absentKind[kind] ?? kind} {answer.absentOn(judgement.logsTrusted)}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

/** Kinds of which no log holds a statement; undefined unless every log proves its list. */
function absentKinds(judgement: Judgement): readonly string[] | undefined {
  const { report, logsTrusted } = judgement;
  const { proven } = report;
  if (proven.length < logsTrusted || logsTrusted === 0) return undefined;
  const isSummed = proven.some(({ stretches }) => stretches.length > 0);
  const everywhere = Object.keys(WORDS.answer.absentKind).filter((kind) =>
    proven.every(({ absent }) => absent.includes(kind)),
  );
  // Where usage is summed, sums over all time without a window say that there is none.
  const isUnused = isSummed && windowsOf(judgement) === 0;
  return isUnused ? [...everywhere, 'usage'] : everywhere;
}
