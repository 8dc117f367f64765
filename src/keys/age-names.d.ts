// Names from the browser that the declarations of age-encryption use and that those of Node 20 lack. Nothing here is
// ever made: passphrases are the only thing that Attestry opens age files with.
interface CryptoKey {
  readonly type: string;
}
interface AuthenticationExtensionsPRFValues {
  readonly first: unknown;
}
