// How the signer's Node is started, by the station (main.ts) and by systemd (scripts/stage.mjs).

/** It computes next to nothing itself, the token's library does: size is what counts. */
export const signerFlags: readonly string[] = ['--optimize-for-size']
