/** Writes the project's own test vectors to test/vectors, and removes those that are no longer made. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { allVectors } from './vectors/all.ts';

const FOLDER = 'test/vectors';

const vectors = allVectors();
for (const { path, text } of vectors) {
  const file = join(FOLDER, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
const made = new Set(vectors.map(({ path }) => path));
for (const name of await readdir(FOLDER, { recursive: true })) {
  const stale = name.endsWith('.json') && !made.has(name.replaceAll(sep, '/'));
  if (stale) await rm(join(FOLDER, name));
}
console.log(`${vectors.length} vectors in ${FOLDER}.`);
