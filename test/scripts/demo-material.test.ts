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
import { formatResponse, type ResponseShape } from '../../scripts/demo/material/responses.ts';
import { SENTENCES } from '../../scripts/demo/material/sentences.ts';
import { copyModel, flipBit } from '../../scripts/demo/material/tamper.ts';
import { type TrainedClassifier, trainClassifier } from '../../scripts/demo/material/train.ts';
import { findVisionModels } from '../../scripts/demo/material/vision-models.ts';
import { requestTimes } from '../../scripts/demo/material/workload.ts';
import { lastFullMonth } from '../../scripts/demo/month.ts';
import { normaliseUsage } from '../../src/core/metering/normalise.ts';

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
  const times = Array.from({ length: 300 }, (_, i) => 1_790_000_000 + i);
  const customers = ['one', 'two', 'three'];
  const serve = (seed: number): RequestUsage[] =>
    serveRequests({ model, sentences: SENTENCES, seed, times, customers });

  it('counts every request, the same for the same seed', () => {
    const usages = serve(1);
    expect(usages.map(({ startedAt }) => startedAt)).toEqual(times);
    expect(serve(1)).toEqual(usages);
    expect(serve(2)).not.toEqual(usages);
    expect(new Set([...usages, ...serve(2)].map(({ requestId }) => requestId)).size).toBe(600);
    expect(usages.slice(0, 4).map(({ customer }) => customer)).toEqual([...customers, 'one']);
  });

  it('counts the tokens of a repeated prompt as cached, all or none', () => {
    const usages = serve(1);
    const cached = usages.filter(({ cachedTokens }) => cachedTokens > 0);
    expect(cached.length).toBeGreaterThan(0);
    expect(cached.length).toBeLessThan(usages.length);
    for (const usage of usages) expect([0, usage.inputTokens]).toContain(usage.cachedTokens);
    const sentences = SENTENCES.slice(0, 1);
    const repeated = serveRequests({ model, sentences, seed: 1, times: [0, 0, 0], customers });
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

describe('formatResponse', () => {
  const served: fc.Arbitrary<RequestUsage> = fc
    .record({ inputTokens: fc.nat(1000), isCached: fc.boolean(), outputTokens: fc.nat(10) })
    .map(({ isCached, ...counts }) => ({
      ...counts,
      requestId: 'request-1-1',
      customer: 'nobody-in-particular',
      startedAt: 1_790_000_000,
      cachedTokens: isCached ? counts.inputTokens : 0,
      language: 'en',
    }));
  const shape = fc.constantFrom<ResponseShape>('openai-chat', 'anthropic', 'vllm', 'otel');

  it('says the same in every shape: what a meter reads from it is what was counted', () => {
    fc.assert(
      fc.property(shape, served, (name, usage) => {
        expect(normaliseUsage(name, formatResponse(name, usage))).toEqual({
          inputUncachedTokens: BigInt(usage.inputTokens - usage.cachedTokens),
          inputCachedTokens: BigInt(usage.cachedTokens),
          inputCacheWriteTokens: 0n,
          outputVisibleTokens: BigInt(usage.outputTokens),
          outputReasoningTokens: 0n,
        });
        expect(JSON.stringify(formatResponse(name, usage))).not.toContain(usage.customer);
      }),
    );
  });
});

describe('lastFullMonth', () => {
  const at = (time: string): ReturnType<typeof lastFullMonth> =>
    lastFullMonth(Date.parse(time) / 1000);
  const seconds = (time: string): number => Date.parse(time) / 1000;

  it.each([
    ['2026-11-26T16:00:00Z', 'October 2026', '2026-10-01T00:00:00Z', '2026-11-01T00:00:00Z'],
    ['2026-11-01T00:00:00Z', 'October 2026', '2026-10-01T00:00:00Z', '2026-11-01T00:00:00Z'],
    ['2026-10-31T23:59:59Z', 'September 2026', '2026-09-01T00:00:00Z', '2026-10-01T00:00:00Z'],
    ['2027-01-15T12:00:00Z', 'December 2026', '2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['2028-03-31T12:00:00Z', 'February 2028', '2028-02-01T00:00:00Z', '2028-03-01T00:00:00Z'],
  ])('is, at %s, %s', (now, name, from, to) => {
    expect(at(now)).toEqual({ name, from: seconds(from), to: seconds(to) });
  });
});

describe('requestTimes', () => {
  it('gives so many busy hours, all within the stretch, in order', () => {
    const busy = fc.record({
      from: fc.integer({ min: 400_000, max: 500_000 }).map((hour) => hour * 3600),
      hours: fc.integer({ min: 1, max: 744 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      requestsPerHour: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(busy, ({ from, hours, share, requestsPerHour }) => {
        const to = from + hours * 3600;
        const busyHours = Math.max(1, Math.floor(hours * share));
        const times = requestTimes({ from, to, busyHours, requestsPerHour });
        expect(times).toHaveLength(busyHours * requestsPerHour);
        expect(new Set(times.map((time) => Math.floor(time / 3600))).size).toBe(busyHours);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        expect(times[0]).toBe(from);
        expect(times.at(-1)).toBeLessThan(to);
      }),
    );
  });

  it('refuses more busy hours than there are, and hours that are not full', () => {
    const work = { from: 0, to: 7200, busyHours: 2, requestsPerHour: 1 };
    expect(() => requestTimes({ ...work, busyHours: 3 })).toThrow(RangeError);
    expect(() => requestTimes({ ...work, to: 7201 })).toThrow(RangeError);
    expect(() => requestTimes({ ...work, requestsPerHour: 3601 })).toThrow(RangeError);
  });
});
