import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from './icons.tsx';

interface DropZoneProps {
  readonly title: string;
  readonly onDrop: (transfer: DataTransfer) => void;
  readonly children: ComponentChildren;
}

/** A place to drop files on. Dropping is a second way; the buttons inside are the first. */
export function DropZone({ title, onDrop, children }: DropZoneProps) {
  const box = useRef<HTMLDivElement>(null);
  const drop = useRef(onDrop);
  drop.current = onDrop;
  useEffect(() => {
    const zone = box.current;
    if (zone === null) return;
    for (const name of ['dragenter', 'dragover'] as const) {
      zone.addEventListener(name, (event) => {
        event.preventDefault();
        zone.classList.add('over');
      });
    }
    zone.addEventListener('dragleave', () => zone.classList.remove('over'));
    zone.addEventListener('drop', (event) => {
      event.preventDefault();
      zone.classList.remove('over');
      if (event.dataTransfer !== null) drop.current(event.dataTransfer);
    });
  }, []);
  return (
    <div class="drop" ref={box}>
      <Icon name="down" />
      <p class="drop-title">{title}</p>
      <div class="actions">{children}</div>
    </div>
  );
}

interface FileButtonProps {
  readonly label: string;
  readonly onFiles: (files: readonly File[]) => void;
  readonly multiple?: boolean;
  readonly folder?: boolean;
}

export function FileButton({ label, onFiles, multiple = false, folder = false }: FileButtonProps) {
  return (
    <label class="button">
      {label}
      <input
        type="file"
        class="sr"
        multiple={multiple}
        {...(folder ? { webkitdirectory: true } : {})}
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = '';
        }}
      />
    </label>
  );
}
