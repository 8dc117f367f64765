/** What every part of the story shares: the folder, the voice, the processes. */
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Narrator } from './narrator.ts';
import { Crew } from './process.ts';

export interface Stage {
  readonly narrator: Narrator;
  readonly crew: Crew;
  /** Holds everything that the demo writes. */
  readonly folder: string;
  /** Models, as an auditor has them on disk. */
  readonly models: string;
  /** Stops every process; removes the folder if it is a temporary one and not to be kept. */
  close(options: { readonly keep: boolean }): Promise<void>;
}

export interface StageOptions {
  readonly narrator: Narrator;
  /** Kept at the end; must be empty or not there. Default: a temporary folder. */
  readonly data?: string;
}

export async function openStage({ narrator, data }: StageOptions): Promise<Stage> {
  const folder =
    data === undefined ? await mkdtemp(join(tmpdir(), 'attestry-demo-')) : await makeEmpty(data);
  const models = join(folder, 'models');
  await mkdir(models);
  const crew = new Crew((name, code) =>
    narrator.say(`LOST: ${name} ended by itself, with code ${code}. Look into ${folder}.`),
  );
  return {
    narrator,
    crew,
    folder,
    models,
    async close({ keep }) {
      await crew.close();
      // At once: a part of the story that was interrupted must not write into it meanwhile.
      if (data === undefined && !keep) rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function makeEmpty(folder: string): Promise<string> {
  const path = resolve(folder);
  await mkdir(path, { recursive: true });
  if ((await readdir(path)).length > 0) {
    throw new Error(`Expected ${path} to be empty, so that nothing in it is lost.`);
  }
  return path;
}
