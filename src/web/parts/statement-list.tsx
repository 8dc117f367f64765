/** Every verified statement, one line each; a line opens to its proof. */
import { useSignal } from '@preact/signals';
import { formatMinute } from '../format.ts';
import { sayRow } from '../say-row.ts';
import { isNarrow } from '../state/narrow.ts';
import type { Opened } from '../state/opened.ts';
import { WORDS } from '../words/words.ts';
import type { Row } from '../worker/protocol.ts';
import { Icon, type IconName } from './icons.tsx';
import { ProofWindow } from './proof-window.tsx';
import { VirtualList } from './virtual-list.tsx';

const ROW_HEIGHT = 76;
const NARROW_ROW_HEIGHT = 104;
const ALL = 'all';

export function StatementList({ opened }: { readonly opened: Opened }) {
  const { rows, judgement } = opened;
  const shownKind = useSignal(ALL);
  const open = useSignal<Row | undefined>(undefined);
  if (rows.length === 0) return null;
  const kinds = [...new Set(rows.map(({ kind }) => kind))];
  const kind = kinds.includes(shownKind.value) ? shownKind.value : ALL;
  const shown = kind === ALL ? rows : rows.filter((row) => row.kind === kind);
  const witnesses = new Map(judgement.report.logs.map((log) => [log.origin, log.witnesses.length]));
  return (
    <section aria-labelledby="rests">
      <h2 id="rests">{WORDS.answer.rests}</h2>
      <p class="dim">{WORDS.answer.restsLead}</p>
      <fieldset class="chips">
        <legend class="sr">{WORDS.answer.filter}</legend>
        {[ALL, ...kinds].map((name) => (
          <button
            key={name}
            type="button"
            class="chip"
            aria-pressed={name === kind}
            onClick={() => {
              shownKind.value = name;
            }}
          >
            {name === ALL ? WORDS.answer.all : (WORDS.kind[name] ?? name)}{' '}
            <span>{countOf(rows, name).toLocaleString('en')}</span>
          </button>
        ))}
      </fieldset>
      <VirtualList
        key={kind}
        label={WORDS.answer.rests}
        count={shown.length}
        rowHeight={isNarrow.value ? NARROW_ROW_HEIGHT : ROW_HEIGHT}
        onOpen={(index) => {
          open.value = shown[index];
        }}
        row={(index) => <Line row={shown[index]} witnesses={witnesses} />}
      />
      {open.value === undefined ? null : (
        <ProofWindow
          opened={opened}
          row={open.value}
          onClose={() => {
            open.value = undefined;
          }}
        />
      )}
    </section>
  );
}

function countOf(rows: readonly Row[], kind: string): number {
  return kind === ALL ? rows.length : rows.filter((row) => row.kind === kind).length;
}

interface LineProps {
  readonly row: Row | undefined;
  readonly witnesses: ReadonlyMap<string, number>;
}

function Line({ row, witnesses }: LineProps) {
  if (row === undefined) return null;
  const { kind, region, jurisdiction, issuedAt, origin } = row;
  return (
    <>
      <Icon name={kind as IconName} />
      <span class="line">
        <span class="line-say">{sayRow(row)}</span>
        <span class="line-meta">
          {WORDS.kind[kind] ?? kind} · {region}
          <span class="wide-only"> ({jurisdiction})</span> · {formatMinute(issuedAt)}
          <span class="wide-only"> · {WORDS.answer.seenBy(witnesses.get(origin) ?? 0)}</span>
        </span>
      </span>
      <span class="line-open" aria-hidden="true">
        ›
      </span>
    </>
  );
}
