/** A list of any length of which only the rows on the screen exist; arrow keys move through it. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { rowAfterKey, windowOf } from './window-of.ts';

interface VirtualListProps {
  readonly label: string;
  readonly count: number;
  readonly rowHeight: number;
  readonly row: (index: number) => ComponentChildren;
  readonly onOpen: (index: number) => void;
}

const MOST_HEIGHT = 520;

export function VirtualList({ label, count, rowHeight, row, onOpen }: VirtualListProps) {
  const box = useRef<HTMLDivElement>(null);
  const drawn = useRef<HTMLUListElement>(null);
  const isMoved = useRef(false);
  const top = useSignal(0);
  const active = useSignal(0);
  const height = Math.min(MOST_HEIGHT, count * rowHeight);
  const [first, end] = windowOf({ top: top.value, height, rowHeight, count });
  // One row at a time can be reached by Tab; it is always one that exists.
  const current = Math.max(first, Math.min(active.value, end - 1));
  useLayoutEffect(() => {
    const list = drawn.current;
    if (box.current === null || list === null) return;
    // By script: the page's policy allows no style attributes.
    box.current.style.height = `${height}px`;
    // The room of rows that are not drawn lies inside what is scrolled: around it, it would stretch the box.
    list.style.paddingTop = `${first * rowHeight}px`;
    list.style.paddingBottom = `${(count - end) * rowHeight}px`;
    if (!isMoved.current) return;
    isMoved.current = false;
    list.querySelector<HTMLButtonElement>(`[data-row="${current}"]`)?.focus();
  });
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = rowAfterKey(event.key, current, count);
    if (next === undefined || box.current === null) return;
    event.preventDefault();
    const { scrollTop } = box.current;
    top.value = Math.max(Math.min(scrollTop, next * rowHeight), (next + 1) * rowHeight - height);
    box.current.scrollTop = top.value;
    isMoved.current = true;
    active.value = next;
  };
  return (
    <div
      class="rows"
      ref={box}
      onScroll={(event) => {
        top.value = event.currentTarget.scrollTop;
      }}
    >
      <ul ref={drawn} aria-label={label} onKeyDown={onKeyDown}>
        {Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i).map((index) => (
          <li key={index} aria-setsize={count} aria-posinset={index + 1}>
            <button
              type="button"
              class="row"
              data-row={index}
              tabIndex={index === current ? 0 : -1}
              onClick={() => {
                active.value = index;
                onOpen(index);
              }}
            >
              {row(index)}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
