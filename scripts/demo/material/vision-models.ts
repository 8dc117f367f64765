/** Three real TFLite face-detection models: one to speak of, and two near relatives that must not pass for it. */
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import type { Source } from './source.ts';

export const VISION_MODELS_SOURCE: Source = {
  package: '@mediapipe/face_detection',
  license: 'Apache-2.0',
  origin:
    'MediaPipe Solutions by Google, https://google.github.io/mediapipe/solutions/face_detection',
};

interface VisionModel {
  readonly name: string;
  readonly fileName: string;
  readonly path: string;
  readonly sizeBytes: number;
}

export interface VisionModels {
  /** The model that the demo's statements are about. */
  readonly fullRange: VisionModel;
  /** The same network with most weights pruned to zero: another file, so another model. */
  readonly fullRangeSparse: VisionModel;
  /** A smaller network for faces near the camera. */
  readonly shortRange: VisionModel;
}

/** The three models as they lie in the installed package. */
export async function findVisionModels(): Promise<VisionModels> {
  const require = createRequire(import.meta.url);
  const [fullRange, fullRangeSparse, shortRange] = await Promise.all([
    describe(
      'face-detection-full-range',
      require.resolve('@mediapipe/face_detection/face_detection_full_range.tflite'),
    ),
    describe(
      'face-detection-full-range-sparse',
      require.resolve('@mediapipe/face_detection/face_detection_full_range_sparse.tflite'),
    ),
    describe(
      'face-detection-short-range',
      require.resolve('@mediapipe/face_detection/face_detection_short_range.tflite'),
    ),
  ]);
  return { fullRange, fullRangeSparse, shortRange };
}

async function describe(name: string, path: string): Promise<VisionModel> {
  const { size } = await stat(path);
  return { name, fileName: basename(path), path, sizeBytes: size };
}
