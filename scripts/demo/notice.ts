/** Credit for the models of other people, to lie beside every copy of them. */
import { LANGUAGE_MODEL_SOURCE } from './material/language-model.ts';
import type { Source } from './material/source.ts';
import { VISION_MODELS_SOURCE } from './material/vision-models.ts';

export const NOTICE_FILE_NAME = 'NOTICE.txt';

export const NOTICE: string = [
  'lid.176.ftz, unchanged:',
  ...credit(LANGUAGE_MODEL_SOURCE, 'https://creativecommons.org/licenses/by-sa/3.0/'),
  '',
  'face_detection_full_range.tflite, face_detection_full_range_sparse.tflite and',
  'face_detection_short_range.tflite, unchanged:',
  ...credit(VISION_MODELS_SOURCE, 'https://www.apache.org/licenses/LICENSE-2.0'),
  '',
  'face_detection_full_range.flipped.tflite: the first of these, changed by the Attestry demo: one bit is flipped.',
  '',
].join('\n');

function credit({ origin, license, package: name }: Source, licenseUrl: string): readonly string[] {
  return [
    `  ${origin}`,
    `  Licence: ${license}, ${licenseUrl}`,
    `  Taken from the npm package ${name}.`,
  ];
}
