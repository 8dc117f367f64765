/** What this browser keeps for the page: the pin, one's own trust root, the choice of colours. Nothing else. */

type Name = 'pin' | 'root' | 'theme';

/** Undefined also where a browser keeps nothing, as some do on a disk. */
export function readKept(name: Name): string | undefined {
  try {
    return localStorage.getItem(`attestry.${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

export function keep(name: Name, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(`attestry.${name}`);
    else localStorage.setItem(`attestry.${name}`, value);
  } catch {
    // It counts until the page is closed.
  }
}
