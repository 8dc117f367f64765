/** Small pictures that stand beside words, never instead of them. */

const PATHS = {
  good: 'M5 12.5l4.5 4.5L19 7.5',
  bad: 'M6.5 6.5l11 11M17.5 6.5l-11 11',
  open: 'M9 9.2a3 3 0 1 1 4.3 2.7c-.9.5-1.3 1-1.3 2.1M12 17.4v.1',
  training: 'M4 17l5-6 4 3 7-9M14 5h6v6',
  evaluation: 'M9 5h6M10 5v5L5 19h14l-5-9V5',
  deployment: 'M12 3v12M7 8l5-5 5 5M5 15v5h14v-5',
  usage: 'M5 20V12M10 20V6M15 20v-9M20 20V4',
  revocation: 'M6.5 6.5l11 11M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18',
  key: 'M14.5 9.5a4 4 0 1 1-3 3.9M11.5 12.5L4 20M7 17l2 2',
  file: 'M7 3h7l4 4v14H7zM14 3v4h4',
  node: 'M4 6h16v5H4zM4 13h16v5H4zM7.5 8.5v.01M7.5 15.5v.01',
  down: 'M12 4v11M7 10l5 5 5-5M5 20h14',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: string }) {
  const path = PATHS[name as IconName] ?? PATHS.file;
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
