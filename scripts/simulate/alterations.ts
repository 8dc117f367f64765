/** What a dishonest verifier, or anyone on the way, can do to a dossier. */
import { type Dossier, formatDossier, parseDossier } from '../../src/core/dossier/dossier.ts';
import type { SeededRandom } from '../kill-cycles/random.ts';
import { flipped } from './damage.ts';

export type Alteration = (bytes: Uint8Array, random: SeededRandom) => Uint8Array;

type Shown = Extract<Dossier['logs'][number], { entries: unknown }>;
type Entries = Shown['entries'];

export const ALTERATIONS: readonly Alteration[] = [
  flipped,
  // Leaves the newest entry out.
  onEntries((entries) => entries.slice(0, -1)),
  // Shows one entry in the place of another.
  onEntries((entries) =>
    entries.map((entry, i) => ({ ...entry, envelope: (entries[i - 1] ?? entry).envelope })),
  ),
  // One hash more than the proof needs.
  onEntries((entries) =>
    entries.map((entry) => ({ ...entry, proof: [...entry.proof, new Uint8Array(32)] })),
  ),
];

function onEntries(change: (entries: Entries) => Entries): Alteration {
  return (bytes) => {
    const dossier = parseDossier(bytes);
    const logs = dossier.logs.map((log) =>
      'entries' in log ? { ...log, entries: change(log.entries) } : log,
    );
    return formatDossier({ ...dossier, logs });
  };
}
