/** What people drop or choose, as a model: one file, or a folder with every file in it under its path. */
import type { PickedFile, PickedModel } from '../worker/protocol.ts';

/** Undefined where there is no file. */
export async function pickDropped(transfer: DataTransfer): Promise<PickedModel | undefined> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const [entry] = entries;
  // What a script drops has no place on a disk.
  if (entry === undefined) return pickFile(transfer.files[0]);
  if (entry.isFile) return pickFile(await fileOf(entry as FileSystemFileEntry));
  const files = await filesUnder(entry as FileSystemDirectoryEntry);
  return files.length === 0 ? undefined : { form: 'folder', name: entry.name, files };
}

export function pickFile(file: File | undefined): PickedModel | undefined {
  if (file === undefined) return undefined;
  return { form: 'file', name: file.name, files: [{ path: file.name, file }] };
}

/** From a chooser of folders: each file's path begins with the folder's own name. */
export function pickFolder(files: readonly File[]): PickedModel | undefined {
  const [name = ''] = files[0]?.webkitRelativePath.split('/') ?? [];
  if (name === '') return undefined;
  const picked = files.map((file) => ({
    path: file.webkitRelativePath.slice(name.length + 1),
    file,
  }));
  return { form: 'folder', name, files: picked };
}

async function filesUnder(folder: FileSystemDirectoryEntry, prefix = ''): Promise<PickedFile[]> {
  const files: PickedFile[] = [];
  const reader = folder.createReader();
  // A reader gives some of its members each time, and none when it is done.
  for (let some = await readSome(reader); some.length > 0; some = await readSome(reader)) {
    for (const member of some) {
      const path = `${prefix}${member.name}`;
      if (member.isFile) files.push({ path, file: await fileOf(member as FileSystemFileEntry) });
      else files.push(...(await filesUnder(member as FileSystemDirectoryEntry, `${path}/`)));
    }
  }
  return files;
}

function readSome(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
