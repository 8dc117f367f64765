/** Whoever runs several parties counts once. */

/** The organisations that run these parties. */
export function organisationsOf(
  parties: readonly { readonly operator: string }[],
): ReadonlySet<string> {
  return new Set(parties.map(({ operator }) => operator));
}
