import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface ScrollerProps {
  readonly label: string;
  readonly children: ComponentChildren;
  readonly class: string;
}

/** A box that scrolls where its content is larger; only then it can be reached by keyboard, and has a name. */
export function Scroller({ label, children, class: name }: ScrollerProps) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = ref.current;
    if (box === null) return;
    const look = (): void => {
      const isLarger = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
      for (const [attribute, value] of [
        ['tabindex', '0'],
        ['role', 'region'],
        ['aria-label', label],
      ] as const) {
        if (isLarger) box.setAttribute(attribute, value);
        else box.removeAttribute(attribute);
      }
    };
    const observer = new ResizeObserver(look);
    observer.observe(box);
    for (const child of box.children) observer.observe(child);
    return () => observer.disconnect();
  });
  return (
    <div class={name} ref={ref}>
      {children}
    </div>
  );
}
