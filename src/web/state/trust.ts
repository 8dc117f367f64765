/** The trust root that everything is verified with: where it came from, and whether somebody has vouched for it. */
import { computed, signal } from '@preact/signals';
import { decodeBase64, encodeBase64 } from '../../core/bytes/base64.ts';
import { server } from '../server.ts';
import type { TrustView } from '../worker/protocol.ts';
import { WorkerClient } from '../worker-client.ts';
import { keep, readKept } from './kept.ts';

export interface Trust {
  readonly bytes: Uint8Array;
  readonly view: TrustView;
  readonly source: 'server' | 'file';
}

/** `differs`: nothing is verified. */
export type Standing = 'loading' | 'none' | 'own' | 'pinned' | 'unpinned' | 'differs';

/** The worker that answers at once; long checks have workers of their own. */
export const worker: WorkerClient = new WorkerClient();

export const trust = signal<Trust | undefined>(undefined);
export const pin = signal<string | undefined>(readKept('pin'));
/** A link named another digest than the pin. */
export const linkDiffers = signal(false);
/** The server goes by another trust root than one's own file. */
export const serverDiffers = signal(false);
const isLoaded = signal(false);

export const standing = computed<Standing>(() => {
  const current = trust.value;
  if (current === undefined) return isLoaded.value ? 'none' : 'loading';
  if (current.source === 'file') return 'own';
  if (pin.value === undefined) return 'unpinned';
  return pin.value === current.view.digest ? 'pinned' : 'differs';
});

/** The trust root to verify with; undefined where there is none or it is not the one that was pinned. */
export const usable = computed<Trust | undefined>(() =>
  standing.value === 'differs' ? undefined : trust.value,
);

/** One's own file if there is one, else the server's. */
export async function loadTrust(): Promise<void> {
  const kept = readKept('root');
  try {
    if (kept !== undefined) await setTrust(decodeBase64(kept), 'file');
  } catch {
    keep('root', undefined);
  }
  try {
    const bytes = await server.trust();
    const view = await worker.run('trust', bytes);
    if (trust.value === undefined) trust.value = { bytes, view, source: 'server' };
    else serverDiffers.value = view.digest !== trust.value.view.digest;
  } catch {
    // Without a server, files can still be verified.
  }
  isLoaded.value = true;
}

/** @throws TaskRefused where it is no trust root */
export async function useOwnTrust(bytes: Uint8Array): Promise<TrustView> {
  const view = await setTrust(bytes, 'file');
  keep('root', encodeBase64(bytes));
  return view;
}

export async function forgetOwnTrust(): Promise<void> {
  keep('root', undefined);
  trust.value = undefined;
  serverDiffers.value = false;
  isLoaded.value = false;
  await loadTrust();
}

export function setPin(digest: string | undefined): void {
  pin.value = digest;
  linkDiffers.value = false;
  keep('pin', digest);
}

/** A link pins where nothing is pinned yet; it never takes the place of a pin. */
export function takePinFromLink(digest: string): void {
  if (pin.value === undefined) setPin(digest);
  else linkDiffers.value = pin.value !== digest;
}

async function setTrust(bytes: Uint8Array, source: Trust['source']): Promise<TrustView> {
  const view = await worker.run('trust', bytes);
  trust.value = { bytes, view, source };
  return view;
}
