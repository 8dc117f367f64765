/** What the stores ask of a machine's disk. A simulation brings one that loses power, fills up and flips bits. */
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { makeFolder, overwriteFile, type Patch, replaceFile } from './durable-file.ts';
import { type LevelFolder, type LevelOptions, openLevelFolder } from './level-folder.ts';

/** Errors are the system's own; the stores give them their codes. */
export interface Disk {
  /** The open database of a folder, made if it is not there. @throws STORE_LOCKED, STORE_CORRUPT, STORE_FAILED */
  openLevel(folder: string, options?: LevelOptions): Promise<LevelFolder>;
  /** Makes a folder and those above it, durably. */
  makeFolder(folder: string): Promise<void>;
  /** The names in a folder. */
  list(folder: string): Promise<readonly string[]>;
  /** ENOENT where there is no such file. */
  readFile(path: string): Uint8Array;
  /** Replaces a file in one step, durably: readers and a crash see the old bytes or the new ones. */
  replaceFile(path: string, bytes: Uint8Array): Promise<void>;
  /** Writes bytes of one sector over those of a file, durably: a crash sees the old bytes or the new ones. */
  overwriteFile(path: string, patch: Patch): Promise<void>;
}

/** The disk of this machine. */
export const SYSTEM_DISK: Disk = {
  openLevel: openLevelFolder,
  makeFolder,
  list: (folder) => readdir(folder),
  readFile: (path) => readFileSync(path),
  replaceFile,
  overwriteFile,
};

/** The same, with databases that several threads of this process open at once. */
export const SHARED_DISK: Disk = {
  ...SYSTEM_DISK,
  openLevel: (folder, options) => openLevelFolder(folder, { ...options, isShared: true }),
};
