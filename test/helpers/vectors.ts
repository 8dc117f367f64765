/** The public test vectors of other projects, outside this repository. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

let told = false;

/**
 * The file or folder below the folder that ATTESTRY_VECTORS names; undefined, with one printed reason, where it is not
 * set. For `describe.skipIf(place === undefined)`, whose body runs all the same: read files within the tests only.
 */
export function sharedVectors(path: string): string | undefined {
  const folder = process.env['ATTESTRY_VECTORS'];
  if (folder === undefined || folder === '') {
    if (!told) console.warn('Skipped: set ATTESTRY_VECTORS to the folder of the public vectors.');
    told = true;
    return undefined;
  }
  const place = join(folder, path);
  if (!existsSync(place)) throw new Error(`ATTESTRY_VECTORS is set, but ${place} is not there.`);
  return place;
}

export function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}

/** Every JSON file below the folder, with its path relative to it. */
export function readJsonFolder<T>(
  folder: string,
): { readonly name: string; readonly content: T }[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => ({ name, content: readJson<T>(join(folder, name)) }));
}
