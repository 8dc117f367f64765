/** What is around every view: the name, the way between views, the trust root, the colours. */
import type { ComponentChildren } from 'preact';
import { hrefOf, route, type View } from '../state/route.ts';
import { setTheme, THEMES, theme } from '../state/theme.ts';
import { WORDS } from '../words/words.ts';
import { TrustBar } from './trust-bar.tsx';

const TABS: readonly (readonly [View, readonly View[]])[] = [
  ['ask', ['ask', 'model', 'report']],
  ['usage', ['usage']],
  ['network', ['network']],
  ['findings', ['findings']],
  ['verify', ['verify']],
];

export function Frame({ children }: { readonly children: ComponentChildren }) {
  const { view } = route.value;
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        {WORDS.skip}
      </button>
      <header class="top no-print">
        <div class="top-in">
          <a class="brand" href={hrefOf('ask')}>
            <img src="./icon.svg" alt="" width="28" height="28" /> {WORDS.brand}
          </a>
          <nav aria-label={WORDS.nav.label}>
            {TABS.map(([name, views]) => (
              <a
                key={name}
                href={hrefOf(name)}
                aria-current={views.includes(view) ? 'page' : undefined}
              >
                {WORDS.nav[name as keyof typeof WORDS.nav]}
              </a>
            ))}
          </nav>
          <label class="theme">
            <span class="sr">{WORDS.theme.label}</span>
            <select
              value={theme.value}
              onChange={({ currentTarget }) =>
                setTheme(THEMES.find((known) => known === currentTarget.value) ?? 'system')
              }
            >
              {THEMES.map((name) => (
                <option key={name} value={name}>
                  {WORDS.theme[name]}
                </option>
              ))}
            </select>
          </label>
        </div>
        <TrustBar />
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}
