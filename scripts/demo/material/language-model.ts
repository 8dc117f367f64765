/**
 * The language-identification model lid.176.ftz, run by fastText's own WebAssembly build inside this process.
 *
 * The package's wrapper is not used: its type files do not compile under strict settings, and only the WebAssembly
 * module itself lets us close its standard output and error. Nothing is fetched: both files are in the package.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Source } from './source.ts';

export const LANGUAGE_MODEL_SOURCE: Source = {
  package: 'fasttext.wasm.js',
  // The package's own code is MIT; the model that it carries keeps the licence of its authors.
  license: 'CC-BY-SA-3.0',
  origin:
    'lid.176.ftz by the fastText authors, https://fasttext.cc/docs/en/language-identification.html',
};

interface Identification {
  /** The model's own label: an ISO 639-1 code where there is one ("de"), else a Wikipedia code ("ceb"). */
  readonly language: string;
  /** The model's confidence, 0 to 1 (rounding can carry it a hair above 1). */
  readonly probability: number;
}

export interface LanguageModel {
  /** The short name under which statements speak of it. */
  readonly name: string;
  /** The model file on disk, whose digest names the model. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Runs the model on one sentence, in well under a millisecond. */
  identify(sentence: string): Identification;
}

/** The model, loaded from `path` (default: the file that the package ships) and ready to run. */
export async function loadLanguageModel(path: string = packagedModel()): Promise<LanguageModel> {
  const bytes = await readFile(path);
  const core = await startFastText();
  const fastText = new core.FastText();
  core.FS.writeFile(MODEL_IN_MEMORY, bytes);
  try {
    fastText.loadModel(MODEL_IN_MEMORY);
  } catch (cause) {
    // A C++ exception arrives as a bare number, the address of its object.
    throw new Error(`Expected a fastText model in ${path}.`, { cause });
  }
  core.FS.unlink(MODEL_IN_MEMORY);
  return {
    name: 'lid.176.ftz',
    path,
    sizeBytes: bytes.length,
    identify: (sentence) => identify(fastText, sentence),
  };
}

interface Predictions {
  size(): number;
  get(index: number): readonly [probability: number, label: string];
  delete(): void;
}

interface FastText {
  loadModel(path: string): void;
  predict(text: string, best: number, threshold: number): Predictions;
}

interface FastTextCore {
  readonly FS: { writeFile(path: string, bytes: Uint8Array): void; unlink(path: string): void };
  readonly FastText: new () => FastText;
}

interface FastTextModule {
  readonly default: (options: {
    print: (line: string) => void;
    printErr: (line: string) => void;
  }) => Promise<FastTextCore>;
}

const MODEL_IN_MEMORY = 'model.bin';
const LABEL_PREFIX = '__label__';

const require = createRequire(import.meta.url);

function packagedModel(): string {
  return require.resolve('fasttext.wasm.js/dist/models/language-identification/assets/lid.176.ftz');
}

async function startFastText(): Promise<FastTextCore> {
  const path = require.resolve('fasttext.wasm.js/dist/core/fastText.node.js');
  const module = (await import(pathToFileURL(path).href)) as FastTextModule;
  const silence = (): void => undefined;
  return module.default({ print: silence, printErr: silence });
}

function identify(fastText: FastText, sentence: string): Identification {
  // fastText reads one line: what follows a line break would be ignored.
  const predictions = fastText.predict(sentence.replace(/\s+/gu, ' '), 1, 0);
  try {
    if (predictions.size() === 0)
      throw new Error('Expected one label of the language model, got none.');
    const [probability, label] = predictions.get(0);
    return { language: label.slice(LABEL_PREFIX.length), probability };
  } finally {
    // The vector lives in WebAssembly memory, which no garbage collector sees.
    predictions.delete();
  }
}
