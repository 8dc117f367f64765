/** Light or dark: as the system has it, unless somebody chose. */
import { signal } from '@preact/signals';
import { keep, readKept } from './kept.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

export const theme = signal<Theme>(THEMES.find((known) => known === readKept('theme')) ?? 'system');

export function setTheme(chosen: Theme): void {
  theme.value = chosen;
  keep('theme', chosen === 'system' ? undefined : chosen);
  showTheme();
}

export function showTheme(): void {
  document.documentElement.dataset['theme'] = theme.value;
}
