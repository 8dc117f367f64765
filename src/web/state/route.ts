/** Where in the page one is: kept in the address behind `#`, so that it works from any host and from a disk. */
import { signal } from '@preact/signals';

export const VIEWS = ['ask', 'model', 'usage', 'network', 'findings', 'verify', 'report'] as const;
export type View = (typeof VIEWS)[number];

export interface Route {
  readonly view: View;
  /** What comes behind the view: the digest of a model. */
  readonly subject: string;
}

const PIN = 'trust=';

/** The place that an address names; the start for one that names none. */
export function parseRoute(hash: string): Route {
  const [, view = '', subject = ''] = /^#\/([a-z]+)(?:\/([0-9a-f]{64}))?$/.exec(hash) ?? [];
  const known = VIEWS.find((candidate) => candidate === view);
  return known === undefined ? { view: 'ask', subject: '' } : { view: known, subject };
}

export function hrefOf(view: View, subject = ''): string {
  return subject === '' ? `#/${view}` : `#/${view}/${subject}`;
}

/** The digest of a trust root that a link pins, `#trust=<digest>`. */
export function parsePin(hash: string): string | undefined {
  const digest = hash.startsWith(`#${PIN}`) ? hash.slice(PIN.length + 1) : '';
  return /^[0-9a-f]{64}$/.test(digest) ? digest : undefined;
}

export function pinLink(digest: string): string {
  return `${location.href.split('#')[0]}#${PIN}${digest}`;
}

export const route = signal<Route>({ view: 'ask', subject: '' });

export function go(view: View, subject = ''): void {
  location.hash = hrefOf(view, subject);
}

/** Follows the address from now on. */
export function followAddress(onPin: (digest: string) => void): void {
  const read = (): void => {
    const pin = parsePin(location.hash);
    if (pin !== undefined) {
      onPin(pin);
      history.replaceState(null, '', hrefOf('ask'));
    }
    route.value = parseRoute(location.hash);
  };
  addEventListener('hashchange', read);
  read();
}
