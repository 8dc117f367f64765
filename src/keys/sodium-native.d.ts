// The one function of sodium-native that is called; the package has no declarations of its own.
declare module 'sodium-native' {
  /** Whether the signature of 64 bytes fits. The arguments' bytes are only read. */
  export function crypto_sign_verify_detached(
    signature: Uint8Array,
    message: Uint8Array,
    publicKey: Uint8Array,
  ): boolean;
}
