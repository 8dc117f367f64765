import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { evaluateLanguageModel } from '../../scripts/demo/material/evaluation.ts';
import { type IrisSplit, readIris, splitIris } from '../../scripts/demo/material/iris.ts';
import {
  type LanguageModel,
  loadLanguageModel,
} from '../../scripts/demo/material/language-model.ts';
import {
  writeClassifierFolder,
  writeVisionFolder,
} from '../../scripts/demo/material/model-folder.ts';
import {
  countTokens,
  type RequestUsage,
  serveRequests,
} from '../../scripts/demo/material/requests.ts';
import { SENTENCES } from '../../scripts/demo/material/sentences.ts';
import { copyModel, flipBit } from '../../scripts/demo/material/tamper.ts';
import { type TrainedClassifier, trainClassifier } from '../../scripts/demo/material/train.ts';
import { closeWindows, type UsageWindow } from '../../scripts/demo/material/usage-windows.ts';
import { findVisionModels } from '../../scripts/demo/material/vision-models.ts';

let folder: string;
let model: LanguageModel;
let trained: TrainedClassifier;
const rows: IrisSplit = splitIris(readIris());

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attestry-material-'));
  model = await loadLanguageModel();
  trained = await trainClassifier({ rows });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('loadLanguageModel', () => {
  it('names the model file that it runs', async () => {
    const bytes = await readFile(model.path);
    expect(bytes.length).toBe(model.sizeBytes);
    // fastText's magic number, little-endian 793712314.
    expect(bytes.readUInt32LE()).toBe(793_712_314);
  });

  it('writes nothing to the terminal', async () => {
    const outlets = [
      vi.spyOn(console, 'log'),
      vi.spyOn(console, 'error'),
      vi.spyOn(process.stdout, 'write'),
      vi.spyOn(process.stderr, 'write'),
    ];
    try {
      (await loadLanguageModel()).identify('Nothing of this is heard.');
      for (const outlet of outlets) expect(outlet).not.toHaveBeenCalled();
    } finally {
      for (const outlet of outlets) outlet.mockRestore();
    }
  });

  it('reads past a line break', () => {
    const sentence = 'Der alte Leuchtturm wird von zwei Schwestern betrieben.';
    expect(model.identify(`\n${sentence}`)).toEqual(model.identify(sentence));
  });

  it('rejects a file that is no model', async () => {
    const path = join(folder, 'no-model.ftz');
    await copyModel(fileURLToPath(import.meta.url), path);
    await expect(loadLanguageModel(path)).rejects.toThrow(/Expected a fastText model/);
  });
});

describe('evaluateLanguageModel', () => {
  it('finds the language of at least 80 % of the sentences', () => {
    const evaluation = evaluateLanguageModel(model, SENTENCES);
    expect(evaluation.sampleSize).toBe(SENTENCES.length);
    expect(evaluation.accuracyPerMillion).toBeGreaterThanOrEqual(800_000);
    expect(evaluation.sentences.size).toBe(SENTENCES.length);
  });
});

describe('SENTENCES', () => {
  it('holds at least 60 different sentences in at least 15 languages', () => {
    expect(new Set(SENTENCES.map(({ text }) => text)).size).toBe(SENTENCES.length);
    expect(SENTENCES.length).toBeGreaterThanOrEqual(60);
    expect(new Set(SENTENCES.map(({ language }) => language)).size).toBeGreaterThanOrEqual(15);
  });
});

describe('findVisionModels', () => {
  it('finds three different TFLite files', async () => {
    const models = Object.values(await findVisionModels());
    const files = await Promise.all(models.map(({ path }) => readFile(path)));
    for (const [i, file] of files.entries()) {
      expect(file.toString('latin1', 4, 8)).toBe('TFL3');
      expect(file.length).toBe(models[i]?.sizeBytes);
    }
    expect(new Set(files.map(sha256)).size).toBe(3);
  });
});

describe('flipBit', () => {
  it('changes exactly one bit', async () => {
    const from = join(folder, 'original.bin');
    const to = join(folder, 'flipped.bin');
    await copyModel(model.path, from);
    const original = await readFile(from);
    expect(original.equals(await readFile(model.path))).toBe(true);
    for (const bit of [undefined, 0, 13, original.length * 8 - 1]) {
      const flipped = await flipBit({ from, to, ...(bit === undefined ? {} : { bit }) });
      const changed = await readFile(to);
      expect(changed.length).toBe(original.length);
      changed[flipped >> 3] = (changed[flipped >> 3] ?? 0) ^ (128 >> (flipped & 7));
      expect(changed.equals(original)).toBe(true);
    }
  });

  it('refuses a bit that the file does not have, and the original as target', async () => {
    const from = join(folder, 'original.bin');
    const bit = (await stat(from)).size * 8;
    await expect(flipBit({ from, to: join(folder, 'x'), bit })).rejects.toThrow(RangeError);
    await expect(flipBit({ from, to: from })).rejects.toThrow(RangeError);
    await expect(copyModel(from, from)).rejects.toThrow(RangeError);
  });
});

describe('writeClassifierFolder', () => {
  it('writes the same three files for the same training', async () => {
    const [one, two] = [join(folder, 'classifier-1'), join(folder, 'classifier-2')];
    await writeClassifierFolder(one, trained);
    await writeClassifierFolder(two, await trainClassifier({ rows }));
    const names = (await readdir(one)).sort();
    expect(names).toEqual(['README.md', 'labels.json', 'weights.attq16']);
    for (const name of names) {
      expect(await readFile(join(one, name))).toEqual(await readFile(join(two, name)));
    }
    expect(new Uint8Array(await readFile(join(one, 'weights.attq16')))).toEqual(trained.weights);
  });
});

describe('writeVisionFolder', () => {
  it('copies the three models', async () => {
    const models = await findVisionModels();
    const path = join(folder, 'vision');
    await writeVisionFolder(path, models);
    for (const { fileName, path: original } of Object.values(models)) {
      expect((await readFile(join(path, fileName))).equals(await readFile(original))).toBe(true);
    }
    expect(await readdir(path)).toHaveLength(3);
  });
});

describe('serveRequests', () => {
  const serve = (seed: number): RequestUsage[] => {
    let time = 1_790_000_000;
    return serveRequests({ model, sentences: SENTENCES, count: 300, seed, now: () => time++ });
  };

  it('meters every request, the same for the same seed', () => {
    const usages = serve(1);
    expect(usages).toHaveLength(300);
    expect(serve(1)).toEqual(usages);
    expect(serve(2)).not.toEqual(usages);
    expect(new Set([...usages, ...serve(2)].map(({ requestId }) => requestId)).size).toBe(600);
    expect(usages[299]?.startedAt).toBe(1_790_000_299);
  });

  it('counts the tokens of a repeated prompt as cached, all or none', () => {
    const usages = serve(1);
    const cached = usages.filter(({ cachedTokens }) => cachedTokens > 0);
    expect(cached.length).toBeGreaterThan(0);
    expect(cached.length).toBeLessThan(usages.length);
    for (const usage of usages) expect([0, usage.inputTokens]).toContain(usage.cachedTokens);
    const once = SENTENCES.slice(0, 1);
    const repeated = serveRequests({ model, sentences: once, count: 3, seed: 1, now: () => 0 });
    expect(repeated.map(({ cachedTokens }) => cachedTokens > 0)).toEqual([false, true, true]);
  });

  it('answers with the labels of the model', () => {
    const labels = new Set(SENTENCES.map(({ text }) => model.identify(text).language));
    for (const { language } of serve(3)) expect(labels).toContain(language);
  });
});

describe('countTokens', () => {
  it('counts words, not spaces or punctuation', () => {
    expect(countTokens('')).toBe(0);
    expect(countTokens(' ... !? ')).toBe(0);
    expect(countTokens("The ferry left at 7, didn't it?")).toBe(7);
    for (const { text } of SENTENCES) expect(countTokens(text)).toBeGreaterThan(2);
  });
});

describe('closeWindows', () => {
  const usage: fc.Arbitrary<RequestUsage> = fc
    .record({
      startedAt: fc.integer({ min: 1_790_000_000, max: 1_790_000_000 + 5 * 3600 }),
      inputTokens: fc.nat(1000),
      isCached: fc.boolean(),
      outputTokens: fc.nat(10),
    })
    .map(({ isCached, ...rest }) => ({
      ...rest,
      requestId: 'request',
      cachedTokens: isCached ? rest.inputTokens : 0,
      language: 'en',
    }));
  const windowSeconds = fc.constantFrom(60, 900, 1800, 3600);
  const hourOf = (time: number): number => Math.floor(time / 3600);
  const sum = (windows: UsageWindow[], count: (window: UsageWindow) => bigint): bigint =>
    windows.reduce((total, window) => total + count(window), 0n);

  it('gives ordered windows that never overlap or cross an hour', () => {
    fc.assert(
      fc.property(fc.array(usage), windowSeconds, (usages, seconds) => {
        const windows = closeWindows(usages, { windowSeconds: seconds });
        windows.forEach((window, i) => {
          expect(window.end).toBeGreaterThan(window.start);
          expect(window.start).toBeGreaterThanOrEqual(windows[i - 1]?.end ?? 0);
          expect(hourOf(window.end - 1)).toBe(hourOf(window.start));
        });
      }),
    );
  });

  it('keeps every sum', () => {
    fc.assert(
      fc.property(fc.array(usage), windowSeconds, (usages, seconds) => {
        const windows = closeWindows(usages, { windowSeconds: seconds });
        const metered = (count: (one: RequestUsage) => number): bigint =>
          usages.reduce((total, one) => total + BigInt(count(one)), 0n);
        expect(sum(windows, ({ requests }) => requests)).toBe(BigInt(usages.length));
        expect(sum(windows, (w) => w.inputUncachedTokens + w.inputCachedTokens)).toBe(
          metered(({ inputTokens }) => inputTokens),
        );
        expect(sum(windows, (w) => w.inputCachedTokens)).toBe(
          metered(({ cachedTokens }) => cachedTokens),
        );
        expect(sum(windows, (w) => w.outputVisibleTokens)).toBe(
          metered(({ outputTokens }) => outputTokens),
        );
      }),
    );
  });

  it('puts every request into the window of its time', () => {
    fc.assert(
      fc.property(fc.array(usage), windowSeconds, (usages, seconds) => {
        for (const { start, end, requests } of closeWindows(usages, { windowSeconds: seconds })) {
          const inside = usages.filter(({ startedAt }) => startedAt >= start && startedAt < end);
          expect(requests).toBe(BigInt(inside.length));
        }
      }),
    );
  });

  it('clips the first and the last window to the times given', () => {
    const at = (startedAt: number): RequestUsage => ({
      requestId: 'request',
      startedAt,
      inputTokens: 5,
      cachedTokens: 0,
      outputTokens: 1,
      language: 'en',
    });
    const hour = 1_790_002_800;
    const windows = closeWindows([at(hour - 60), at(hour + 30)], {
      from: hour - 90,
      to: hour + 45,
    });
    expect(windows.map(({ start, end }) => [start, end])).toEqual([
      [hour - 90, hour],
      [hour, hour + 45],
    ]);
    expect(() => closeWindows([at(hour)], { from: hour + 1 })).toThrow(RangeError);
    expect(() => closeWindows([at(hour)], { to: hour })).toThrow(RangeError);
    expect(() => closeWindows([at(hour)], { windowSeconds: 7 })).toThrow(RangeError);
  });
});
