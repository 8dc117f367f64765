/** A rig whose log has a size and listens, with a generator of its own. */
import { Generator } from './generator-process.ts';
import { waitForScrub } from './growth.ts';
import { loadLog } from './loading.ts';
import { startRig, startServing } from './rig.ts';
import type { Bench } from './submission.ts';

export interface OpenBench extends Bench {
  /** Hashes of some of the log's entries. */
  readonly hashes: readonly string[];
  /** Entries a second while the log was loaded; undefined where it had its size already. */
  readonly loadRate: number | undefined;
  /** Until it served a receipt. */
  readonly startMs: number;
  close(): Promise<void>;
}

/** Of the log in the folder, brought to the size if it is smaller. */
export async function openBench(
  folder: string,
  size: number,
  tell: (line: string) => void,
): Promise<OpenBench> {
  const rig = await startRig(folder);
  try {
    tell(`a log of ${size} entries`);
    const { hashes, rate, size: loaded } = await loadLog(rig, size, tell);
    const startMs = await startServing(rig, hashes);
    await waitForScrub(rig.url);
    // Numbered by their places, as those that were loaded.
    const generator = new Generator(rig.source, loaded);
    const close = async (): Promise<void> => {
      await generator.close();
      await rig.stopAll();
    };
    return { rig, generator, hashes, loadRate: rate, startMs, close };
  } catch (error) {
    await rig.stopAll();
    throw error;
  }
}
