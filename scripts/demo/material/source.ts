/** Where a piece of the demo's real input comes from, and under which licence. */
export interface Source {
  /** The npm package that carries it. */
  readonly package: string;
  /** SPDX expression of the material itself, which can differ from the package's. */
  readonly license: string;
  readonly origin: string;
}
